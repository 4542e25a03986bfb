package sqsbatch_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

func TestTwoRunsOfOneEventEndOKWhenTheSecondFails(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	batch := w.receive(w.queue)
	// The first run pauses here for longer than its lease, while a second run does everything.
	w.beforeFirstLookup(func() {
		w.clock.Advance(relatedro.FarAhead)
		w.handle(context.Background(), w.newHandler(), batch)
		w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	})
	if failed := w.handle(context.Background(), w.handler, batch); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

// As above, but the resumed run would give up.
func TestTwoRunsOfAnEventLeaveNoDeadLetterWhenTheSecondGivesUp(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated}))
	w.send(w.body("e1"))
	w.run()
	w.clock.Advance(relatedro.NotActivatedGrace)
	batch := w.receive(w.queue)
	w.beforeFirstLookup(func() {
		w.clock.Advance(relatedro.FarAhead)
		w.unity.ClearFaults()
		w.handle(context.Background(), w.newHandler(), batch)
		w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated}))
	})
	w.handle(context.Background(), w.handler, batch)
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
	if letters := w.deadLetters(); len(letters) != 0 {
		t.Errorf("dead letters %v of an event that succeeded", codes(letters))
	}
}

func TestFailedEventIsFetchedAfterRedrive(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Account: accountA}))
	w.send(w.body("e1"))
	w.runForAnHour()
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.NotActivated, "e1")
	letters := w.deadLetters()[string(relatedro.NotActivated)]
	if len(letters) != 1 {
		t.Fatalf("%d dead letters", len(letters))
	}
	w.unity.ClearFaults()
	w.send(letters[0].Body)
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

// A proxy between us and Karmak may also refuse for a while. Failures before an event's first
// refusal do not count toward the hour: here the dealer's server was away for two hours.
func TestRefusalOfAnHourIsFinalAndNoneBefore(t *testing.T) {
	for _, status := range []int{403, 404, 400} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			w := newWorld(t)
			w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
			w.send(w.body("e1"))
			w.run()
			w.unity.ClearFaults()
			w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Status: status}))
			w.clock.Advance(2 * time.Hour)
			if failed := w.run(); failed != 1 {
				t.Fatal("the first refusal is final")
			}
			w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.NotActivated, "e1")
			written := w.stored().Revision
			w.clock.Advance(relatedro.NotActivatedGrace - time.Second)
			w.run()
			w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.NotActivated, "e1")
			if got := w.stored().Revision; got != written {
				t.Errorf("%d redundant writes", got-written)
			}
			w.clock.Advance(relatedro.NotActivatedGrace)
			w.run()
			w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.NotActivated, "e1")
			if letters := w.deadLetters(); len(letters[string(relatedro.NotActivated)]) != 1 {
				t.Errorf("dead letters %v", codes(letters))
			}
		})
	}
}

// Karmak gave another answer between two refusals, which restarts the hour.
func TestRefusalsApartAreNotOne(t *testing.T) {
	w := newWorld(t)
	refused := karmaktest.Fault{Kind: karmaktest.NotActivated}
	w.send(w.body("e1"))
	for _, fault := range []karmaktest.Fault{refused, {Kind: karmaktest.StatusError}, refused} {
		w.unity.ClearFaults()
		w.must(w.unity.SetFault(fault))
		w.run()
		w.clock.Advance(relatedro.NotActivatedGrace)
	}
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.NotActivated, "e1")
	w.run()
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.NotActivated, "e1")

	// Redriven without a correction, the event fails again at once. Another event gets its own
	// hour.
	w.send(w.deadLetters()[string(relatedro.NotActivated)][0].Body)
	w.run()
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.NotActivated, "e1")
	w.send(w.body("c2", asClose))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.NotActivated, "c2")
}

func TestLastGoodListStaysWhileANewerRetrievalFails(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	fetched := w.stored().Retrieval.RetrievedAt
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	w.clock.Advance(time.Minute)
	w.send(w.body("c2", asClose))
	w.run()
	c := w.stored()
	w.shows(c, relatedro.OutcomeRetrying, relatedro.DealerOffline, "c2", "50124")
	if !c.Retrieval.RetrievedAt.Equal(fetched) || c.Status != relatedro.CaseClosed {
		t.Errorf("list of %v, status %s; want the list of %v, status closed", c.Retrieval.RetrievedAt, c.Status, fetched)
	}
}

