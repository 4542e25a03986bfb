package sqsbatch_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// karmak returns a Karmak client with an empty memory.
func (w *world) karmak() *karmak.Client {
	c := karmak.New(karmak.Config{
		BaseURL: w.unity.URL, Credentials: keys, Now: w.clock.Now,
		RetryDelay: time.Millisecond, MaxRetryDelay: time.Millisecond,
	})
	w.t.Cleanup(c.Close)
	return c
}

// follow runs one follower once and returns its report on each connection.
func (w *world) follow() (reports []relatedro.Follow, err error) {
	var mu sync.Mutex
	err = relatedro.NewFollower(relatedro.FollowConfig{
		Store: w.store, DMS: w.karmak(), Queue: sqsbatch.NewRefreshQueue(w.client, w.queue), Now: w.clock.Now, Night: relatedro.Night,
		Observe: func(f relatedro.Follow) {
			mu.Lock()
			defer mu.Unlock()
			reports = append(reports, f)
		},
	}).Run(context.Background())
	return reports, err
}

// followed runs follow, which must succeed, and returns its only report.
func (w *world) followed() relatedro.Follow {
	w.t.Helper()
	reports, err := w.follow()
	w.must(err)
	if len(reports) != 1 || reports[0].Failure != nil {
		w.t.Fatalf("followed %+v, want one connection without a failure", reports)
	}
	return reports[0]
}

// A run adds an RO that no event announced to the case. A run that finds no change does one look-up
// and puts nothing into the queue.
func TestFollowFindsWhatNoEventAnnounced(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("ev-1"))
	w.run()
	w.followed() // the first run refetches all open cases
	w.run()

	w.clock.Advance(15 * time.Minute)
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125", BillingCustomerWarranty: true}))
	if f := w.followed(); f.Changed != 1 || f.Refreshes != 1 {
		t.Errorf("%+v, want 1 change and 1 refresh", f)
	}
	w.run()
	c := w.stored()
	if c.Retrieval.Trigger != relatedro.TriggerFollow || len(c.Related) != 2 {
		t.Errorf("the case has %v by %s, want 50124 and 50125 by follow", c.Related, c.Retrieval.Trigger)
	}

	w.clock.Advance(15 * time.Minute)
	// A change of a field that no case shows.
	w.must(w.unity.UpdateRO(accountA, "50125", "", func(ro *karmaktest.RO) { ro.Department = "SHOP" }))
	w.unity.ResetCounts()
	if f := w.followed(); f.Changed != 0 || f.Refreshes != 0 {
		t.Errorf("%+v, want no change", f)
	}
	if n := w.unity.Counts().Lookups(); n != 1 {
		t.Errorf("%d look-ups, want 1", n)
	}
}

// A run does one look-up, regardless of the number of stored cases.
func TestFollowAsksOnceForAnyNumberOfCases(t *testing.T) {
	w := newWorld(t)
	table := db.Table(t)
	w.store = dynamo.New(db.Client(), table)
	w.enable("loc-100", connectionA)
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	for _, cases := range []int{10, 1000, 100_000} {
		var items []types.WriteRequest
		for i := range cases {
			items = append(items, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
				"PK": text("LOC#loc-100"), "SK": text(fmt.Sprintf("CASE#case-%d", i)), "roNumber": text(fmt.Sprint(700_000 + i)),
				"revision": &types.AttributeValueMemberN{Value: "1"},
			}}})
		}
		for batch := range slices.Chunk(items, 25) {
			_, err := db.Client().BatchWriteItem(t.Context(),
				&awsdynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: batch}})
			w.must(err)
		}
		w.clock.Advance(time.Hour)
		w.unity.ResetCounts()
		w.followed()
		if n := w.unity.Counts().Lookups(); n != 1 {
			t.Errorf("%d cases: %d look-ups, want 1", cases, n)
		}
	}
}

// An RO that Karmak no longer has stays on the case for two weeks, marked as gone.
func TestAnROThatIsGoneIsShownForAWhile(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("ev-1"))
	w.run()
	w.followed()
	w.must(w.unity.RemoveRO(accountA, "50124", ""))
	night := func() {
		w.clock.Advance(w.clock.Now().Truncate(24 * time.Hour).Add(26 * time.Hour).Sub(w.clock.Now()))
		if f := w.followed(); !f.Synced {
			t.Fatalf("%+v, want all open cases refetched at night", f)
		}
		w.run()
	}
	night()
	gone := w.clock.Now()
	if r := w.stored().Related; len(r) != 1 || !r[0].GoneSince.Equal(gone) {
		t.Fatalf("related ROs are %+v, want 50124 gone since %v", r, gone)
	}
	for range 14 {
		night()
	}
	if r := w.stored().Related; len(r) != 0 {
		t.Errorf("related ROs are %+v after two weeks, want none", r)
	}
}

