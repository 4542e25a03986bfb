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
	redriveHold = 60 * time.Second // longer than a redrive, so that it sees no message twice
	redriveFor  = 15 * time.Second // then no further batch is begun
	redriveEnd  = 20 * time.Second // for all of it
)

// QueueURLs is where a queue and its dead letters are.
type QueueURLs struct{ Source, DeadLetters string }

// DeadLetters lists and redrives dead letters. SQS has no way to look at a message
// without receiving it.
type DeadLetters struct {
	client *sqs.Client
	queues map[relatedro.QueueName]QueueURLs
	now    func() time.Time
}

var _ relatedro.DeadLetters = (*DeadLetters)(nil)

// NewDeadLetters returns the DeadLetters of the given queues. It reads the clock from
// now.
func NewDeadLetters(client *sqs.Client, queues map[relatedro.QueueName]QueueURLs, now func() time.Time) *DeadLetters {
	return &DeadLetters{client: client, queues: queues, now: now}
}

// Redrive sends messages back to their queue without what setting them aside added,
// until none is left or the time is over. Those that are set aside again meanwhile
// stay: they would go round for as long as the call lasts. It stops at the first error,
// which is told only if nothing was moved: otherwise the next call meets it.
func (d *DeadLetters) Redrive(ctx context.Context, queue relatedro.QueueName, ids []string, mine func(location string) bool) (moved, left int, err error) {
	return d.each(ctx, queue, ids, mine, d.move)
}

// Discard deletes messages. Time and errors as in Redrive.
func (d *DeadLetters) Discard(ctx context.Context, queue relatedro.QueueName, ids []string, mine func(location string) bool) (deleted, left int, err error) {
	if len(ids) == 0 {
		return 0, 0, errors.New("discard dead letters: none is named")
	}
	return d.each(ctx, queue, ids, mine, d.remove)
}

// each does something with the messages that are there: with those of ids only, if any is named.
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

// forAll does something with a batch's messages side by side. A message each: ten
// together may be too large for one call.
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

// move sends, then deletes: a crash in between leaves the message in both queues, and
// redelivery is harmless.
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
	if _, err := d.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &urls.DeadLetters, ReceiptHandle: m.ReceiptHandle}); err != nil {
		return fmt.Errorf("delete a dead letter: %w", err)
	}
	return nil
}

func (d *DeadLetters) urls(queue relatedro.QueueName) (QueueURLs, error) {
	urls, ok := d.queues[queue]
	if !ok {
		return QueueURLs{}, fmt.Errorf("no queue is named %q", queue)
	}
	return urls, nil
}

// receive waits for messages, whole seconds: without any wait SQS asks only some of its
// servers, and may find a queue empty that is not.
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

// putBack makes messages visible again. What fails comes back by itself, later.
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

// count returns how many messages a queue holds, approximately, those in somebody's
// hands included.
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

// letterOf reads what a message says of itself. Its body may be anything: ids that
// break their rules count as not given, so that nobody takes such a message for a
// location's.
func letterOf(queue relatedro.QueueName, m types.Message) relatedro.DeadLetter {
	named, _ := Decode(aws.ToString(m.Body), sentAt(m.Attributes)) // of a refused message, too
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

// sentAt returns when the queue took the message that has these attributes of SQS's
// own; the zero time if they do not say.
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