func TestOneAccountsFailureIsItsOwn(t *testing.T) {
	w := newWorld(t)
	w.enable("loc-200", relatedro.Connection{Account: accountB, User: "user-1"})
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.RateLimited, Account: accountB, RetryAfter: "120"}))
	w.send(w.body("e1"), w.body("e2", at("loc-200")))
	if failed := w.run(); failed != 1 {
		t.Fatalf("%d messages failed, want 1", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
	w.clock.Advance(119 * time.Second)
	if early := w.receive(w.queue).Records; len(early) != 0 {
		t.Errorf("%d messages return before Retry-After", len(early))
	}
	w.clock.Advance(2 * time.Second)
	if back := w.receive(w.queue).Records; len(back) != 1 {
		t.Errorf("%d messages return after Retry-After, want 1", len(back))
	}
}

func TestFailedMessageReturnsWithin10SecondsAtFirst(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("e1"))
	w.run()
	w.clock.Advance(7 * time.Second)
	if n := len(w.receive(w.queue).Records); n != 0 {
		t.Errorf("%d messages return before 7 s", n)
	}
	w.clock.Advance(3 * time.Second)
	if n := len(w.receive(w.queue).Records); n != 1 {
		t.Errorf("%d messages return within 10 s, want 1", n)
	}
}

func TestVisibilityTimeoutStandsInWhenDelaysCannotBeSet(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.sqsFault = func(c sqsengine.Call) *sqsengine.Error {
		if c.Action == "ChangeMessageVisibilityBatch" {
			return sqsengine.InternalFailure()
		}
		return nil
	}
	w.send(w.body("e1"))
	if failed := w.run(); failed != 1 {
		t.Fatalf("%d messages failed, want 1", failed)
	}
	w.clock.Advance(360 * time.Second)
	if n := len(w.receive(w.queue).Records); n != 1 {
		t.Errorf("%d messages return after the visibility timeout, want 1", n)
	}
}

func TestGivesUpAfterADay(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("e1"))
	w.run()
	if at := w.stored().Retrieval.AttemptedAt; !at.IsZero() {
		t.Errorf("last tried %v, while it is tried again", at)
	}
	began := w.clock.Now()
	w.clock.Advance(24 * time.Hour)
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.DMSError, "e1")
	if r := w.stored().Retrieval; !r.AttemptedAt.Equal(w.clock.Now()) || r.Since.After(began) {
		t.Errorf("last tried %v, failing since %v", r.AttemptedAt, r.Since)
	}
	if got := codes(w.deadLetters()); !slices.Equal(got, []string{sqsbatch.GaveUp}) {
		t.Errorf("dead letters %v", got)
	}
}

func TestUnknownROHasAnHour(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1", underRO("70000")))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.RONotFound, "e1")
	w.clock.Advance(time.Hour)
	w.run()
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.RONotFound, "e1")
	if got := codes(w.deadLetters()); !slices.Equal(got, []string{string(relatedro.RONotFound)}) {
		t.Errorf("dead letters %v", got)
	}
}

func TestFamilyTooLargeToKeepIsCut(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "80000")
	for i := range 1500 {
		w.must(w.unity.AddRO(accountA, karmaktest.RO{Number: strconv.Itoa(80001 + i), Original: "80000",
			BillingCustomerName: strings.Repeat("n", 300)}))
	}
	w.send(w.body("e1", underRO("80000")))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	if c := w.stored(); c.Retrieval.Outcome != relatedro.OutcomeOK || c.Omitted == 0 || len(c.Related)+c.Omitted != 1500 {
		t.Errorf("%s with %d related ROs and %d omitted, want 1500 in all", c.Retrieval.Outcome, len(c.Related), c.Omitted)
	}
	if got := codes(w.deadLetters()); len(got) > 0 {
		t.Errorf("dead letters %v", got)
	}
}

// spoil replaces an attribute of an item of loc-100 with a string.
func (w *world) spoil(sk, attribute string) {
	set := "SET " + attribute + " = :text"
	_, err := db.Client().UpdateItem(context.Background(), &awsdynamodb.UpdateItemInput{
		TableName: &w.table, UpdateExpression: &set,
		Key: map[string]dynamodbtypes.AttributeValue{
			"PK": &dynamodbtypes.AttributeValueMemberS{Value: "LOC#loc-100"}, "SK": &dynamodbtypes.AttributeValueMemberS{Value: sk},
		},
		ExpressionAttributeValues: map[string]dynamodbtypes.AttributeValue{":text": &dynamodbtypes.AttributeValueMemberS{Value: "spoilt"}},
	})
	w.must(err)
}

