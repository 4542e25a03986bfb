package sqsbatch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

var db *dynamodbtest.Server // for all tests of the package; each has its own table

func TestMain(m *testing.M) {
	db = dynamodbtest.Start()
	code := m.Run()
	db.Close()
	os.Exit(code)
}

// world is the handler of one queue over real engines: SQS and DynamoDB over their wire protocols,
// the Karmak simulator over HTTP. Its clock advances only by hand.
type world struct {
	t       testing.TB
	clock   *clock.Manual
	unity   *karmaktest.Server
	client  *awssqs.Client
	store   *dynamo.Store
	handler *sqsbatch.Handler
	log     *lockedBuffer

	mu         sync.Mutex
	dbCalls    map[string]int
	sqsFault   func(sqsengine.Call) *sqsengine.Error
	beforeAsk  func() // runs before each look-up at Karmak
	observed   []sqsbatch.Observation
	queue, dlq string
	table      string
	retention  time.Duration
}

const (
	accountA = "account-a"
	accountB = "account-b"
)

var connectionA = relatedro.Connection{Account: accountA, User: "user-1"}

// newWorld returns a world with location loc-100 enabled on account A, where RO 50123 has the
// alternate 50124.
func newWorld(t testing.TB) *world {
	w := &world{t: t, clock: clock.NewManual(time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)), log: &lockedBuffer{},
		dbCalls: map[string]int{}}
	w.unity = karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret", SubscriptionKey: "key", Now: w.clock.Now})
	t.Cleanup(w.unity.Close)
	for _, account := range []string{accountA, accountB} {
		w.must(w.unity.AddAccount(karmaktest.Account{ID: account, Users: []string{"user-1", "user-2"}}))
	}
	w.addFamily(accountA, "50123", "50124")

	_, w.client, _ = sqstest.Start(t, sqsengine.Config{Clock: w.clock, Fault: w.faultOf})
	w.dlq = w.createQueue("case-export-dlq")
	w.queue = w.createQueue("case-export")

	w.table = db.Table(t)
	w.store = dynamo.New(db.Client(), w.table)
	w.countCalls(nil)
	w.enable("loc-100", connectionA)
	w.handler = w.newHandler()
	return w
}

// keys are what Karmak gave us.
func keys(context.Context) (karmak.Credentials, error) {
	return karmak.Credentials{ClientID: "id", ClientSecret: "secret", SubscriptionKey: "key"}, nil
}

// newDMS returns the Karmak client of a new process.
func (w *world) newDMS() *karmak.Client {
	asking := &http.Transport{}
	w.t.Cleanup(asking.CloseIdleConnections)
	return karmak.New(karmak.Config{
		BaseURL: w.unity.URL, Credentials: keys, Now: w.clock.Now, Logger: w.logger(),
		RetryDelay: time.Millisecond, MaxRetryDelay: time.Millisecond,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			w.mu.Lock()
			hook := w.beforeAsk
			w.mu.Unlock()
			if hook != nil && strings.Contains(r.URL.Path, karmaktest.CallHeaders) {
				hook()
			}
			return asking.RoundTrip(r)
		}),
	})
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(w.log, nil)) }

// newHandler returns the handler of a new process, with an empty memory.
func (w *world) newHandler() *sqsbatch.Handler {
	retriever := relatedro.NewRetriever(w.store, w.newDMS(), w.clock.Now)
	retriever.Retention = w.retention
	return sqsbatch.NewHandler(sqsbatch.Config{
		Source: "export", QueueURL: w.queue, DeadLetterURL: w.dlq, Now: w.clock.Now, Log: w.logger(),
		Observe: func(o sqsbatch.Observation) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.observed = append(w.observed, o)
		},
	}, w.client, retriever)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// beforeFirstLookup runs f once, before the first look-up, which waits for it. Other look-ups do
