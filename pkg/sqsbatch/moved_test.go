package sqsbatch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// moved is connectionA after Karmak has moved the dealer to its newer interface.
var moved = relatedro.Connection{Kind: karmak.ReportDataAccess, Account: "03900"}

// move has Karmak move account A, and our support say so.
func (w *world) move() {
	w.t.Helper()
	w.must(w.unity.UpdateAccount(accountA, func(a *karmaktest.Account) { a.Number, a.Face = moved.Account, karmaktest.ReportDataAccess }))
	before, err := w.store.Settings(context.Background(), "loc-100")
	w.must(err)
	after := before
	after.Connection, after.Former, after.Version = moved, before.Connection, before.Version+1
	w.must(w.store.SaveSettings(context.Background(), relatedro.Change{ID: fmt.Sprint("change-", after.Version), At: w.clock.Now(),
		Before: before, After: after}))
	w.handler = w.newHandler()
}

// shown returns the case as people see it.
func (w *world) shown() relatedro.Shown {
	w.t.Helper()
	c, err := relatedro.NewReader(w.store, w.clock.Now).Case(context.Background(), relatedro.CaseKey{Location: "loc-100", Case: "case-1"})
	w.must(err)
	return c
}

// The earlier list stays, with its time, even while the newer interface cannot be read. The first
// list fetched over the newer interface continues its history.
func TestDealerWhoIsMovedLosesNoList(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("ev-1"))
	w.run()
	before := w.shown()
	w.clock.Advance(time.Hour)
	w.move()
	if after := w.shown(); len(after.Related) != 1 || !after.Retrieval.RetrievedAt.Equal(before.Retrieval.RetrievedAt) ||
		after.FetchedOver != connectionA {
		t.Errorf("after the move: %+v", after)
	}
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	w.send(w.body("ev-2"))
	w.run()
	if failing := w.shown(); len(failing.Related) != 1 || failing.Retrieval.Outcome != relatedro.OutcomeRetrying ||
		failing.Retrieval.RetrievedAt.IsZero() {
		t.Errorf("while the newer interface fails: %+v", failing.Retrieval)
	}
	w.unity.ClearFaults()
	w.must(w.unity.RemoveRO(accountA, "50124", ""))
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125"}))
	w.clock.Advance(time.Hour)
	w.run()
	got := w.shown()
	if got.Retrieval.Outcome != relatedro.OutcomeOK || got.FetchedOver != moved || len(got.Related) != 2 {
		t.Fatalf("fetched again: %+v", got)
	}
	if gone := got.Related[0]; gone.RO != "50124" || gone.GoneSince.IsZero() || !gone.FirstSeenAt.Equal(before.Related[0].FirstSeenAt) {
		t.Errorf("history of 50124: %+v", gone)
	}
}

// The first run after the move looks back to the last one before it, and into families that
// are closed.
func TestFollowMissesNothingWhenADealerIsMoved(t *testing.T) {
	w := newWorld(t)
	for _, ro := range []string{"50123", "50124"} {
		w.must(w.unity.UpdateRO(accountA, ro, "", func(ro *karmaktest.RO) { ro.InvoiceNumber = "I-" + ro.Number }))
	}
	w.send(w.body("ev-1"))
	w.run()
	w.followed()
	w.run()
	w.clock.Advance(15 * time.Minute)
	w.followed()

	w.clock.Advance(15 * time.Minute)
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125"}))
	w.move()
	w.clock.Advance(4 * 24 * time.Hour) // it takes support a while, and the run looks back a day by itself
	if f := w.followed(); f.Changed != 1 || f.Refreshes != 1 {
		t.Errorf("%+v, want 1 change and 1 refresh", f)
	}
	w.run()
	if c := w.stored(); len(c.Related) != 2 || c.FetchedOver != moved {
		t.Errorf("the case has %v over %v", c.Related, c.FetchedOver)
	}
}

// Events of a location whose DMS keeps all pay types on one RO are done without a question.
func TestLocationWithoutRelatedROsAsksNothing(t *testing.T) {
	w := newWorld(t)
	before, err := w.store.Settings(context.Background(), "loc-100")
	w.must(err)
	after := before
	after.Status, after.SingleRO, after.Version = relatedro.Disabled, true, before.Version+1
	w.must(w.store.SaveSettings(context.Background(), relatedro.Change{ID: "change", At: w.clock.Now(), Before: before, After: after}))
	if stored, err := w.store.Settings(context.Background(), "loc-100"); err != nil || !stored.SingleRO {
		t.Fatalf("stored: %+v, %v", stored, err)
	}
	w.send(w.body("ev-1"))
	w.run()
	if n := w.unity.Counts().Total; n != 0 {
		t.Errorf("Karmak was asked %d times", n)
	}
}
