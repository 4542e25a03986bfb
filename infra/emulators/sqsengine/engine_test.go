package sqsengine_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/sqsengine"
)

func TestFaultHookFailsAWholeCall(t *testing.T) {
	for name, c := range map[string]struct {
		fault *sqsengine.Error
		code  string
	}{
		"throttled": {sqsengine.Throttled(), "RequestThrottled"},
		"broken":    {sqsengine.InternalFailure(), "InternalFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqsengine.Config{Fault: func(call sqsengine.Call) *sqsengine.Error {
				if call.Action == "SendMessageBatch" && call.Queue == "dead" && call.EntryID == "" {
					return c.fault
				}
				return nil
			}}, nil)
			entries := []types.SendMessageBatchRequestEntry{{Id: aws.String("a"), MessageBody: aws.String("b")}}
			_, err := w.client.SendMessageBatch(t.Context(),
				&awssqs.SendMessageBatchInput{QueueUrl: aws.String(w.dead()), Entries: entries})
			if got := code(err); got != c.code {
				t.Errorf("to the dead-letter queue: got %q, want %s", got, c.code)
			}
			_, err = w.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &w.url, Entries: entries})
			w.must(err)
			w.receiveCount(w.dead(), 0)
		})
	}
}

func TestFaultHookFailsOneEntry(t *testing.T) {
	w := newWorld(t, sqsengine.Config{Fault: func(call sqsengine.Call) *sqsengine.Error {
		if call.EntryID == "b" {
			return sqsengine.InternalFailure()
		}
		return nil
	}}, nil)
	out, err := w.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &w.url,
		Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("a"), MessageBody: aws.String("a")},
			{Id: aws.String("b"), MessageBody: aws.String("b")},
		}})
	w.must(err)
	if len(out.Failed) != 1 || *out.Failed[0].Id != "b" || out.Failed[0].SenderFault || *out.Failed[0].Code != "InternalFailure" {
		t.Errorf("failed: %+v, want b with InternalFailure, which is not the sender's fault", out.Failed)
	}
	w.receiveCount(w.url, 1)
}

func TestObserverSeesEveryStep(t *testing.T) {
	var seen []string
	w := newWorld(t, sqsengine.Config{Observe: func(e sqsengine.Event) {
		seen = append(seen, fmt.Sprintf("%s %s %q %s%d %v", e.Queue, e.Kind, e.Body, e.To, e.ReceiveCount, e.VisibleIn))
	}}, nil)
	w.must(setRedrive(w, 1))
	w.send("poison")
	handle := w.receive(w.url, 30)[0].ReceiptHandle
	w.must(w.changeVisibility(handle, 5))
	w.clock.Advance(5 * time.Second)
	w.receiveCount(w.url, 0)
	handle = w.receive(w.dead(), 30)[0].ReceiptHandle
	_, err := w.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: aws.String(w.dead()), ReceiptHandle: handle})
	w.must(err)
	w.send("left")
	w.clock.Advance(4 * 24 * time.Hour)
	w.receiveCount(w.url, 0)
	want := []string{
		`work sent "poison" 0 0s`,
		`work received "poison" 1 30s`,
		`work rescheduled "poison" 1 5s`,
		`work moved "poison" dead1 0s`,
		`dead received "poison" 2 30s`,
		`dead deleted "poison" 2 0s`,
		`work sent "left" 0 0s`,
		`work expired "left" 0 0s`,
	}
	if !slices.Equal(seen, want) {
		t.Errorf("saw\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

func TestMessageStaysWhenItsDeadLetterQueueIsGone(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.must(setRedrive(w, 1))
	_, err := w.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: aws.String(w.dead())})
	w.must(err)
	w.send("poison")
	for range 3 {
		w.receiveCount(w.url, 1)
		w.clock.Advance(30 * time.Second)
	}
}

func TestRedriveAllowPolicyIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		policy string
		ok     bool
	}{
		"no queue":      {`{"redrivePermission":"denyAll"}`, false},
		"another queue": {`{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:other"]}`, false},
		"this queue":    {`{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:work"]}`, true},
		"all queues":    {`{"redrivePermission":"allowAll"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sqsengine.Config{}, nil)
			_, err := w.client.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{
				QueueUrl: aws.String(w.dead()), Attributes: map[string]string{"RedriveAllowPolicy": c.policy}})
			w.must(err)
			if err := setRedrive(w, 1); (err == nil) != c.ok {
				t.Errorf("set the redrive policy: got %v", err)
			}
		})
	}
}

func TestQueueURLsAreUnderTheHostThatTheClientUses(t *testing.T) {
	_, client, endpoint := sqstest.Start(t, sqsengine.Config{})
	out, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("work")})
	if err != nil {
		t.Fatal(err)
	}
	if want := endpoint + "/000000000000/work"; *out.QueueUrl != want {
		t.Errorf("got %s, want %s", *out.QueueUrl, want)
	}
}

func TestQueueURLsBeginWithBaseURL(t *testing.T) {
	engine, client, _ := sqstest.Start(t, sqsengine.Config{BaseURL: "http://sqs.local:9324/"})
	out, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("work")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://sqs.local:9324/000000000000/work"; *out.QueueUrl != want || engine.QueueURL("work") != want {
		t.Errorf("got %s and %s, want %s", *out.QueueUrl, engine.QueueURL("work"), want)
	}
	if _, err := client.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{
		QueueUrl: aws.String("http://172.17.0.1:1/000000000000/work")}); err != nil {
		t.Errorf("the queue under another host: %v", err)
	}
}

// The test compares answers as text because other SDKs than Go's read the same bytes.
func TestErrorsOnTheWire(t *testing.T) {
	_, _, endpoint := sqstest.Start(t, sqsengine.Config{})
	for _, c := range []struct {
		name, target, body string
		status             int
		header, answer     string
	}{
		{"unknown queue", "AmazonSQS.GetQueueUrl", `{"QueueName":"none"}`, 400, "AWS.SimpleQueueService.NonExistentQueue;Sender",
			`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`},
		{"no queue", "AmazonSQS.PurgeQueue", `{}`, 400, "MissingParameter;Sender",
			`{"__type":"com.amazon.coral.service#MissingRequiredParameterException",` +
				`"message":"The request must contain the parameter QueueUrl."}`},
		{"no queue URL", "AmazonSQS.PurgeQueue", `{"QueueUrl":"work"}`, 400, "InvalidAddress;Sender",
			`{"__type":"com.amazonaws.sqs#InvalidAddress","message":"The address work is not valid for this endpoint."}`},
		{"an unknown action", "AmazonSQS.Juggle", `{}`, 404, "UnknownOperationException;Sender",
			`{"__type":"com.amazon.coral.service#UnknownOperationException","message":"This engine does not support Juggle."}`},
		{"neither protocol", "", "ListQueues", 400, "AWS.SimpleQueueService.UnsupportedOperation;Sender",
			`{"__type":"com.amazonaws.sqs#UnsupportedOperation",` +
				`"message":"Send AWS JSON 1.0 with an X-Amz-Target of AmazonSQS.X, or a form with an Action."}`},
		{"bytes that are not UTF-8", "AmazonSQS.ListQueues", "{\"QueueNamePrefix\":\"\xff\"}", 400, "SerializationException;Sender",
			`{"__type":"com.amazon.coral.service#SerializationException","message":"the request is not UTF-8"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.target != "" {
				request.Header.Set("X-Amz-Target", c.target)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status {
				t.Errorf("status %d, want %d", response.StatusCode, c.status)
			}
			if got := response.Header.Get("x-amzn-query-error"); got != c.header {
				t.Errorf("x-amzn-query-error %q, want %q", got, c.header)
			}
			if got := strings.TrimSpace(string(body)); got != c.answer {
				t.Errorf("body %s, want %s", got, c.answer)
			}
			if response.Header.Get("x-amzn-RequestId") == "" {
				t.Error("the answer has no request ID")
			}
		})
	}
}

