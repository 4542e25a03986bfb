package sqsbatch_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/sqsbatch"
)

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
	reads, writes, leases := w.calls("BatchGetItem"), w.calls("TransactWriteItems")+w.calls("PutItem"), w.calls("UpdateItem")
	lookups, tokens := counts.Lookups(), counts.Calls[karmaktest.CallToken]
	t.Logf("50 exports of one location, warm: %d BatchGetItem, %d case writes, %d writes of the lease, %d look-ups, %d token calls",
		reads, writes, leases, lookups, tokens)
	if reads > 2 || writes != 50 || leases != 2 || lookups > 4 || tokens != 0 {
		t.Errorf("want at most 2 BatchGetItem, 50 case writes, 2 writes of the lease, at most 4 look-ups, no token call")
	}
	for op := range w.dbCalls {
		if op != "BatchGetItem" && op != "TransactWriteItems" && op != "UpdateItem" {
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
		t.Errorf("%d writes for unchanged links", links)
	}
}

func TestCallsToSQSTakeTenMessages(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	calls := map[string]int{}
	w.sqsFault = func(c sqsengine.Call) *sqsengine.Error {
		if c.EntryID == "" {
			mu.Lock()
			defer mu.Unlock()
			calls[c.Action]++
		}
		return nil
	}
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	for i := range 25 {
		w.send("broken", w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))
	}
	batch := w.receive(w.queue)
	clear(calls)
	response, err := w.handler.Handle(context.Background(), batch)
	w.must(err)
	t.Logf("25 broken and 25 failing messages: %v", calls)
	if want := map[string]int{"SendMessageBatch": 3, "ChangeMessageVisibilityBatch": 3}; !maps.Equal(calls, want) ||
		len(response.BatchItemFailures) != 25 {
		t.Errorf("calls %v and %d messages failed, want %v and 25", calls, len(response.BatchItemFailures), want)
	}
	if letters := w.deadLetters()[sqsbatch.NotJSON]; len(letters) != 25 {
		t.Errorf("%d dead letters, want 25", len(letters))
	}
}

func TestCallsToSQSTakeOneMiB(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.send(strings.Repeat("x", sqsengine.MaxMessageBytes*2/5))
	}
	if failed := w.run(); failed != 0 {
		t.Errorf("%d messages failed", failed)
	}
	if letters := w.deadLetters()[sqsbatch.NotJSON]; len(letters) != 5 {
		t.Errorf("%d dead letters, want 5", len(letters))
	}
}
