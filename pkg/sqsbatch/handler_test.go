package sqsbatch_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/local/dynamodb"
	"related-ro/infra/local/sqs"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

func TestExportStoresTheFamily(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

func TestCloseFetchesAnew(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125"}))
	w.clock.Advance(time.Minute)
	w.send(w.body("c2", asClose))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "c2", "50124", "50125")
}

func TestBrokenMessagesLeaveAtOnceAndHoldUpNobody(t *testing.T) {
	w := newWorld(t)
	broken := map[string]string{
		sqsbatch.NotJSON:            "hello",
		sqsbatch.InvalidField:       strings.Replace(w.body("x"), `"50123"`, `null`, 1),
		sqsbatch.UnsupportedVersion: strings.Replace(w.body("x"), `"version":1`, `"version":2`, 1),
		sqsbatch.OccurredInFuture:   w.body("x", occurred(w.clock.Now().Add(6*time.Minute))),
	}
	for i, code := range slices.Sorted(maps.Keys(broken)) {
		w.send(broken[code], w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))
	}
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	letters := w.deadLetters()
	for code, body := range broken {
		if len(letters[code]) != 1 || letters[code][0].Body != body {
			t.Errorf("%s: %d dead letters, want the one message unchanged", code, len(letters[code]))
		}
	}
	for i := range len(broken) {
		w.shows(w.stored(fmt.Sprint("case-", i)), relatedro.OutcomeOK, "", fmt.Sprint("e", i), "50124")
	}
	field := letters[sqsbatch.InvalidField][0].MessageAttributes
	if got := *field[sqsbatch.AttrErrorMessage].StringValue; !strings.HasPrefix(got, "roNumber ") {
		t.Errorf("errorMessage %q does not name the field", got)
	}
	if got := *field[sqsbatch.AttrSource].StringValue; got != "export" {
		t.Errorf("source %q", got)
	}
	if _, err := time.Parse(time.RFC3339, *field[sqsbatch.AttrFailedAt].StringValue); err != nil {
		t.Error(err)
	}
}

func TestDeadLetterKeepsTheSendersAttributesAsFarAsTheyFit(t *testing.T) {
	w := newWorld(t)
	sent := map[string]types.MessageAttributeValue{"errorCode": {DataType: aws.String("String"), StringValue: aws.String("an earlier one")}}
	for i := range 9 {
		sent[fmt.Sprint("own-", i)] = types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{byte(i)}}
	}
	w.sendMessage(message{body: "hello", attributes: sent})
	w.run()
	letter := w.deadLetters()[sqsbatch.NotJSON][0]
	if len(letter.MessageAttributes) != 10 {
		t.Errorf("%d attributes, want SQS's limit of 10", len(letter.MessageAttributes))
	}
	if a := letter.MessageAttributes["own-5"]; len(a.BinaryValue) != 1 || a.BinaryValue[0] != 5 {
		t.Errorf("own-5 = %v", a)
	}
	for _, name := range []string{"own-6", "own-7", "own-8"} {
		if !strings.Contains(w.log.String(), name) {
			t.Errorf("dropped %s is not logged", name)
		}
	}
}

func TestMessageStaysWhenItsDeadLetterCannotBeSent(t *testing.T) {
	for name, fault := range map[string]func(sqs.Call) *sqs.Error{
		"the whole call fails": func(c sqs.Call) *sqs.Error {
			if c.Action == "SendMessageBatch" && c.EntryID == "" {
				return sqs.InternalFailure()
			}
			return nil
		},
		"one entry fails": func(c sqs.Call) *sqs.Error {
			if c.Action == "SendMessageBatch" && c.EntryID == "0" {
				return sqs.InternalFailure()
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send("hello")
			w.sqsFault = fault
			if failed := w.run(); failed != 1 {
				t.Fatalf("%d messages failed, want 1", failed)
			}
			w.mu.Lock()
			w.sqsFault = nil
			w.mu.Unlock()
			w.clock.Advance(time.Hour)
			if failed := w.run(); failed != 0 || len(w.deadLetters()[sqsbatch.NotJSON]) != 1 {
				t.Error("the message did not reach the dead-letter queue later")
			}
		})
	}
}