// A case whose links an older version wrote is written in the night although its list is unchanged,
// and not again after that.
func TestTheNightIndexesWhatWasStoredBefore(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("ev-1"))
	w.run()
	before, remove := w.stored(), "REMOVE links"
	_, err := db.Client().UpdateItem(t.Context(), &awsdynamodb.UpdateItemInput{TableName: &w.table, UpdateExpression: &remove,
		Key: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"}, "SK": &types.AttributeValueMemberS{Value: "CASE#" + before.Key.Case},
		}})
	w.must(err)
	if !w.stored().Unindexed {
		t.Fatal("the case says of which form its links are")
	}
	for range 2 {
		w.clock.Advance(24 * time.Hour)
		w.followed()
		w.run()
		if c := w.stored(); c.Unindexed || c.Revision != before.Revision+1 {
			t.Errorf("revision %d, indexed %t, want %d", c.Revision, !c.Unindexed, before.Revision+1)
		}
	}
}

// A case that failed for good does not fail again each night, which would notify subscribers. A run
// repairs it once Karmak has its RO.
func TestAFailedCaseIsLookedForWithoutAWord(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("ev-1", underRO("70000"), occurred(w.clock.Now().Add(-2*time.Hour))))
	w.run()
	w.deadLetters()
	before := w.stored()
	w.shows(before, relatedro.OutcomeFailed, relatedro.RONotFound, "ev-1")
	w.followed() // the first run refetches all open cases
	w.run()
	if after := w.stored(); after.Retrieval != before.Retrieval {
		t.Errorf("the retrieval was %+v and is %+v", before.Retrieval, after.Retrieval)
	}
	w.addFamily(accountA, "70000", "70001")
	w.clock.Advance(15 * time.Minute)
	w.followed()
	w.run()
	if c := w.stored(); c.Retrieval.Outcome != relatedro.OutcomeOK || len(c.Related) != 1 {
		t.Errorf("the case has %+v, %v", c.Retrieval, c.Related)
	}
}

// After an outage at the dealer, a run catches up on all changes since the last run. After a longer
// outage it refetches all open cases.
func TestFollowCatchesUp(t *testing.T) {
	for _, days := range []int{3, 20} {
		t.Run(fmt.Sprint(days), func(t *testing.T) {
			w := newWorld(t)
			w.send(w.body("ev-1"))
			w.run()
			w.followed()
			w.must(w.unity.SetFault(karmaktest.Fault{Account: accountA, Kind: karmaktest.Offline}))
			w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125"}))
			for range days {
				w.clock.Advance(24 * time.Hour)
				reports, err := w.follow()
				w.must(err)
				if f := reports[0]; f.Failure == nil || f.Behind == 0 {
					t.Fatalf("%+v, want a failure and a delay", f)
				}
			}
			w.unity.ClearFaults()
			if f := w.followed(); f.Refreshes != 1 || f.Synced != (days > 14) {
				t.Errorf("%+v, want the case refetched", f)
			}
			w.run()
			w.shows(w.stored(), relatedro.OutcomeOK, "", w.stored().Retrieval.EventID, "50124", "50125")
		})
	}
}

