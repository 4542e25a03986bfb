package poller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/goleak"

	"related-ro/infra/emulators/sqsengine"
)

func TestMain(m *testing.M) {
	// A server may keep a connection for half a second after its last answer, longer than goleak looks.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// queue is a queue in a real engine behind a real connection, together with the engine's events.
type queue struct {
	*awssqs.Client
	url    string
	events chan sqsengine.Event
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{events: make(chan sqsengine.Event, 1000)}
	engine := sqsengine.New(sqsengine.Config{Observe: func(e sqsengine.Event) { q.events <- e }})
	if err := engine.CreateQueue("work", map[string]string{"VisibilityTimeout": "600"}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	t.Cleanup(engine.Close)
	q.url = server.URL + "/" + sqsengine.Account + "/work"
	q.Client = awssqs.New(awssqs.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	return q
}

func (q *queue) send(t *testing.T, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		_, err := q.SendMessage(t.Context(), &awssqs.SendMessageInput{
			QueueUrl: &q.url, MessageBody: &body,
			MessageAttributes: map[string]types.MessageAttributeValue{
				"colour": {DataType: aws.String("String"), StringValue: aws.String("red")},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// await returns the bodies of the next n events of the kind, in chronological order.
func (q *queue) await(kind sqsengine.Kind, n int) []string {
	var bodies []string
	for event := range q.events {
		if event.Kind == kind {
			bodies = append(bodies, event.Body)
		}
		if len(bodies) == n {
			break
		}
	}
	return bodies
}

// function is the invoked function: it keeps the events and responds as the test specifies.
type function struct {
	mu     sync.Mutex
	events []events.SQSEvent
	answer func(events.SQSEvent) (string, string, error)
}

func (f *function) invoke(_ context.Context, payload []byte) ([]byte, string, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	f.events = append(f.events, event)
	f.mu.Unlock()
	if f.answer == nil {
		return []byte(`{"batchItemFailures":[]}`), "", nil
	}
	answer, functionError, err := f.answer(event)
	return []byte(answer), functionError, err
}

// seen returns the events so far.
func (f *function) seen() []events.SQSEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// start runs a mapping until the test ends and returns the channel of its batches.
func start(t *testing.T, q *queue, f *function, change func(*Config)) <-chan Batch {
	t.Helper()
	batches := make(chan Batch, 100)
	config := Config{
		Client: q.Client, QueueURL: q.url, QueueARN: "arn:aws:sqs:us-east-1:000000000000:work", Region: "us-east-1",
		BatchSize: 10, MaximumConcurrency: 2, ReportBatchItemFailures: true, Invoke: f.invoke,
		Observe: func(b Batch) { batches <- b },
	}
	if change != nil {
		change(&config)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); Run(ctx, config) }()
	t.Cleanup(func() { cancel(); <-done })
	return batches
}

func TestMessageArrivesWithItsAttributesAndIsDeleted(t *testing.T) {
	q, f := newQueue(t), &function{}
	start(t, q, f, nil)
	q.send(t, "hello")
	if got := q.await(sqsengine.Deleted, 1); got[0] != "hello" {
		t.Errorf("deleted %q", got)
	}
	record := f.seen()[0].Records[0]
	if record.Body != "hello" || record.EventSource != "aws:sqs" || record.AWSRegion != "us-east-1" ||
		record.EventSourceARN != "arn:aws:sqs:us-east-1:000000000000:work" || record.Attributes["ApproximateReceiveCount"] != "1" ||
		aws.ToString(record.MessageAttributes["colour"].StringValue) != "red" {
		t.Errorf("record is %+v", record)
	}
	if _, err := strconv.ParseInt(record.Attributes["SentTimestamp"], 10, 64); err != nil {
		t.Errorf("SentTimestamp: %v", err)
	}
}

func TestBatchIsGatheredOverSeveralReceives(t *testing.T) {
	q, f := newQueue(t), &function{}
	for i := range 27 {
		q.send(t, fmt.Sprint(i))
	}
	start(t, q, f, func(c *Config) { c.BatchSize, c.Window = 25, time.Minute })
	q.await(sqsengine.Deleted, 25)
	if n := len(f.seen()[0].Records); n != 25 {
		t.Errorf("the first event has %d messages, want 25", n)
	}
}

func TestWindowEndsAnIncompleteBatch(t *testing.T) {
	q, f := newQueue(t), &function{}
	q.send(t, "a", "b")
	start(t, q, f, func(c *Config) { c.BatchSize, c.Window = 50, 100*time.Millisecond })
	if got := q.await(sqsengine.Deleted, 2); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("deleted %q", got)
	}
}

func TestEventStaysWithinLambdasPayload(t *testing.T) {
	q, f := newQueue(t), &function{}
	big := strings.Repeat("x", 1_040_000)
	q.send(t, big, big, big, big, big, big, big)
	start(t, q, f, func(c *Config) { c.BatchSize, c.Window = 50, time.Second })
	q.await(sqsengine.Deleted, 7)
	sizes := []int{}
	for _, event := range f.seen() {
		sizes = append(sizes, len(event.Records))
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int{1, 6}) {
		t.Errorf("events have %v messages, want 6 and 1", sizes)
	}
}

func TestOnlySuccessfulMessagesAreDeleted(t *testing.T) {
	// first responds that the first message of the batch failed.
	first := func(format string) func(events.SQSEvent) (string, string, error) {
		return func(e events.SQSEvent) (string, string, error) {
			return fmt.Sprintf(format, e.Records[0].MessageId), "", nil
		}
	}
	says := func(answer, functionError string, err error) func(events.SQSEvent) (string, string, error) {
		return func(events.SQSEvent) (string, string, error) { return answer, functionError, err }
	}
	for name, tc := range map[string]struct {
		answer func(events.SQSEvent) (string, string, error)
		failed int
		hasErr bool
	}{
		"empty list":         {says(`{"batchItemFailures":[]}`, "", nil), 0, false},
		"null list":          {says(`{"batchItemFailures":null}`, "", nil), 0, false},
		"empty object":       {says(`{}`, "", nil), 0, false},
		"null":               {says(`null`, "", nil), 0, false},
		"nothing":            {says(``, "", nil), 0, false},
		"one of two":         {first(`{"batchItemFailures":[{"itemIdentifier":"%s"}]}`), 1, false},
		"not json":           {says(`oops`, "", nil), 2, true},
		"a list":             {says(`[]`, "", nil), 2, true},
		"unknown id":         {says(`{"batchItemFailures":[{"itemIdentifier":"other"}]}`, "", nil), 2, true},
		"empty id":           {says(`{"batchItemFailures":[{"itemIdentifier":""}]}`, "", nil), 2, true},
		"null id":            {says(`{"batchItemFailures":[{"itemIdentifier":null}]}`, "", nil), 2, true},
		"wrong key":          {first(`{"batchItemFailures":[{"id":"%s"}]}`), 2, true},
		"function error":     {says(`{"errorType":"x"}`, "Unhandled", nil), 2, true},
		"function throttled": {says(``, "", errors.New("throttled")), 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			q, f := newQueue(t), &function{answer: tc.answer}
			q.send(t, "a", "b")
			batch := <-start(t, q, f, nil)
			if batch.Messages != 2 || batch.Failed != tc.failed || (batch.Err != nil) != tc.hasErr {
				t.Errorf("batch is %+v, want %d of 2 failed", batch, tc.failed)
			}
			output, err := q.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
				QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessagesNotVisible"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := output.Attributes["ApproximateNumberOfMessagesNotVisible"]; n != strconv.Itoa(tc.failed) {
				t.Errorf("%s messages are not visible, want %d", n, tc.failed)
			}
		})
	}
}

func TestMappingWithoutItemFailuresIgnoresTheAnswer(t *testing.T) {
	q := newQueue(t)
	f := &function{answer: func(e events.SQSEvent) (string, string, error) {
		return fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q}]}`, e.Records[0].MessageId), "", nil
	}}
	q.send(t, "a")
	batch := <-start(t, q, f, func(c *Config) { c.ReportBatchItemFailures = false })
	if batch.Failed != 0 {
		t.Errorf("batch is %+v, want none failed", batch)
	}
}

func TestNoMoreEventsAtOnceThanTheMaximumConcurrency(t *testing.T) {
	q := newQueue(t)
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	f := &function{answer: func(events.SQSEvent) (string, string, error) {
		entered <- struct{}{}
		<-leave
		return "", "", nil
	}}
	q.send(t, "a", "b", "c")
	start(t, q, f, func(c *Config) { c.BatchSize = 1 })
	<-entered
	<-entered
	if n := len(q.await(sqsengine.Received, 2)); n != 2 {
		t.Fatalf("received %d messages", n)
	}
	// With both slots taken, no more messages are received, so the third stays visible to others.
	output, err := q.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &q.url})
	if err != nil {
		t.Fatal(err)
	}
	if len(output.Messages) != 1 {
		t.Errorf("%d messages were left, want 1", len(output.Messages))
	}
	close(leave)
	q.await(sqsengine.Deleted, 2)
}

func TestReceiveThatFailsIsReportedAndTriedAgain(t *testing.T) {
	q, f := newQueue(t), &function{}
	url := q.url
	q.url = strings.Replace(url, "/work", "/other", 1)
	batches := start(t, q, f, nil)
	q.url = url
	var missing *types.QueueDoesNotExist
	for range 2 {
		if batch := <-batches; !errors.As(batch.Err, &missing) {
			t.Errorf("reported %v, want QueueDoesNotExist", batch.Err)
		}
	}
}

func TestStoppedMappingFinishesItsEvent(t *testing.T) {
	q := newQueue(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	f := &function{answer: func(events.SQSEvent) (string, string, error) {
		close(entered)
		<-leave
		return "", "", nil
	}}
	q.send(t, "a")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Run(ctx, Config{Client: q.Client, QueueURL: q.url, BatchSize: 1, Invoke: f.invoke})
	}()
	<-entered
	stop()
	close(leave)
	<-done
	if got := q.await(sqsengine.Deleted, 1); got[0] != "a" {
		t.Errorf("deleted %q", got)
	}
}
