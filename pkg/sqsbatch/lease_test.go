package sqsbatch_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// hold takes the lease of account A and never releases it, like a process that crashes.
func (w *world) hold(seconds int) (fence int64) {
	w.t.Helper()
	now := w.clock.Now()
	fence, err := w.store.TakeLease(context.Background(), relatedro.Claim{
		Account: accountA, Holder: "crashed", Rank: relatedro.RankBatch, Now: now, Until: now.Add(time.Duration(seconds) * time.Second),
	})
	w.must(err)
	return fence
}

// apart returns the messages in the queue as batches of one message.
func (w *world) apart() (batches []events.SQSEvent) {
	for _, m := range w.receive(w.queue).Records {
		batches = append(batches, events.SQSEvent{Records: []events.SQSMessage{m}})
	}
	return batches
}

// Eight processes each have messages of two users of the same account.
func TestAccountIsAskedOneThingAtATime(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.AddAccount(karmaktest.Account{ID: accountA, Users: []string{"user-1", "user-2"}}))
	w.enable("loc-200", relatedro.Connection{Account: accountA, User: "user-2"})
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: 10 * time.Millisecond}))
	for i := range 8 {
		w.send(w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))),
			w.body(fmt.Sprint("f", i), at("loc-200"), ofCase(fmt.Sprint("case-", i))))
	}
	records := w.receive(w.queue).Records
	var processes sync.WaitGroup
	for i := range 8 {
		batch := events.SQSEvent{Records: []events.SQSMessage{records[i], records[15-i]}}
		processes.Go(func() { w.handle(context.Background(), w.newHandler(), batch) })
	}
	processes.Wait()
	w.clock.Advance(time.Minute)
	for w.run() > 0 { // messages that waited too long
		w.clock.Advance(time.Minute)
	}
	if n := w.unity.Counts().MostAtOnce[accountA]; n != 1 {
		t.Errorf("%d requests at once", n)
	}
	for i := range 8 {
		w.shows(w.stored(fmt.Sprint("case-", i)), relatedro.OutcomeOK, "", fmt.Sprint("e", i), "50124")
	}
}

// While another function holds the account, nothing is wrong at the dealer: the case does not
// change, no failure is counted, and the message returns within seconds. A lease whose holder
// crashed expires.
func TestMessageOfABusyAccountComesBackInSeconds(t *testing.T) {
	w := newWorld(t)
	w.enable("loc-200", relatedro.Connection{Account: accountB, User: "user-1"})
	w.addFamily(accountB, "50123", "90001")
	w.hold(30)
	w.send(w.body("e1"), w.body("e2", at("loc-200")))
	if failed := w.run(); failed != 1 {
		t.Fatalf("%d messages returned, want only the one of the busy account", failed)
	}
	if got := w.outcomes(); got["waiting account_busy"] != 1 || got["ok"] != 1 {
		t.Errorf("outcomes %v", got)
	}
	if c := w.stored(); c.Stored() || w.unity.Counts().Accounts[accountA] != nil {
		t.Errorf("stored %+v, asked %v", c.Retrieval, w.unity.Counts().Accounts[accountA])
	}
	if strings.Contains(w.log.String(), `"level":"WARN"`) {
		t.Error("a busy account is logged as a warning")
	}
	w.clock.Advance(5 * time.Second)
	batch := w.receive(w.queue)
	if len(batch.Records) != 1 {
		t.Fatalf("%d messages after 5 s", len(batch.Records))
	}
	w.clock.Advance(30 * time.Second)
	if failed := w.handle(context.Background(), w.handler, batch); failed != 0 {
		t.Fatal("a crashed holder blocks the account")
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

// busy retrieves for an event of the given type in a new process and returns how its account was
// busy, or nil if it was not.
func (w *world) busy(kind relatedro.EventType, now func() time.Time) *relatedro.Busy {
	ev := relatedro.Event{
		ID: string(kind), Type: kind, OccurredAt: now(), Key: relatedro.CaseKey{Location: "loc-100", Case: string(kind)}, RO: "50123",
	}
	retriever := relatedro.NewRetriever(w.store, w.newDMS(), now)
	results := retriever.Retrieve(context.Background(), []relatedro.Delivery{{Event: ev, SentAt: now()}})
	if results[0].Failure == nil {
		return nil
	}
	return results[0].Failure.Busy
}

// A batch does not wait for an account that its holder has had for long, since others need the batch,
// and its messages return less often. A person waits, and the refresh returns soon.
func TestSlowAccountDoesNotHoldUpABatch(t *testing.T) {
	w := newWorld(t)
	w.hold(30)
	began := time.Now()
	started := w.clock.Now().Add(5 * time.Second)
	ticking := func() time.Time { return started.Add(time.Since(began)) }
	if got := w.busy(relatedro.Exported, ticking); got == nil || got.Account != accountA || !got.Slow {
		t.Errorf("batch: %+v", got)
	}
	lease, err := w.store.Lease(t.Context(), accountA)
	w.must(err)
	if lease.WantedBy != 0 {
		t.Errorf("rank %d waits for the account", lease.WantedBy)
	}
	if got := w.busy(relatedro.Refresh, ticking); got == nil || got.Slow {
		t.Errorf("person: %+v", got)
	}
}

// An account that is kept free for a person is busy, but not slow.
func TestAccountThatAPersonWantsIsNotSlow(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.must(w.store.WantLease(t.Context(), relatedro.Claim{
		Account: accountA, Rank: relatedro.RankPerson, Now: now, Until: now.Add(time.Minute),
	}))
	if got := w.busy(relatedro.Exported, time.Now); got == nil || got.Account != accountA || got.Slow {
		t.Errorf("%+v", got)
	}
}

// A waiting refresh is served before an export that waits longer.
func TestRefreshGoesBeforeABatch(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "60000", "60001")
	w.send(w.body("e1"))
	w.run()
	held := w.hold(30)
	w.unity.ResetCounts()
	w.send(w.body("e2", ofCase("case-2"), underRO("60000")), w.body("r3", asRefresh))
	var processes sync.WaitGroup
	for _, batch := range w.apart() {
		processes.Go(func() {
			for w.handle(context.Background(), w.newHandler(), batch) > 0 {
				// Retry: on a slow machine the message may have waited too long.
			}
		})
	}
	for wanted := relatedro.Rank(0); wanted != relatedro.RankPerson; {
		lease, err := w.store.Lease(context.Background(), accountA)
		w.must(err)
		wanted = lease.WantedBy
	}
	w.must(w.store.ReleaseLease(context.Background(), accountA, held))
	processes.Wait()
	for _, r := range w.unity.Requests() {
		if r.Call == karmaktest.CallHeaders {
			if !strings.Contains(r.URL, "50123") {
				t.Errorf("the first look-up was %s, want the refresh's RO", r.URL)
			}
			break
		}
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r3", "50124")
	w.shows(w.stored("case-2"), relatedro.OutcomeOK, "", "e2", "60001")
}