func TestEventRightAfterEnablingIsFetched(t *testing.T) {
	w := newWorld(t)
	w.set("loc-100", relatedro.Disabled, connectionA)
	w.send(w.body("e1"))
	w.run()
	if lookups := w.unity.Counts().Lookups(); lookups != 0 || w.stored().Stored() {
		t.Fatalf("a disabled location cost %d look-ups", lookups)
	}
	w.enable("loc-100", connectionA)
	w.send(w.body("e2"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e2", "50124")
}

func TestDisablingEndsARetryingRetrieval(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Call: karmaktest.CallHeaders}))
	w.send(w.body("e1"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.KarmakError, "e1")
	w.set("loc-100", relatedro.Disabled, connectionA)
	w.clock.Advance(time.Hour)
	if failed := w.run(); failed != 0 {
		t.Fatal("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.LocationDisabled, "e1")
}

func TestAnswerOfAFormerAccountIsDropped(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountB, "50123", "90001")
	w.beforeFirstLookup(func() { w.enable("loc-100", relatedro.Connection{Account: accountB, User: "user-1"}) })
	w.send(w.body("e1"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "90001")
}

func TestSwitchingOffHalfwayStoresNothing(t *testing.T) {
	w := newWorld(t)
	w.beforeFirstLookup(func() { w.set("loc-100", relatedro.Disabled, connectionA) })
	w.send(w.body("e1"))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	if w.stored().Stored() {
		t.Error("a case was stored for a disabled location")
	}
}

func TestTwoRunsOfOneEventEndOKWhenTheSecondFails(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	batch := w.receive(w.queue)
	w.beforeFirstLookup(func() { // the first run stands still here while another one does it all
		w.handle(context.Background(), w.newHandler(), batch)
		w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	})
	if failed := w.handle(context.Background(), w.handler, batch); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

func TestFailedEventIsFetchedAfterRedrive(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.NotActivated, Account: accountA}))
	w.send(w.body("e1"))
	w.run()
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
	w.shows(c, relatedro.OutcomeRetrying, relatedro.FusionOffline, "c2", "50124")
	if !c.Retrieval.RetrievedAt.Equal(fetched) || c.Status != relatedro.CaseClosed {
		t.Errorf("list of %v, status %s; want the list of %v, closed", c.Retrieval.RetrievedAt, c.Status, fetched)
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

func TestFailedMessageReturnsWithin20SecondsAtFirst(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.send(w.body("e1"))
	w.run()
	w.clock.Advance(9 * time.Second)
	if n := len(w.receive(w.queue).Records); n != 0 {
		t.Errorf("%d messages return before 10 s", n)
	}
	w.clock.Advance(11 * time.Second)
	if n := len(w.receive(w.queue).Records); n != 1 {
		t.Errorf("%d messages return within 20 s, want 1", n)
	}
}

func TestVisibilityTimeoutStandsInWhenDelaysCannotBeSet(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	w.sqsFault = func(c sqs.Call) *sqs.Error {
		if c.Action == "ChangeMessageVisibilityBatch" {
			return sqs.InternalFailure()
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
	w.clock.Advance(24 * time.Hour)
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.KarmakError, "e1")
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

func TestFamilyTooLargeToKeepSaysSo(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "80000")
	for i := range 1500 {
		w.must(w.unity.AddRO(accountA, karmaktest.RO{Number: strconv.Itoa(80001 + i), Original: "80000", BillingCustomerName: strings.Repeat("n", 300)}))
	}
	w.send(w.body("e1", underRO("80000")))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.FamilyTooLarge, "e1")
	if got := codes(w.deadLetters()); !slices.Equal(got, []string{string(relatedro.FamilyTooLarge)}) {
		t.Errorf("dead letters %v", got)
	}
}

func TestFamilyOf500IsKeptWhole(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "80000")
	for i := range 500 {
		w.must(w.unity.AddRO(accountA, karmaktest.RO{Number: strconv.Itoa(80001 + i), Original: "80000"}))
	}
	w.send(w.body("e1", underRO("80000")))
	w.run()
	if c := w.stored(); c.Retrieval.Outcome != relatedro.OutcomeOK || len(c.Related) != 500 {
		t.Errorf("%s with %d related ROs, want 500", c.Retrieval.Outcome, len(c.Related))
	}
}

func TestSeveralEventsOfOneCaseAreOneFetch(t *testing.T) {
	w := newWorld(t)
	later := occurred(w.clock.Now().Add(time.Minute))
	w.send(w.body("e1"), w.body("c2", asClose, later), w.body("r3", asRefresh), w.body("c2", asClose, later))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "c2", "50124")
	if got := w.outcomes(); got["ok"] != 1 || got["skipped"] != 3 {
		t.Errorf("outcomes %v, want one ok and three skipped", got)
	}
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
	for name, fault := range map[string]func(op string) *dynamodb.Fault{
		"throttled reads":  func(op string) *dynamodb.Fault { return on(op, "BatchGetItem", dynamodb.Throttled()) },
		"throttled writes": func(op string) *dynamodb.Fault { return on(op, "TransactWriteItems", dynamodb.Throttled()) },
		"conflicts":        func(op string) *dynamodb.Fault { return on(op, "TransactWriteItems", dynamodb.Conflict(3)) },
		"outage":           func(string) *dynamodb.Fault { return dynamodb.Outage() },
		"broken reads":     func(op string) *dynamodb.Fault { return on(op, "BatchGetItem", dynamodb.Broken()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send(w.body("e1"))
			w.countCalls(func(op string, _ []byte) *dynamodb.Fault { return fault(op) })
			if failed := w.run(); failed != 1 {
				t.Fatalf("%d messages failed, want 1", failed)
			}
			if got := w.outcomes(); got["retrying store_unavailable"] != 1 {
				t.Errorf("outcomes %v", got)
			}
			w.countCalls(nil)
			w.clock.Advance(time.Hour)
			if failed := w.run(); failed != 0 {
				t.Fatalf("%d messages failed once the database is back", failed)
			}
			w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
		})
	}
}

