package sqsbatch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// pass advances the clock by whole in steps. After each step a new process, with an empty memory,
// handles the visible messages. It returns the number of receives.
func (w *world) pass(whole, step time.Duration) (received int) {
	w.t.Helper()
	for range whole / step {
		w.clock.Advance(step)
		batch := w.receive(w.queue)
		received += len(batch.Records)
		w.handle(context.Background(), w.newHandler(), batch)
	}
	return received
}

func TestWeekendWithoutTheDealersServerMendsItself(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	friday := w.clock.Now()
	w.send(w.body("e1"))
	w.run()
	received := 1 + w.pass(60*time.Hour, 5*time.Minute)
	c := w.stored()
	w.shows(c, relatedro.OutcomeRetrying, relatedro.DealerOffline, "e1")
	if !c.Retrieval.Since.Equal(friday) {
		t.Errorf("the case shows the server away since %v, want %v", c.Retrieval.Since, friday)
	}
	if received >= 200 {
		t.Errorf("received %d times: SQS would have moved it to the dead-letter queue", received)
	}
	w.unity.ClearFaults()
	w.pass(time.Hour, 5*time.Minute)
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
	if got := codes(w.deadLetters()); len(got) > 0 {
		t.Errorf("dead letters %v, which need manual work", got)
	}
}

func TestServerThatStaysAwayIsGivenUpAfterFourDays(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	w.send(w.body("e1"))
	w.run()
	received := 1 + w.pass(98*time.Hour, 15*time.Minute)
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.DealerOffline, "e1")
	if got := codes(w.deadLetters()); len(got) != 1 || got[0] != sqsbatch.GaveUp || received >= 200 {
		t.Errorf("dead letters %v after %d receives", got, received)
	}
}

func TestOtherTroubleIsGivenUpAfterADay(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("e1"))
	w.run()
	w.pass(26*time.Hour, 15*time.Minute)
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.DMSError, "e1")
	if got := codes(w.deadLetters()); len(got) != 1 || got[0] != sqsbatch.GaveUp {
		t.Errorf("dead letters %v", got)
	}
}

// Users refresh repeatedly while a dealer's server is away. When it is back, one look-up serves all
// of their refreshes.
func TestRefreshesWhileAwayAreAskedOnce(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	for i := range 120 {
		w.clock.Advance(time.Minute)
		w.send(w.body(fmt.Sprint("r", i), asRefresh))
		w.handle(context.Background(), w.newHandler(), w.receive(w.queue))
	}
	w.unity.ClearFaults()
	w.unity.ResetCounts()
	w.pass(3*time.Hour, time.Minute)
	w.shows(w.stored(), relatedro.OutcomeOK, "", w.stored().Retrieval.EventID, "50124")
	if n := w.unity.Counts().Lookups(); n > 5 {
		t.Errorf("%d look-ups for 120 refreshes, want at most 5", n)
	}
	if got := codes(w.deadLetters()); len(got) > 0 {
		t.Errorf("dead letters %v", got)
	}
}

func TestRefreshThatFailsForGoodIsThePersonsToSee(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	w.enable("loc-100", relatedro.Connection{Account: accountA, User: "nobody"})
	w.handler = w.newHandler()
	w.clock.Advance(time.Minute)
	w.send(w.body("r1", asRefresh))
	if failed := w.run(); failed != 0 {
		t.Errorf("%d messages failed", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.AccountNotPermitted, "r1", "50124")
	if got := codes(w.deadLetters()); len(got) > 0 {
		t.Errorf("dead letters %v", got)
	}
	if got := w.outcomes(); got["failed account_not_permitted"] != 1 {
		t.Errorf("outcomes %v", got)
	}
}

func TestDeletedCaseIsGone(t *testing.T) {
	for name, status := range map[string]relatedro.FeatureStatus{"enabled": relatedro.Enabled, "disabled since": relatedro.Disabled} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send(w.body("e1", func(ev *relatedro.Event) { ev.Asset = "asset-7" }))
			w.run()
			w.set("loc-100", status, connectionA)
			w.handler = w.newHandler()
			w.clock.Advance(time.Minute)
			w.send(w.body("d2", asDeletion))
			if failed := w.run(); failed != 0 {
				t.Errorf("%d messages failed", failed)
			}
			c := w.stored()
			if !c.Deleted() || c.RO != "" || c.Asset != "" || len(c.Related) > 0 ||
				!c.Expires.Equal(w.clock.Now().Add(relatedro.TombstoneLife).Truncate(time.Second)) {
				t.Errorf("stored %+v", c)
			}
			w.set("loc-100", relatedro.Enabled, connectionA)
			w.handler = w.newHandler()
			w.send(w.body("e1", occurred(w.clock.Now().Add(-time.Minute))), w.body("r3", asRefresh))
			w.run()
			if !w.stored().Deleted() {
				t.Errorf("late events brought back %+v", w.stored())
			}
			w.nothingIsSeenOf("case-1", "asset-7", "50123", "50124")
		})
	}
}