func TestUnreadableItemFailsItsOwnMessageOnly(t *testing.T) {
	t.Run("a case", func(t *testing.T) {
		w := newWorld(t)
		w.send(w.body("e0"))
		w.run()
		w.spoil("CASE#case-1", "retrieval")
		w.unity.ResetCounts()
		w.send(w.body("c1", asClose, occurred(w.clock.Now().Add(time.Minute))), w.body("e2", ofCase("case-2")))
		if failed := w.run(); failed != 1 {
			t.Errorf("%d messages failed, want only the one of the unreadable case", failed)
		}
		w.shows(w.stored("case-2"), relatedro.OutcomeOK, "", "e2", "50124")
		if got := w.outcomes(); got["retrying store_unavailable"] != 1 {
			t.Errorf("outcomes %v", got)
		}
	})
	t.Run("settings", func(t *testing.T) {
		w := newWorld(t)
		w.enable("loc-200", connectionA)
		w.spoil("SETTINGS", "karmak")
		w.send(w.body("e1"), w.body("e2", at("loc-200"), ofCase("case-2")))
		if failed := w.run(); failed != 1 {
			t.Errorf("%d messages failed, want only the one of the location with unreadable settings", failed)
		}
		if got := w.outcomes(); got["retrying store_unavailable"] != 1 || got["ok"] != 1 {
			t.Errorf("outcomes %v", got)
		}
	})
}

func TestFailedRefreshDoesNotMarkANewerList(t *testing.T) {
	w := newWorld(t)
	asked := w.clock.Now()
	w.clock.Advance(time.Minute)
	w.send(w.body("e1"))
	w.run()
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("r0", asRefresh, occurred(asked)))
	if failed := w.run(); failed != 0 {
		t.Error("the refresh is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

func TestDatabaseTroubleLosesNothing(t *testing.T) {
	for name, fault := range map[string]func(op string) *dynamodbengine.Fault{
		"throttled reads":  func(op string) *dynamodbengine.Fault { return on(op, "BatchGetItem", dynamodbengine.Throttled()) },
		"throttled writes": func(op string) *dynamodbengine.Fault { return on(op, "TransactWriteItems", dynamodbengine.Throttled()) },
		"conflicts":        func(op string) *dynamodbengine.Fault { return on(op, "TransactWriteItems", dynamodbengine.Conflict(3)) },
		"outage":           func(string) *dynamodbengine.Fault { return dynamodbengine.Outage() },
		"broken reads":     func(op string) *dynamodbengine.Fault { return on(op, "BatchGetItem", dynamodbengine.Broken()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send(w.body("e1"))
			w.countCalls(func(op string, _ []byte) *dynamodbengine.Fault { return fault(op) })
			if failed := w.run(); failed != 1 {
				t.Fatalf("%d messages failed, want 1", failed)
			}
			if got := w.outcomes(); got["retrying store_unavailable"] != 1 {
				t.Errorf("outcomes %v", got)
			}
			w.countCalls(nil)
			w.clock.Advance(time.Hour)
			if failed := w.run(); failed != 0 {
				t.Fatalf("%d messages failed after the database recovered", failed)
			}
			w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
		})
	}
}

func on(op, wanted string, f *dynamodbengine.Fault) *dynamodbengine.Fault {
	if op == wanted {
		return f
	}
	return nil
}

func TestHandlerStopsBeforeLambdaKillsIt(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Hang, Call: karmaktest.CallHeaders}))
	w.send(w.body("e1"))
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if failed := w.handle(ctx, w.handler, w.receive(w.queue)); failed != 1 || ctx.Err() != nil {
		t.Errorf("%d messages failed, context %v; want 1 before the deadline", failed, ctx.Err())
	}
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.OutOfTime, "e1")
}

func TestSQSThatHangsDoesNotHoldUpTheAnswer(t *testing.T) {
	w := newWorld(t)
	w.enable("loc-200", relatedro.Connection{Account: accountB, User: "user-1"})
	// One message to set aside and one to delay.
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Account: accountA}))
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Account: accountB}))
	w.send(w.body("e1"))
	w.run()
	w.send(w.body("e2", at("loc-200")))
	w.clock.Advance(relatedro.NotActivatedGrace)
	batch := w.receive(w.queue)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	answered := make(chan struct{})
	w.sqsFault = func(sqsengine.Call) *sqsengine.Error {
		<-answered
		return nil
	}
	response, err := w.handler.Handle(ctx, batch)
	close(answered)
	if n := len(response.BatchItemFailures); n != 2 || err != nil || ctx.Err() != nil {
		t.Errorf("%d messages failed, %v, context %v; want 2 before the deadline", n, err, ctx.Err())
	}
}

