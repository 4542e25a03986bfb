package sqsengine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/sqsengine"
)

// world is an engine with a manual clock, a queue named "work", and a client.
type world struct {
	*testing.T
	clock  *clock.Manual
	engine *sqsengine.Engine
	client *awssqs.Client
	url    string
}

// newWorld starts a world. attributes apply to the queue "work", whose dead-letter queue may be
// "dead".
func newWorld(t *testing.T, cfg sqsengine.Config, attributes map[string]string) *world {
	t.Helper()
	now := clock.NewManual(start)
	cfg.Clock = now
	engine, client, endpoint := sqstest.Start(t, cfg)
	w := &world{T: t, clock: now, engine: engine, client: client, url: endpoint + "/" + sqsengine.Account + "/work"}
	w.must(engine.CreateQueue("dead", map[string]string{"MessageRetentionPeriod": "1209600"}))
	w.must(engine.CreateQueue("work", attributes))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) dead() string { return w.url[:len(w.url)-len("work")] + "dead" }

func (w *world) send(body string) {
	w.Helper()
	_, err := w.client.SendMessage(w.Context(), &awssqs.SendMessageInput{QueueUrl: &w.url, MessageBody: &body})
	w.must(err)
}

// receive makes one call for up to 10 messages.
func (w *world) receive(url string, visibility int32) []types.Message {
	w.Helper()
	out, err := w.client.ReceiveMessage(w.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: visibility})
	w.must(err)
	return out.Messages
}

// receiveCount fails the test unless a receive returns the given number of messages.
func (w *world) receiveCount(url string, want int) {
	w.Helper()
	if got := len(w.receive(url, 30)); got != want {
		w.Fatalf("after %v: received %d messages, want %d", w.clock.Now().Sub(start), got, want)
	}
}

func (w *world) changeVisibility(handle *string, seconds int32) error {
	_, err := w.client.ChangeMessageVisibility(w.Context(), &awssqs.ChangeMessageVisibilityInput{
		QueueUrl: &w.url, ReceiptHandle: handle, VisibilityTimeout: seconds})
	return err
}

// poll starts a long poll and returns once it waits. timers is the number of timers that the clock
// then holds: one for the poll's deadline, plus one if a message is due to become visible.
func (w *world) poll(timers int) <-chan []types.Message {
	w.Helper()
	got := make(chan []types.Message, 1)
	go func() {
		defer close(got)
		out, err := w.client.ReceiveMessage(w.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &w.url, WaitTimeSeconds: 20})
		if err != nil {
			w.Error(err)
			return
		}
		got <- out.Messages
	}()
	w.must(w.clock.AwaitTimers(w.Context(), timers))
	return got
}

func code(err error) string {
	var apiErr smithy.APIError
	if errors.As(err, &apiErr) {
		return apiErr.ErrorCode()
	}
	return ""
}

func TestVisibilityEndsToTheMillisecond(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.send("work")
	w.receive(w.url, 10)
	w.clock.Advance(10*time.Second - time.Millisecond)
	w.receiveCount(w.url, 0)
	w.clock.Advance(time.Millisecond)
	w.receiveCount(w.url, 1)
}

func TestLongPollWakes(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*world)
		after   time.Duration
	}{
		{"when a visibility timeout ends", func(w *world) { w.send("work"); w.receive(w.url, 7) }, 7 * time.Second},
		{"when a delay ends", func(w *world) {
			_, err := w.client.SendMessage(w.Context(), &awssqs.SendMessageInput{
				QueueUrl: &w.url, MessageBody: aws.String("work"), DelaySeconds: 12})
			w.must(err)
		}, 12 * time.Second},
		{"when that happens exactly at the deadline", func(w *world) { w.send("work"); w.receive(w.url, 20) }, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, sqsengine.Config{}, nil)
			c.prepare(w)
			got := w.poll(2)
			w.clock.Advance(c.after - time.Millisecond)
			if len(got) > 0 {
				t.Error("the poll ended too early")
			}
			w.clock.Advance(time.Millisecond)
			if n := len(<-got); n != 1 {
				t.Errorf("the poll got %d messages, want 1", n)
			}
		})
	}
}

func TestLongPollWakesWhenAVisibilityTimeoutIsCutShort(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.send("work")
	handle := w.receive(w.url, 600)[0].ReceiptHandle
	got := w.poll(2)
	w.must(w.changeVisibility(handle, 0))
	if n := len(<-got); n != 1 {
		t.Errorf("the poll got %d messages, want 1", n)
	}
}

func TestLongPollOnADeadLetterQueueWakesAtTheRedrive(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.must(setRedrive(w, 1))
	w.send("poison")
	w.receive(w.url, 1)
	work := w.url
	w.url = w.dead()
	got := w.poll(1)
	w.clock.Advance(time.Second)
	w.receiveCount(work, 0)
	if n := len(<-got); n != 1 {
		t.Errorf("the poll got %d messages, want 1", n)
	}
}