func asDeletion(ev *relatedro.Event) { ev.Type, ev.RO = relatedro.Deleted, "" }

// nothingIsSeenOf fails the test if any way of reading shows a case of loc-100.
func (w *world) nothingIsSeenOf(id, asset string, ros ...string) {
	w.t.Helper()
	reader := relatedro.NewReader(w.store, w.clock.Now)
	key := relatedro.CaseKey{Location: "loc-100", Case: id}
	if _, err := reader.Case(context.Background(), key); err != relatedro.ErrNoCase {
		w.t.Errorf("read alone: %v, want ErrNoCase", err)
	}
	batch, _, err := reader.Cases(context.Background(), relatedro.Actor{Roles: []relatedro.Role{relatedro.Support}, Everywhere: true},
		[]relatedro.CaseKey{key})
	if w.must(err); len(batch) > 0 {
		w.t.Errorf("read in a batch: %v", batch)
	}
	cases, _, _, err := reader.CasesOfAsset(context.Background(), "loc-100", asset, "")
	if w.must(err); len(cases) > 0 {
		w.t.Errorf("read by asset: %v", cases)
	}
	for _, ro := range ros {
		matches, _, err := reader.Search(context.Background(), "loc-100", ro, false, "")
		links, _, err2 := w.store.LinksTo(context.Background(), "loc-100", ro, false, "", 10)
		w.must(err)
		if w.must(err2); len(matches) > 0 || len(links) > 0 {
			w.t.Errorf("found by %s: %v, links %v", ro, matches, links)
		}
	}
}

func TestCaseIsKeptForItsRetentionAfterItsLastEvent(t *testing.T) {
	w := newWorld(t)
	w.retention = 1095 * 24 * time.Hour
	w.handler = w.newHandler()
	w.send(w.body("e1"))
	w.run()
	first := w.stored().Expires
	if !first.Equal(w.clock.Now().Add(w.retention)) {
		t.Errorf("expires %v", first)
	}
	w.clock.Advance(48 * time.Hour)
	w.send(w.body("c2", asClose))
	w.run()
	if again := w.stored().Expires; !again.Equal(first.Add(48 * time.Hour)) {
		t.Errorf("after a close: expires %v", again)
	}
	w.clock.Advance(48 * time.Hour)
	w.send(w.body("r3", asRefresh))
	w.run()
	if again := w.stored(); !again.Expires.Equal(first.Add(48*time.Hour)) || again.Retrieval.EventID != "r3" {
		t.Errorf("after a refresh, which is not an event of the case: expires %v", again.Expires)
	}
}

// A message refused by an open circuit has asked Karmak nothing. However long it has been tried, it
// returns when the circuit allows a request again.
func TestRefusalThatAskedNothingCostsNothing(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	for i := range 12 { // to open the circuit of this process
		w.send(w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))
		w.run()
	}
	w.unity.ClearFaults()
	w.unity.ResetCounts()
	w.send(w.body("redriven", ofCase("case-20")))
	if failed := w.run(); failed != 1 || w.unity.Counts().Lookups() != 0 {
		t.Fatalf("%d messages failed, %d look-ups; want 1 and 0", failed, w.unity.Counts().Lookups())
	}
	w.shows(w.stored("case-20"), relatedro.OutcomeRetrying, relatedro.Unreachable, "redriven")
	w.clock.Advance(13 * time.Second) // a circuit stays open for at most 12 s
	if n := len(w.receive(w.queue).Records); n == 0 {
		t.Error("the message does not return when the circuit allows a request")
	}
}