func TestNoTimeLeftStartsNothing(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	batch := w.receive(w.queue)
	ctx, cancel := context.WithTimeout(context.Background(), 900*time.Millisecond)
	defer cancel()
	if failed := w.handle(ctx, w.handler, batch); failed != 1 {
		t.Errorf("%d messages failed, want 1", failed)
	}
	if n := w.unity.Counts().Lookups(); n != 0 {
		t.Errorf("%d look-ups with almost no time left", n)
	}
}

// Support corrects a location's account and redrives at once, while the warm function still
// remembers the former account.
func TestFailureOfAFormerAccountIsDropped(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountB, "50123", "90001")
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Account: accountA}))
	w.send(w.body("e1"))
	w.runForAnHour()
	letters := w.deadLetters()[string(relatedro.NotActivated)]
	if len(letters) != 1 {
		t.Fatalf("%d dead letters", len(letters))
	}
	w.enable("loc-100", relatedro.Connection{Account: accountB, User: "user-1"})
	w.send(letters[0].Body)
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "90001")
	if again := w.deadLetters(); len(again) != 0 {
		t.Errorf("dead letters %v", codes(again))
	}
}

func TestFailureAfterSwitchingOffIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Account: accountA}))
	w.beforeFirstLookup(func() { w.set("loc-100", relatedro.Disabled, connectionA) })
	w.send(w.body("e1"))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	if letters := w.deadLetters(); w.stored().Stored() || len(letters) != 0 {
		t.Errorf("stored: %v, dead letters %v; want neither", w.stored().Stored(), codes(letters))
	}
}

// An export fails and a later refresh succeeds. Then the export returns and fails again.
func TestFailureDoesNotReplaceAnOKOfANewerRefresh(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.WrongJSON}))
	w.send(w.body("e1"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.UnexpectedAnswer, "e1")

	w.clock.Advance(time.Second)
	w.unity.ClearFaults()
	w.send(w.body("r2", asRefresh))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r2", "50124")

	w.clock.Advance(time.Minute)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.WrongJSON}))
	if failed := w.run(); failed != 1 {
		t.Fatalf("%d messages failed, want 1: the export is retried", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r2", "50124")

	w.clock.Advance(time.Hour)
	w.unity.ClearFaults()
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

func TestFailureMarksAListThatIsNoLongerShown(t *testing.T) {
	w := newWorld(t)
	asked := w.clock.Now()
	w.clock.Advance(time.Minute)
	w.send(w.body("e1"))
	w.run()
	w.enable("loc-100", relatedro.Connection{Account: accountB, User: "user-1"})
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.WrongJSON, Account: accountB}))
	w.clock.Advance(relatedro.SettingsLife)
	w.send(w.body("r0", asRefresh, occurred(asked)))
	if failed := w.run(); failed != 1 {
		t.Errorf("%d messages failed, want 1: the refresh is retried, since the list is of the former account", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.UnexpectedAnswer, "r0", "50124")
}

// The function's clock was an hour ahead during the fetch and then jumped back.
func TestFailedRefreshIsTriedAgainOverAListOfTheFuture(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	before := w.stored()
	after := before
	after.Retrieval.RetrievedAt = w.clock.Now().Add(time.Hour)
	w.must(w.store.SaveCase(t.Context(), before, after))
	w.clock.Advance(time.Minute)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("r2", asRefresh))
	if failed := w.run(); failed != 1 {
		t.Errorf("%d messages failed, want 1: the refresh is retried", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.DMSError, "r2", "50124")
}

// The cases may be made up: Karmak does not know their RO, or gives no answer about it.
func TestRefreshOfACaseNeverExportedLeavesNothingBehind(t *testing.T) {
	for name, c := range map[string]struct {
		ro     string
		fault  karmaktest.Kind // "" for none
		failed int             // number of messages that are retried
	}{
		"an RO that Karmak does not know": {"99999", "", 0},
		"not activated":                   {"50123", karmaktest.NotActivated, 0},
		"Karmak is offline":               {"50123", karmaktest.Offline, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.fault != "" {
				w.must(w.unity.SetFault(karmaktest.Fault{Kind: c.fault}))
			}
			w.send(w.body("r1", asRefresh, underRO(c.ro)))
			if failed := w.run(); failed != c.failed {
				t.Errorf("%d messages failed, want %d", failed, c.failed)
			}
			if stored := w.stored(); stored.Stored() {
				t.Errorf("stored %+v", stored)
			}
			if letters := w.deadLetters(); len(letters) != 0 {
				t.Errorf("dead letters %v", codes(letters))
			}
		})
	}
}

func TestRefreshOfACaseNeverExportedIsStoredIfKarmakKnowsTheRO(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("r1", asRefresh))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r1", "50124")
}
