package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/local/platform"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// subscriber subscribes a separate case platform that uses only events.
func (s *shop) subscriber() *platform.Inbox {
	s.t.Helper()
	inbox, err := sys.platform.Subscribe(s.t.Context(), "inbox-"+s.location, []string{s.location}, nil)
	s.must(err)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(ctx) })
	s.t.Cleanup(func() { stop(); running.Wait() })
	return inbox
}

// notices returns the shop's notices that the subscriber received, as "kind of case at revision",
// without duplicates.
func (s *shop) notices(inbox *platform.Inbox) (all []string) {
	for _, n := range inbox.Known().Notices {
		if n.Detail.LocationID == s.location {
			all = append(all, fmt.Sprintf("%s of %s at %d", n.Type, n.Detail.CaseID, n.Detail.Revision))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// knowsAll waits until the subscriber's view of each case matches the API.
func (s *shop) knowsAll(inbox *platform.Inbox, cases ...string) {
	s.t.Helper()
	for _, id := range cases {
		published, shown := "", ""
		eventually(s.t, func() string { return fmt.Sprintf("%s has %q in the events, %q in the API", id, published, shown) }, func() bool {
			answer, err := sys.platform.RelatedROs(s.t.Context(), s.location, id)
			s.must(err)
			published, shown = "", ""
			for _, ro := range answer.RelatedROs {
				shown += fmt.Sprintf(" %s %s %t %t", ro.RONumber, ro.Status, ro.Warranty, ro.Voided)
			}
			for _, ro := range inbox.RelatedROs(platform.Case{LocationID: s.location, CaseID: id}) {
				published += fmt.Sprintf(" %s %s %t %t", ro.RONumber, ro.Status, ro.BillTo == "warranty", ro.Voided)
			}
			return published == shown
		})
	}
}

// The writing functions and notify are killed, PutEvents fails in every way, and the stream is
// replayed: in the end every subscriber has the stored state.
func TestEventsMatchTheStoredCases(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	inbox := s.subscriber()
	var calls atomic.Int64
	sys.bus.add(t, func() eventengine.Fault {
		switch n := calls.Add(1); {
		case n > 24: // no more faults
			return eventengine.None
		case n%6 == 3: // notify dies, with or without the events published
			sys.stack.Kill("notify")
			return []eventengine.Fault{eventengine.AnswerLost, eventengine.HangUp}[n/6%2]
		default:
			return []eventengine.Fault{eventengine.Whole, eventengine.Some, eventengine.HangUp, eventengine.None, eventengine.AnswerLost,
				eventengine.Some}[n%6]
		}
	})
	var writes atomic.Int64
	s.onDatabase(func(op, _ string) *dynamodbengine.Fault {
		if op == "TransactWriteItems" && writes.Add(1)%4 == 2 {
			sys.stack.Kill("export")
			return []*dynamodbengine.Fault{dynamodbengine.Outage(), dynamodbengine.AnswerLost()}[writes.Load()/4%2]
		}
		return nil
	})
	cases := []string{"case-1", "case-2", "case-3"}
	made := []string{s.alt}
	for round := range 4 {
		number := fmt.Sprintf("%s-%d", s.alt, round)
		s.spinoff(s.account, number)
		made = append(made, number)
		var ids []string
		for _, id := range cases {
			ids = append(ids, s.send(s.event(fmt.Sprint(id, "-", round), ofCase(id), after(time.Duration(round)*time.Second)))...)
		}
		s.settled(ids...)
	}
	s.must(sys.stack.Karmak.UpdateRO(s.account, s.alt, "", func(ro *karmaktest.RO) { ro.Voided = true }))
	s.settled(s.send(s.event("last", after(4*time.Second)))...)
	s.shows("exported", "ok", "last", made...)
	s.knowsAll(inbox, cases...)
	if calls.Load() < 10 {
		t.Errorf("the bus was called only %d times, too few for the planned faults", calls.Load())
	}

	received := inbox.Known().Received
	s.replay(func() bool { return inbox.Known().Received >= received+len(cases) })
	s.knowsAll(inbox, cases...)
}

// replay invokes notify with the whole stream again, until enough returns true.
func (s *shop) replay(enough func() bool) {
	s.t.Helper()
	config, err := sys.stack.StreamConfig(s.t.Context(), sys.stack.Template.StreamMappings[0])
	s.must(err)
	ctx, stop := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { poller.RunStream(ctx, config) })
	eventually(s.t, func() string { return "the replay delivers nothing" }, enough)
	stop()
	running.Wait()
}

// A retrieval that finds the same list, a refresh, an unchanged save of a location and the close of
// a case produce no event.
func TestNoEventWithoutAChange(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	inbox := s.subscriber()
	s.settled(s.send(s.event("e1"))...)
	s.shows("exported", "ok", "e1", s.alt)
	s.settled(s.send(s.event("e2", after(time.Second)))...)
	s.settled(s.send(s.closing("c1", after(2*time.Second)))...)
	s.shows("closed", "ok", "c1", s.alt)
	s.save("ENABLED", s.account)
	// Later in the stream than all of these.
	s.settled(s.send(s.event("other", ofCase("case-2")))...)
	s.knowsAll(inbox, "case-1", "case-2")
	want := []string{"RelatedROsChanged of case-1 at 1", "RelatedROsChanged of case-2 at 1"}
	// LocationEnabled at revision 1 may come from before the subscription.
	got := slices.DeleteFunc(s.notices(inbox), func(n string) bool { return n == "LocationEnabled of  at 1" })
	if !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
}

func TestALocationIsPublished(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	inbox := s.subscriber()
	s.save("DISABLED", s.account)
	s.save("ENABLED", s.account)
	other := s.account + "-b"
	s.addFamily(other, s.alt)
	s.save("ENABLED", other)
	want := []string{"ConnectionChanged of  at 4", "LocationDisabled of  at 2", "LocationEnabled of  at 3"}
	var got []string
	eventually(t, func() string { return fmt.Sprintf("published %q, want %q", got, want) }, func() bool {
		// LocationEnabled at revision 1 may come from before the subscription.
		got = slices.DeleteFunc(s.notices(inbox), func(n string) bool { return n == "LocationEnabled of  at 1" })
		return slices.Equal(got, want)
	})
}

func TestAFailureIsPublishedOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	inbox := s.subscriber()
	unknown := func(ev *relatedro.Event) { ev.RO = "1" }
	longAgo := -2 * relatedro.UnknownROGrace
	s.settled(s.send(s.event("e1", unknown, after(longAgo)))...)
	s.settled(s.send(s.event("e2", unknown, after(longAgo+time.Second)))...)
	s.settled(s.send(s.event("e3"))...)
	s.shows("exported", "ok", "e3", s.alt)
	s.knowsAll(inbox, "case-1")
	failed := slices.DeleteFunc(s.notices(inbox), func(n string) bool { return !strings.HasPrefix(n, "RetrievalFailed") })
	if !slices.Equal(failed, []string{"RetrievalFailed of case-1 at 1"}) {
		t.Errorf("published %q", failed)
	}
}
