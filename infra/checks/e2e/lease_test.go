package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// Both functions, in several processes each, process cases of one account.
func TestAccountIsAskedOneThingAtATime(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must(sys.stack.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Account: s.account, Latency: 50 * time.Millisecond}))
	var exports, closes []relatedro.Event
	for i := range 6 {
		exports = append(exports, s.event(fmt.Sprint("e", i), ofCase(fmt.Sprint("export-", i))))
		closes = append(closes, s.closing(fmt.Sprint("c", i), ofCase(fmt.Sprint("close-", i))))
	}
	var ids []string
	for i := range exports { // sent separately, so that they do not form one batch
		ids = append(ids, s.send(exports[i], closes[i])...)
	}
	s.settled(ids...)
	for i := range 6 {
		s.showsOf(fmt.Sprint("export-", i), "exported", "ok", fmt.Sprint("e", i), s.alt)
		s.showsOf(fmt.Sprint("close-", i), "closed", "ok", fmt.Sprint("c", i), s.alt)
	}
	s.askedOneThingAtATime()
	s.nothingSetAside()
}

// The process dies during a request to Karmak. Other processes wait until its lease expires.
func TestKilledWhileItHasTheAccountToItself(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.whileAsking(func() { sys.stack.Kill("export") })
	ids := s.send(s.event("e1"))
	s.shows("exported", "ok", "e1", s.alt)
	s.settled(ids...)
	if m := sys.history(ids[0]); !slices.Contains(m.outcomes, "waiting account_busy") {
		t.Errorf("outcomes %v; want one that found the account leased by the dead process", m.outcomes)
	}
	s.askedOneThingAtATime()
	s.nothingSetAside()
}

func (s *shop) askedOneThingAtATime() {
	s.t.Helper()
	if n := sys.stack.Karmak.Counts().MostAtOnce[s.account]; n != 1 {
		s.t.Errorf("%d concurrent requests, want 1", n)
	}
}
