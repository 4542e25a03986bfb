package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/sqsbatch"
)

// These tests close cases because other tests kill the export function.

func TestRedeliveredWhileItsFirstRunIsStillGoing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	secondIsDone, goOn := s.gate()
	var written atomic.Bool
	s.onDatabase(func(op, _ string) *dynamodbengine.Fault {
		if op == "TransactWriteItems" && written.CompareAndSwap(false, true) {
			secondIsDone()
		}
		return nil
	})
	ids := s.send(s.closing("c1"))
	// By the second run: the first run's write is still in progress.
	s.shows("closed", "ok", "c1", s.alt)
	goOn()
	runs := func() []string { return slices.Sorted(slices.Values(sys.history(ids[0]).outcomes)) }
	eventually(t, func() string { return fmt.Sprintf("runs ended %v, want one ok and one skipped", runs()) },
		func() bool { return slices.Equal(slices.Compact(runs()), []string{"ok", "skipped"}) })
	s.settled(ids...)
	s.shows("closed", "ok", "c1", s.alt)
	if runs()[1] == "ok" {
		t.Errorf("runs ended %v, want only one ok", runs())
	}
	s.nothingSetAside()
}

func TestSwitchedOffHalfway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.whileAsking(func() { s.save("DISABLED", s.account) })
	ids := s.send(s.closing("c1"))
	s.settled(ids...)
	if got := s.reads("case-1"); got != "404 case-not-retrieved" {
		t.Errorf("reads %q, although the location is disabled", got)
	}
	s.nothingSetAside()
}

func TestSwitchedOffWhileBeingTriedAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	// This fault does not make the function pause the account.
	s.breakKarmak(karmaktest.WrongJSON, "")
	goOn := s.mendAfter(1, karmaktest.WrongJSON)
	ids := s.send(s.closing("c1"))
	s.shows("closed", "retrying unexpected_answer", "c1")
	s.save("DISABLED", s.account)
	goOn()
	s.shows("closed", "failed location_disabled", "c1")
	s.settled(ids...)
	s.nothingSetAside()
}

func TestAccountChangedWhileAFetchIsUnderWay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	another, theirs := s.account+"-b", s.alt+"5"
	s.addFamily(another, theirs)
	s.whileAsking(func() { s.save("ENABLED", another) })
	var leaked atomic.Bool
	s.onDatabase(func(op, body string) *dynamodbengine.Fault {
		if op == "TransactWriteItems" && strings.Contains(body, `"`+s.alt+`"`) {
			leaked.Store(true)
		}
		return nil
	})
	ids := s.send(s.closing("c1"))
	s.settled(ids...)
	s.shows("closed", "ok", "c1", theirs)
	if leaked.Load() {
		t.Error("the response of the former account was written")
	}
	s.nothingSetAside()
}

// The case platform's clock runs ahead within the tolerance, then jumps back.
func TestClockThatJumpsBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ahead := s.send(s.event("from-far-ahead", after(365*24*time.Hour)))
	s.send(s.event("e1", after(4*time.Minute)))
	s.shows("exported", "ok", "e1", s.alt)
	s.settled(ahead...)
	if got := attribute(s.setAside("ExportDeadLetterQueue", s.location+`-from-far-ahead"`),
		sqsbatch.AttrErrorCode); got != sqsbatch.OccurredInFuture {
		t.Errorf("errorCode %q for an event a year ahead", got)
	}

	s.send(s.closing("c2")) // in real time after e1, but stamped before it
	s.shows("closed", "ok", "c2", s.alt)

	// The clock has caught up, so the case accepts events again.
	s.send(s.closing("c3", after(4*time.Minute+time.Second)))
	s.shows("closed", "ok", "c3", s.alt)
}