// Ten thousand messages pass through 8 consumers, each of which returns some messages once. Every
// message is processed exactly once. With any quadratic algorithm in the engine, this test would
// take minutes.
func TestManyMessagesManyConsumers(t *testing.T) {
	const messages, consumers = 10_000, 8
	w := newWorld(t, sqsengine.Config{}, nil)
	for i := 0; i < messages; i += 10 {
		entries := make([]types.SendMessageBatchRequestEntry, 10)
		for j := range entries {
			body := fmt.Sprint(i + j)
			entries[j] = types.SendMessageBatchRequestEntry{Id: &body, MessageBody: &body}
		}
		_, err := w.client.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &w.url, Entries: entries})
		w.must(err)
	}
	c := &fickleConsumer{world: w, failed: map[string]bool{}, done: map[string]int{}}
	var running sync.WaitGroup
	for range consumers {
		running.Go(func() {
			for c.consume() {
			}
		})
	}
	running.Wait()
	if len(c.done) != messages {
		t.Errorf("%d messages were processed, want %d", len(c.done), messages)
	}
	for body, n := range c.done {
		if n != 1 {
			t.Errorf("message %s was processed %d times", body, n)
		}
	}
}

// fickleConsumer returns every third message of a batch to the queue once.
type fickleConsumer struct {
	*world
	mu     sync.Mutex
	failed map[string]bool
	done   map[string]int
}

// consume receives and finishes one batch. It returns false when the queue is empty.
func (c *fickleConsumer) consume() bool {
	batch, err := c.client.ReceiveMessage(c.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &c.url, MaxNumberOfMessages: 10})
	if err != nil {
		c.Error(err)
		return false
	}
	var deletes []types.DeleteMessageBatchRequestEntry
	var changes []types.ChangeMessageVisibilityBatchRequestEntry
	for i, m := range batch.Messages {
		if c.fails(i, *m.Body) {
			changes = append(changes, types.ChangeMessageVisibilityBatchRequestEntry{Id: m.Body, ReceiptHandle: m.ReceiptHandle})
		} else {
			deletes = append(deletes, types.DeleteMessageBatchRequestEntry{Id: m.Body, ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(changes) > 0 {
		out, err := c.client.ChangeMessageVisibilityBatch(c.Context(),
			&awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &c.url, Entries: changes})
		if err != nil || len(out.Failed) > 0 {
			c.Errorf("change visibility: %v %v", out, err)
			return false
		}
	}
	if len(deletes) > 0 {
		out, err := c.client.DeleteMessageBatch(c.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: &c.url, Entries: deletes})
		if err != nil || len(out.Failed) > 0 {
			c.Errorf("delete: %v %v", out, err)
			return false
		}
	}
	return len(batch.Messages) > 0
}

// fails decides whether to fail the i-th message of a batch and counts the processed messages.
func (c *fickleConsumer) fails(i int, body string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i%3 == 0 && !c.failed[body] {
		c.failed[body] = true
		return true
	}
	c.done[body]++
	return false
}

func TestQuietGroupsComeBeforeANoisyOne(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	send := func(group, body string) {
		_, err := w.client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &w.url, MessageBody: &body, MessageGroupId: &group})
		w.must(err)
	}
	receive := func() []string {
		out, err := w.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &w.url, MaxNumberOfMessages: 10})
		w.must(err)
		var bodies []string
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
		}
		return bodies
	}
	for range 60 {
		send("noisy", "noisy")
	}
	send("quiet", "quiet")
	for range 3 { // the group is not noisy yet, so the oldest messages come first
		if got := receive(); slices.Contains(got, "quiet") || len(got) != 10 {
			t.Fatalf("received %v", got)
		}
	}
	if got := receive(); len(got) != 10 || got[0] != "quiet" {
		t.Errorf("received %v, want the message of the quiet group first", got)
	}
}