// not wait.
func (w *world) beforeFirstLookup(f func()) {
	var begun atomic.Bool
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beforeAsk = func() {
		if begun.CompareAndSwap(false, true) {
			f()
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) createQueue(name string) string {
	out, err := w.client.CreateQueue(w.t.Context(), &awssqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"VisibilityTimeout": "360", "MessageRetentionPeriod": "1209600"}})
	w.must(err)
	return *out.QueueUrl
}

// addFamily adds an RO and its alternates to an account.
func (w *world) addFamily(account, ro string, alternates ...string) {
	w.must(w.unity.AddRO(account, karmaktest.RO{Number: ro, BillingCustomerName: "Hill Trucking"}))
	for _, alternate := range alternates {
		w.must(w.unity.Spinoff(account, ro, "", karmaktest.RO{Number: alternate, BillingCustomerName: "Warranty Co",
			BillingCustomerWarranty: true}))
	}
}

func (w *world) enable(location string, connection relatedro.Connection) {
	w.set(location, relatedro.Enabled, connection)
}

func (w *world) set(location string, status relatedro.FeatureStatus, connection relatedro.Connection) {
	w.t.Helper()
	before, err := w.store.Settings(context.Background(), location)
	w.must(err)
	after := relatedro.Settings{Location: location, Status: status, Connection: connection, Version: before.Version + 1,
		UpdatedAt: w.clock.Now()}
	w.must(w.store.SaveSettings(context.Background(), relatedro.Change{ID: fmt.Sprint("change-", after.Version), At: w.clock.Now(),
		By: "test", Before: before, After: after}))
}

// countCalls counts DynamoDB calls from now on and lets fault decide which of them fail.
func (w *world) countCalls(fault dynamodbengine.FaultFunc) {
	w.mu.Lock()
	w.dbCalls = map[string]int{}
	w.mu.Unlock()
	db.Faults(w.t, func(op string, body []byte) *dynamodbengine.Fault {
		w.mu.Lock()
		w.dbCalls[op]++
		w.mu.Unlock()
		if fault == nil {
			return nil
		}
		return fault(op, body)
	})
}

func (w *world) calls(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dbCalls[op]
}

func (w *world) faultOf(c sqsengine.Call) *sqsengine.Error {
	w.mu.Lock()
	fault := w.sqsFault
	w.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(c)
}

// message is a body to send, with the sender's attributes.
type message struct {
	body       string
	attributes map[string]types.MessageAttributeValue
}

func (w *world) send(bodies ...string) {
	for _, body := range bodies {
		w.sendMessage(message{body: body})
	}
}

func (w *world) sendMessage(m message) {
	_, err := w.client.SendMessage(context.Background(),
		&awssqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: &m.body, MessageAttributes: m.attributes})
	w.must(err)
}

// receive receives every visible message of a queue, as an event source mapping does.
func (w *world) receive(queue string) (batch events.SQSEvent) {
	for {
		out, err := w.client.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{
			QueueUrl: &queue, MaxNumberOfMessages: 10,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			MessageAttributeNames:       []string{"All"},
		})
		w.must(err)
		for _, m := range out.Messages {
			record := events.SQSMessage{
				MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body,
				Attributes: m.Attributes, MessageAttributes: map[string]events.SQSMessageAttribute{},
			}
			for name, a := range m.MessageAttributes {
				record.MessageAttributes[name] = events.SQSMessageAttribute{DataType: *a.DataType, StringValue: a.StringValue,
					BinaryValue: a.BinaryValue}
			}
			batch.Records = append(batch.Records, record)
		}
		if len(out.Messages) == 0 {
			return batch
		}
	}
}

// run passes every visible message to the handler and deletes those that it acknowledges. It
// returns the number of the others.
func (w *world) run() (failed int) {
	w.t.Helper()
	return w.handle(context.Background(), w.handler, w.receive(w.queue))
}

// runForAnHour runs the handler now and again after an hour, when a refusal becomes final.
func (w *world) runForAnHour() {
	w.t.Helper()
	w.run()
	w.clock.Advance(relatedro.NotActivatedGrace)
	w.run()
}

