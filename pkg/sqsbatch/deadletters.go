package sqsbatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/relatedro"
)

const (
	redriveHold = 60 * time.Second // exceeds redriveEnd, so that one redrive sees no message twice
	redriveFor  = 15 * time.Second // after this, no further batch starts
	redriveEnd  = 20 * time.Second // limit of the whole call
)

// QueueURLs holds the URLs of a queue and of its dead-letter queue.
type QueueURLs struct{ Source, DeadLetters string }

// DeadLetters lists, redrives and discards dead letters. SQS cannot show a message without
// receiving it.
type DeadLetters struct {
	client *sqs.Client
	queues map[relatedro.QueueName]QueueURLs
	now    func() time.Time
}

var _ relatedro.DeadLetters = (*DeadLetters)(nil)

// NewDeadLetters returns the DeadLetters of the given queues. now is its clock.
func NewDeadLetters(client *sqs.Client, queues map[relatedro.QueueName]QueueURLs, now func() time.Time) *DeadLetters {
	return &DeadLetters{client: client, queues: queues, now: now}
}

// Redrive sends messages back to their queue, without the attributes added when they were set
// aside, until none is left or time is up. It takes the messages whose location mine accepts; if
// ids is not empty, it takes only those with one of these SQS message ids. Messages set aside again
// during the call stay; otherwise they would circulate until it ends. Redrive stops at the first
// error. It returns the error only if it moved no message; otherwise the next call meets it. left
// is the approximate number of messages in the dead-letter queue.
func (d *DeadLetters) Redrive(
	ctx context.Context, queue relatedro.QueueName, ids []string, mine func(location string) bool,
) (moved, left int, err error) {
	return d.each(ctx, queue, ids, mine, d.move)
}

// Discard deletes messages. ids must not be empty. Time limits and errors are those of Redrive.
func (d *DeadLetters) Discard(
	ctx context.Context, queue relatedro.QueueName, ids []string, mine func(location string) bool,
) (deleted, left int, err error) {
	if len(ids) == 0 {
		return 0, 0, errors.New("discard dead letters: no ids given")
	}
	return d.each(ctx, queue, ids, mine, d.remove)
}

// each calls do for each message that mine accepts, and only for those in ids unless ids is empty.
func (d *DeadLetters) each(ctx context.Context, queue relatedro.QueueName, ids []string, mine func(location string) bool,
	do func(context.Context, QueueURLs, types.Message) error,
) (done, left int, err error) {
	urls, err := d.urls(queue)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, redriveEnd)
	defer cancel()
	started := d.now()
	var keep []string // receipts
	for err == nil && d.now().Sub(started) < redriveFor && (len(ids) == 0 || done < len(ids)) {
		var batch []types.Message
		if batch, err = d.receive(ctx, urls.DeadLetters, redriveHold, time.Second); len(batch) == 0 {
			break
		}
		batch = slices.DeleteFunc(batch, func(m types.Message) bool {
			other := sentAt(m.Attributes).After(started) || !mine(letterOf(queue, m).Key.Location) ||
				len(ids) > 0 && !slices.Contains(ids, aws.ToString(m.MessageId))
			if other {
				keep = append(keep, aws.ToString(m.ReceiptHandle))
			}
			return other
		})
		var n int
		n, err = forAll(batch, func(m types.Message) error { return do(ctx, urls, m) })
		done += n
	}
	d.putBack(ctx, urls.DeadLetters, keep)
	if err != nil && done == 0 {
		return 0, 0, err
	}
	left, err = d.count(ctx, urls.DeadLetters)
	return done, left, err
}

// forAll calls do for the messages of a batch concurrently. Each message has its own call, because
// ten together may exceed the size limit of one.
func forAll(batch []types.Message, do func(types.Message) error) (done int, err error) {
	errs := make([]error, len(batch))
	var wg sync.WaitGroup
	for i, m := range batch {
		wg.Go(func() { errs[i] = do(m) })
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			done++
		}
	}
	return done, errors.Join(errs...)
}

