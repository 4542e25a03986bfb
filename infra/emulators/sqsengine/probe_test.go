package sqsengine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// probe holds the state of one conformance test. Its methods fail the test if a call that must
// succeed returns an error.
type probe struct {
	*testing.T
	// Client calls the engine. It does not retry.
	Client *awssqs.Client
	// Advance moves the engine's clock. It is nil for an engine that runs in real time; the tests
	// then wait with long polls.
	Advance func(time.Duration)
}

// sub runs part of the test as a named subtest.
func (p *probe) sub(name string, run func(*probe)) {
	p.Run(name, func(t *testing.T) { run(&probe{T: t, Client: p.Client, Advance: p.Advance}) })
}

// queue creates a queue for the test. attributes are names and values in turn.
func (p *probe) queue(attributes ...string) (url string) {
	p.Helper()
	in := &awssqs.CreateQueueInput{QueueName: aws.String(uniqueName()), Attributes: map[string]string{}}
	for i := 0; i < len(attributes); i += 2 {
		in.Attributes[attributes[i]] = attributes[i+1]
	}
	out, err := p.Client.CreateQueue(p.Context(), in)
	p.must(err)
	p.Cleanup(func() {
		// The test's own context has ended. Errors are ignored because the test may have deleted
		// the queue.
		_, _ = p.Client.DeleteQueue(context.WithoutCancel(p.Context()), &awssqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
	})
	return *out.QueueUrl
}

func uniqueName() string { return "conformance-" + strings.ToLower(rand.Text()) }

// redriven creates a queue with a dead-letter queue.
func (p *probe) redriven(maxReceiveCount int) (url, deadURL string) {
	p.Helper()
	deadURL = p.queue()
	policy := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, p.attribute(deadURL, "QueueArn"), maxReceiveCount)
	return p.queue("RedrivePolicy", policy), deadURL
}

func (p *probe) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// refused fails the test unless the error has the code.
func (p *probe) refused(err error, code string) {
	p.Helper()
	var apiErr smithy.APIError
	switch {
	case err == nil:
		p.Errorf("the call succeeded, want %s", code)
	case !errors.As(err, &apiErr):
		p.Errorf("got %v, want %s", err, code)
	case apiErr.ErrorCode() != code:
		p.Errorf("got %v, want %s", err, code)
	}
}

func (p *probe) send(url, body string) (id string) {
	p.Helper()
	out, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
	p.must(err)
	return *out.MessageId
}

// receive makes one ReceiveMessage call with all attributes, up to 10 messages and no wait, unless
// edits change these.
func (p *probe) receive(url string, edits ...func(*awssqs.ReceiveMessageInput)) []types.Message {
	p.Helper()
	in := &awssqs.ReceiveMessageInput{
		QueueUrl:                    &url,
		MaxNumberOfMessages:         10,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	}
	for _, edit := range edits {
		edit(in)
	}
	out, err := p.Client.ReceiveMessage(p.Context(), in)
	p.must(err)
	return out.Messages
}

// receiveOne receives messages and fails the test unless there is exactly one.
func (p *probe) receiveOne(url string, edits ...func(*awssqs.ReceiveMessageInput)) types.Message {
	p.Helper()
	got := p.receive(url, edits...)
	if len(got) != 1 {
		p.Fatalf("received %d messages, want 1", len(got))
	}
	return got[0]
}

// receiveNone fails the test if a receive returns a message.
func (p *probe) receiveNone(url string) {
	p.Helper()
	if got := p.receive(url); len(got) != 0 {
		p.Fatalf("received %q, want nothing", *got[0].Body)
	}
}

// visibleFor sets the visibility timeout of a receive.
func visibleFor(seconds int32) func(*awssqs.ReceiveMessageInput) {
	return func(in *awssqs.ReceiveMessageInput) { in.VisibilityTimeout = seconds }
}

// after lets at least d pass before a receive returns: it advances the clock, or makes the call
// wait for a message that long.
func (p *probe) after(d time.Duration) func(*awssqs.ReceiveMessageInput) {
	if p.Advance != nil {
		p.Advance(d)
		return func(*awssqs.ReceiveMessageInput) {}
	}
	const margin = 3 // seconds; engines check their clocks once a second
	return func(in *awssqs.ReceiveMessageInput) { in.WaitTimeSeconds = int32(d/time.Second) + margin }
}

func (p *probe) changeVisibility(url string, handle *string, seconds int32) error {
	_, err := p.Client.ChangeMessageVisibility(p.Context(), &awssqs.ChangeMessageVisibilityInput{
		QueueUrl: &url, ReceiptHandle: handle, VisibilityTimeout: seconds})
	return err
}

func (p *probe) delete(url string, handle *string) error {
	_, err := p.Client.DeleteMessage(p.Context(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: handle})
	return err
}

// attribute returns one attribute of a queue, or "" if it is not set.
func (p *probe) attribute(url, name string) string {
	p.Helper()
	out, err := p.Client.GetQueueAttributes(p.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeName(name)}})
	p.must(err)
	return out.Attributes[name]
}

// depth checks the numbers of visible, in-flight and delayed messages.
func (p *probe) depth(url string, visible, inFlight, delayed int) {
	p.Helper()
	for name, want := range map[string]int{"": visible, "NotVisible": inFlight, "Delayed": delayed} {
		name = "ApproximateNumberOfMessages" + name
		if got := p.attribute(url, name); got != strconv.Itoa(want) {
			p.Errorf("%s is %s, want %d", name, got, want)
		}
	}
}

// equal fails the test unless got is want.
func equal[V comparable](p *probe, name string, got, want V) {
	p.Helper()
	if got != want {
		p.Errorf("%s: got %v, want %v", name, got, want)
	}
}