func setRedrive(w *world, maxReceiveCount int) error {
	policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, w.engine.ARN("dead"), maxReceiveCount)
	_, err := w.client.SetQueueAttributes(w.Context(), &awssqs.SetQueueAttributesInput{
		QueueUrl: &w.url, Attributes: map[string]string{"RedrivePolicy": policy}})
	return err
}

func TestLongPollEndsEmpty(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*world)
	}{
		{"when its time is up", func(w *world) { w.clock.Advance(20 * time.Second) }},
		{"when the engine closes", func(w *world) { w.engine.Close() }},
		{"when its queue is deleted", func(w *world) {
			_, err := w.client.DeleteQueue(w.Context(), &awssqs.DeleteQueueInput{QueueUrl: &w.url})
			w.must(err)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, sqsengine.Config{}, nil)
			got := w.poll(1)
			c.end(w)
			if n := len(<-got); n != 0 {
				t.Errorf("the poll got %d messages, want none", n)
			}
		})
	}
}

func TestQueueSetsHowLongPollsWait(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, map[string]string{"ReceiveMessageWaitTimeSeconds": "5"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := w.client.ReceiveMessage(w.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &w.url})
		if err != nil {
			t.Error(err)
		}
	}()
	w.must(w.clock.AwaitTimers(t.Context(), 1))
	w.clock.Advance(5 * time.Second)
	<-done
}

func TestLongPollWhoseClientIsGoneTakesNothing(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := w.client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: &w.url, WaitTimeSeconds: 20})
		gone <- err
	}()
	w.must(w.clock.AwaitTimers(t.Context(), 1))
	hangUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want a cancelled call", err)
	}
	w.must(w.clock.AwaitNoTimers(t.Context()))
	w.send("work")
	w.receiveCount(w.url, 1)
}

func TestMessagesExpire(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, map[string]string{"MessageRetentionPeriod": "60"})
	w.send("in flight")
	w.receive(w.url, 600)
	w.clock.Advance(30 * time.Second)
	w.send("later")
	w.clock.Advance(30 * time.Second)
	w.receiveCount(w.url, 1)
	w.clock.Advance(30 * time.Second)
	w.receiveCount(w.url, 0)
}

func TestDeadLettersExpireByWhenTheyWereSent(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, map[string]string{"MessageRetentionPeriod": "1209600"})
	w.must(setRedrive(w, 1))
	w.send("poison")
	w.receive(w.url, 1)
	w.clock.Advance(13 * 24 * time.Hour)
	w.receiveCount(w.url, 0)
	w.receiveCount(w.dead(), 1)
	w.clock.Advance(24 * time.Hour)
	w.receiveCount(w.dead(), 0)
}

func TestTwelveHoursCountFromTheReceive(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.send("work")
	handle := w.receive(w.url, 3600)[0].ReceiptHandle
	w.clock.Advance(30 * time.Minute)
	if got := code(w.changeVisibility(handle, 43_200-1800+1)); got != "InvalidParameterValue" {
		t.Errorf("a second over 12 hours: got %q, want InvalidParameterValue", got)
	}
	w.must(w.changeVisibility(handle, 43_200-1800))
}

func TestDeleteWithAnOlderHandleDoesNothing(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.send("work")
	older := w.receive(w.url, 1)[0].ReceiptHandle
	w.clock.Advance(time.Second)
	w.receive(w.url, 1)
	_, err := w.client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &w.url, ReceiptHandle: older})
	w.must(err)
	w.clock.Advance(time.Second)
	w.receiveCount(w.url, 1)
}

func TestChangeVisibilityWithAnOlderHandleTakesEffect(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	w.send("work")
	older := w.receive(w.url, 1)[0].ReceiptHandle
	w.clock.Advance(time.Second)
	w.receive(w.url, 600)
	w.must(w.changeVisibility(older, 0))
	w.receiveCount(w.url, 1)
}

func TestQueueNameIsTakenForAMinuteAfterItsDeletion(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	_, err := w.client.DeleteQueue(t.Context(), &awssqs.DeleteQueueInput{QueueUrl: &w.url})
	w.must(err)
	w.clock.Advance(59 * time.Second)
	if got := w.engine.CreateQueue("work", nil); got == nil {
		t.Error("the queue was created after 59 s")
	}
	w.clock.Advance(time.Second)
	w.must(w.engine.CreateQueue("work", nil))
}

func TestPurgeIsAllowedOnceAMinute(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	purge := func() error {
		_, err := w.client.PurgeQueue(t.Context(), &awssqs.PurgeQueueInput{QueueUrl: &w.url})
		return err
	}
	w.must(purge())
	if got := code(purge()); got != "AWS.SimpleQueueService.PurgeQueueInProgress" {
		t.Errorf("got %q, want PurgeQueueInProgress", got)
	}
	w.clock.Advance(time.Minute)
	w.must(purge())
}