// Karmak changes at random, and runs fail, stop early or overlap. After a final run, once the queue
// is empty, each followed case agrees with Karmak.
func TestFollowedCasesEndAsKarmakHasThem(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStorm(t, rt)
		for i, ro := range stormROs {
			s.send(s.body(fmt.Sprint("first-", i), ofCase(fmt.Sprint("case-", i+1)), underRO(ro)))
		}
		s.run()
		made := slices.Clone(stormROs)
		change := func(edit func(*karmaktest.RO)) func(*rapid.T) {
			return func(rt *rapid.T) {
				s.must(s.unity.UpdateRO(accountA, rapid.SampledFrom(made).Draw(rt, "ro"), "", edit))
			}
		}
		run := func(*rapid.T) { _, _ = s.follow() } // failures are expected
		steps := []func(*rapid.T){
			run, run, run, s.deliver, s.deliver,
			func(rt *rapid.T) {
				number := fmt.Sprint(rapid.SampledFrom(stormROs).Draw(rt, "prefix"), len(made))
				s.must(s.unity.Spinoff(accountA, rapid.SampledFrom(made).Draw(rt, "from"), "", karmaktest.RO{Number: number}))
				made = append(made, number)
			},
			change(func(ro *karmaktest.RO) {
				ro.Status, ro.InvoiceNumber, ro.InvoicedAt = "INVOICED", "9"+ro.Number, s.clock.Now()
			}),
			change(func(ro *karmaktest.RO) { ro.Voided = true }),
			change(func(ro *karmaktest.RO) { ro.BillingCustomerName += "x" }),
			change(func(ro *karmaktest.RO) { ro.Department += "x" }),
			func(*rapid.T) { // two at once
				var running sync.WaitGroup
				running.Go(func() { _, _ = s.follow() })
				running.Go(func() { _, _ = s.follow() })
				running.Wait()
			},
			func(rt *rapid.T) {
				s.setTrouble(rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(rt, "database"),
					rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(rt, "karmak"))
			},
		}
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")(rt)
			s.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 15, 15, 15, 60, 24 * 60}).Draw(rt, "minutes")) * time.Minute)
		}
		s.calm(rt)
		s.followed()
		s.calm(rt)
		for i := range stormROs {
			s.checkFollowed(rt, s.stored(fmt.Sprint("case-", i+1)))
		}
	})
}

func (s *storm) checkFollowed(rt *rapid.T, c relatedro.Case) {
	if !c.Follows(s.clock.Now()) {
		return
	}
	families, err := s.karmak().Families(context.Background(), connectionA, []string{c.RO})
	s.must(err)
	want := families[c.RO]
	shown := slices.Clone(c.Related)
	for i := range shown {
		shown[i].FirstSeenAt = time.Time{}
	}
	want.Own.TotalCharges = "" // kept of open warranty ROs alone
	for i, r := range want.Related {
		if !r.Warranty || r.Status == relatedro.ROInvoiced || r.Voided {
			want.Related[i].TotalCharges = ""
		}
	}
	if c.Own != want.Own || !slices.Equal(shown, want.Related) {
		rt.Errorf("%s has\n%+v %+v, Karmak has\n%+v %+v", c.Key.Case, c.Own, shown, want.Own, want.Related)
	}
}

// The state of following holds the reason why a connection cannot be read, written once per reason
// and not once per run, until the connection is read again. It does not keep follow from catching up.
func TestFollowKeepsWhyAConnectionFails(t *testing.T) {
	w := newWorld(t)
	state := func() relatedro.Followed {
		w.t.Helper()
		states, err := w.store.Followed(t.Context(), []relatedro.Connection{connectionA})
		w.must(err)
		return states[0]
	}
	fails := func(reason relatedro.Reason) {
		w.t.Helper()
		w.clock.Advance(15 * time.Minute)
		reports, err := w.follow()
		w.must(err)
		if len(reports) != 1 || reports[0].Failure == nil || reports[0].Failure.Reason != reason {
			t.Fatalf("followed %+v, want %s", reports, reason)
		}
	}
	w.send(w.body("ev-1"))
	w.run()
	fault := func(f karmaktest.Fault) { w.unity.ClearFaults(); w.must(w.unity.SetFault(f)) }
	fault(karmaktest.Fault{Kind: karmaktest.Offline})
	fails(relatedro.DMSError) // before any run that went well
	began := w.clock.Now()
	fails(relatedro.DMSError)
	if got := state(); got.Failing != (relatedro.Failing{Reason: relatedro.DMSError, Since: began.UTC()}) || got.Revision != 1 ||
		!got.Since.IsZero() {
		t.Errorf("state %+v", got)
	}
	fault(karmaktest.Fault{Kind: karmaktest.RateLimited})
	fails(relatedro.RateLimited)
	if got := state(); got.Failing.Reason != relatedro.RateLimited || !got.Failing.Since.Equal(w.clock.Now()) || got.Revision != 2 {
		t.Errorf("state %+v", got)
	}
	w.unity.ClearFaults()
	w.clock.Advance(15 * time.Minute)
	if f := w.followed(); !f.Synced || f.Refreshes != 1 {
		t.Errorf("%+v: the first run that goes well has all open cases fetched again", f)
	}
	if got := state(); got.Failing != (relatedro.Failing{}) || got.Since.IsZero() {
		t.Errorf("state %+v", got)
	}
}