// move sends the message and then deletes it. A crash in between leaves the message in both queues.
// That is harmless, since handling an event twice is.
func (d *DeadLetters) move(ctx context.Context, urls QueueURLs, m types.Message) error {
	attributes := make(map[string]types.MessageAttributeValue, len(m.MessageAttributes))
	for name, value := range m.MessageAttributes {
		switch name {
		case AttrErrorCode, AttrErrorMessage, AttrFailedAt, AttrSource:
		default:
			attributes[name] = value
		}
	}
	_, err := d.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &urls.Source, MessageBody: m.Body, MessageAttributes: attributes, MessageGroupId: groupOf(m.Attributes),
	})
	if err != nil {
		d.putBack(ctx, urls.DeadLetters, []string{aws.ToString(m.ReceiptHandle)})
		return fmt.Errorf("send a dead letter back: %w", err)
	}
	return d.remove(ctx, urls, m)
}

func (d *DeadLetters) remove(ctx context.Context, urls QueueURLs, m types.Message) error {
	if _, err := d.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &urls.DeadLetters,
		ReceiptHandle: m.ReceiptHandle}); err != nil {
		return fmt.Errorf("delete a dead letter: %w", err)
	}
	return nil
}

func (d *DeadLetters) urls(queue relatedro.QueueName) (QueueURLs, error) {
	urls, ok := d.queues[queue]
	if !ok {
		return QueueURLs{}, fmt.Errorf("unknown queue %q", queue)
	}
	return urls, nil
}

// receive waits for messages and hides them for hold. Both times are in whole seconds. Without a
// wait SQS asks only some of its servers and may report a non-empty queue as empty.
func (d *DeadLetters) receive(ctx context.Context, url string, hold, wait time.Duration) ([]types.Message, error) {
	out, err := d.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              &url,
		MaxNumberOfMessages:   maxEntries,
		WaitTimeSeconds:       int32(wait / time.Second),
		VisibilityTimeout:     int32(hold / time.Second),
		MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameMessageGroupId,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive dead letters: %w", err)
	}
	return out.Messages, nil
}

// putBack makes messages visible again. Those for which it fails return later by themselves.
func (d *DeadLetters) putBack(ctx context.Context, url string, receipts []string) {
	var wg sync.WaitGroup
	for batch := range slices.Chunk(receipts, maxEntries) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(batch))
		for i, receipt := range batch {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipt}
		}
		wg.Go(func() {
			_, _ = d.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
		})
	}
	wg.Wait()
}

// count returns the approximate number of messages in a queue, including those received by others.
func (d *DeadLetters) count(ctx context.Context, url string) (int, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	out, err := d.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	total := 0
	for _, name := range names {
		n, err := strconv.Atoi(cmp.Or(out.Attributes[string(name)], "0"))
		if err != nil {
			return 0, fmt.Errorf("count dead letters: %w", err)
		}
		total += n
	}
	return total, nil
}

// letterOf describes a dead letter by its attributes and body. The body may be anything: an id that
// breaks its rule counts as absent, so that the message is not taken for one of a real location.
func letterOf(queue relatedro.QueueName, m types.Message) relatedro.DeadLetter {
	named, _ := Decode(aws.ToString(m.Body), sentAt(m.Attributes)) // also of a refused message
	attribute := func(name string) string { return aws.ToString(m.MessageAttributes[name].StringValue) }
	return relatedro.DeadLetter{
		Queue:     queue,
		MessageID: aws.ToString(m.MessageId),
		EventID:   named.ID,
		Key:       named.Key,
		Code:      attribute(AttrErrorCode),
		Message:   attribute(AttrErrorMessage),
		FailedAt:  attribute(AttrFailedAt),
	}
}

// sentAt returns when the queue accepted a message with these SQS system attributes, or the zero
// time if they do not contain it.
func sentAt(attributes map[string]string) time.Time {
	return momentOf(attributes, types.MessageSystemAttributeNameSentTimestamp)
}

func momentOf(attributes map[string]string, name types.MessageSystemAttributeName) time.Time {
	ms, err := strconv.ParseInt(attributes[string(name)], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