func on(op, wanted string, f *dynamodb.Fault) *dynamodb.Fault {
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
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.Unreachable, "e1")
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
		t.Errorf("%d look-ups with hardly any time left", n)
	}
}

func TestClockThatJumpsBackDoesNotFreezeSettings(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	memory := relatedro.NewSettingsMemory(func() time.Time { return now })
	memory.Put(relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled})
	now = now.Add(-time.Hour)
	if _, ok := memory.Get("loc-100"); ok {
		t.Error("settings remembered in the future are trusted")
	}
}

func TestCallsOfABatchOf50(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		ro := strconv.Itoa(60000 + 10*i)
		w.addFamily(accountA, ro, strconv.Itoa(60001+10*i))
		w.send(w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i)), underRO(ro)))
	}
	w.send(w.body("warm", ofCase("case-warm")))
	batch := w.receive(w.queue)
	warming := slices.IndexFunc(batch.Records, func(m events.SQSMessage) bool { return strings.Contains(m.Body, `"warm"`) })
	w.handle(context.Background(), w.handler, events.SQSEvent{Records: batch.Records[warming : warming+1]})
	batch.Records = slices.Delete(batch.Records, warming, warming+1)

	w.unity.ResetCounts()
	w.countCalls(nil)
	if failed := w.handle(context.Background(), w.handler, batch); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	counts := w.unity.Counts()
	reads, writes, lookups, tokens := w.calls("BatchGetItem"), w.calls("TransactWriteItems")+w.calls("PutItem"), counts.Lookups(), counts.Calls[karmaktest.CallToken]
	t.Logf("50 exports of one location, warm: %d BatchGetItem, %d case writes, %d look-ups, %d token calls", reads, writes, lookups, tokens)
	if reads > 2 || writes != 50 || lookups > 4 || tokens != 0 {
		t.Errorf("want at most 2 BatchGetItem, 50 writes, at most 4 look-ups, no token call")
	}
	for op := range w.dbCalls {
		if op != "BatchGetItem" && op != "TransactWriteItems" {
			t.Errorf("unexpected %s", op)
		}
	}
}

func TestCallsOfUnchangedCase(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	w.countCalls(nil)
	w.clock.Advance(time.Minute)
	w.send(w.body("c2", asClose))
	w.run()
	if links := w.calls("TransactWriteItems") + w.calls("BatchWriteItem"); links != 0 {
		t.Errorf("unchanged links cost %d writes", links)
	}
}

func TestLogNamesTheEventAndNoSecret(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	log := w.log.String()
	for _, want := range []string{`"eventId":"e1"`, `"location":"loc-100"`, `"case":"case-1"`, `"trigger":"export"`, `"outcome":"ok"`, `"receives":1`, `"coldStart":true`} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "secret") || strings.Contains(log, "Bearer") {
		t.Errorf("log holds a secret:\n%s", log)
	}
}
