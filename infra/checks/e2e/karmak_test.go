package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/sqsbatch"
)

func TestKarmakDownForTheFirst3Attempts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.breakKarmak(karmaktest.Reset, "")
	goOn := s.mendAfter(3, karmaktest.Reset)
	ids := s.send(s.event("e1"))
	s.shows("exported", "retrying unreachable", "e1")
	goOn()
	s.shows("exported", "ok", "e1", s.alt)
	s.settled(ids...)
	if m := sys.history(ids[0]); m.receives < 4 || len(m.waits) < 3 {
		t.Errorf("received %d times, delayed by %v; want 3 failures before the success", m.receives, m.waits)
	}
	s.nothingSetAside()
}

func Test429OfOneAccountWhileAnotherWorks(t *testing.T) {
	t.Parallel()
	limited, other := newShop(t), newShop(t)
	limited.breakKarmak(karmaktest.RateLimited, "120")
	goOn := limited.mendAfter(1, karmaktest.RateLimited)
	ids := limited.send(limited.event("e1"), other.event("e1")) // one batch
	other.shows("exported", "ok", "e1", other.alt)
	limited.shows("exported", "retrying rate_limited", "e1")
	// Both messages may also wait for the lease of an export function that another test killed.
	var waits []time.Duration
	eventually(t, func() string { return fmt.Sprintf("delayed by %v, less than Karmak asked for", waits) }, func() bool {
		waits = sys.history(ids[0]).waits
		return slices.ContainsFunc(waits, func(wait time.Duration) bool { return wait >= 120*time.Second })
	})
	goOn()
	limited.shows("exported", "ok", "e1", limited.alt)
	limited.settled(ids...)
	for _, outcome := range sys.history(ids[1]).outcomes {
		if outcome != "ok" && outcome != "skipped" && outcome != "waiting account_busy" {
			t.Errorf("the other account's message ended as %s", outcome)
		}
	}
	limited.nothingSetAside()
	other.nothingSetAside()
}

func TestPermanentFailuresWaitForAPersonAndCanBeRedriven(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.breakKarmak(karmaktest.NotActivated, "")
	c1 := s.closing("c1") // a close, because other tests kill the export function
	s.must(sys.stack.RefuseForAnHour(t.Context(), c1.Key))
	ids := s.send(c1)
	s.shows("closed", "failed not_activated", "c1")
	s.settled(ids...)
	letter := s.setAside("CloseDeadLetterQueue", s.location+`-c1"`)
	if got := attribute(letter, sqsbatch.AttrErrorCode); got != "not_activated" {
		t.Errorf("errorCode %q", got)
	}
	s.mendKarmak(karmaktest.NotActivated)
	s.sendTo("CloseQueue", *letter.Body)
	s.shows("closed", "ok", "c1", s.alt)
}