func (w *world) handle(ctx context.Context, h *sqsbatch.Handler, batch events.SQSEvent) (failed int) {
	response, err := h.Handle(ctx, batch)
	w.must(err)
	if response.BatchItemFailures == nil {
		w.t.Error("batchItemFailures is null, want a list")
	}
	kept := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		kept[f.ItemIdentifier] = true
	}
	for _, m := range batch.Records {
		if !kept[m.MessageId] {
			_, err := w.client.DeleteMessage(context.Background(),
				&awssqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: aws.String(m.ReceiptHandle)})
			w.must(err)
		}
	}
	return len(response.BatchItemFailures)
}

// body returns an export of case-1 at loc-100 with RO 50123, with the given changes.
func (w *world) body(id string, change ...func(*relatedro.Event)) string {
	ev := relatedro.Event{
		ID: id, Type: relatedro.Exported, OccurredAt: w.clock.Now(),
		Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}, RO: "50123",
	}
	for _, c := range change {
		c(&ev)
	}
	text, err := sqsbatch.Encode(ev)
	w.must(err)
	return text
}

func asClose(ev *relatedro.Event)   { ev.Type, ev.ClosedBy = relatedro.Closed, relatedro.ClosedByUser }
func asRefresh(ev *relatedro.Event) { ev.Type = relatedro.Refresh }

func ofCase(id string) func(*relatedro.Event) {
	return func(ev *relatedro.Event) { ev.Key.Case = id }
}

func at(location string) func(*relatedro.Event) {
	return func(ev *relatedro.Event) { ev.Key.Location = location }
}

func underRO(ro string) func(*relatedro.Event) { return func(ev *relatedro.Event) { ev.RO = ro } }

func occurred(t time.Time) func(*relatedro.Event) {
	return func(ev *relatedro.Event) { ev.OccurredAt = t }
}

// stored returns case-1 of loc-100, or the case with the given id, from the store.
func (w *world) stored(ids ...string) relatedro.Case {
	w.t.Helper()
	k := relatedro.CaseKey{Location: "loc-100", Case: "case-1"}
	if len(ids) > 0 {
		k.Case = ids[0]
	}
	loaded, err := w.store.Load(context.Background(), relatedro.Keys{Cases: []relatedro.CaseKey{k}})
	w.must(err)
	return loaded.Cases[k]
}

// shows fails the test unless the case's retrieval and related ROs are as given.
func (w *world) shows(c relatedro.Case, outcome relatedro.Outcome, reason relatedro.Reason, event string, related ...string) {
	w.t.Helper()
	if r := c.Retrieval; r.Outcome != outcome || r.Reason != reason || r.EventID != event {
		w.t.Errorf("retrieval is %s %q of %s, want %s %q of %s", r.Outcome, r.Reason, r.EventID, outcome, reason, event)
	}
	var numbers []string
	for _, r := range c.Related {
		numbers = append(numbers, r.RO)
	}
	if !slices.Equal(numbers, related) {
		w.t.Errorf("related ROs are %v, want %v", numbers, related)
	}
}

// deadLetters returns the messages in the dead-letter queue by error code.
func (w *world) deadLetters() map[string][]events.SQSMessage {
	letters := map[string][]events.SQSMessage{}
	for _, m := range w.receive(w.dlq).Records {
		code := ""
		if a, ok := m.MessageAttributes[sqsbatch.AttrErrorCode]; ok {
			code = *a.StringValue
		}
		letters[code] = append(letters[code], m)
	}
	return letters
}

func codes(letters map[string][]events.SQSMessage) []string {
	return slices.Sorted(maps.Keys(letters))
}

// outcomes counts the observations by outcome and reason.
func (w *world) outcomes() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[string]int{}
	for _, o := range w.observed {
		counts[strings.TrimSpace(string(o.Outcome)+" "+o.Reason)]++
	}
	return counts
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*lockedBuffer)(nil)

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
