// Package poller implements Lambda's event source mappings. Run is the mapping from an SQS queue:
// it receives messages, gathers a batch, invokes the function and deletes the messages that
// succeeded. Failed messages stay in the queue and reappear when their visibility timeout ends.
// RunStream is the mapping from a DynamoDB stream. Both speak the wire protocols, so they work with
// any engine.
package poller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// perCall is the maximum number of messages that one SQS call receives or deletes.
	perCall = 10
	// maxEvent is the maximum size of an event in bytes: Lambda's payload limit.
	maxEvent = 6_291_556
	// defaultConcurrency applies when the mapping sets no limit; AWS would scale up to 1,250.
	defaultConcurrency = 10
	// longPoll is the long-poll wait in seconds for a batch's first message: SQS's maximum.
	longPoll = 20
	// lookAgain is the poll interval for the rest of a batch while the queue is empty.
	lookAgain = 50 * time.Millisecond
	// retryPause follows a failed receive, for example while the queue restarts.
	retryPause = time.Second
)

// Config describes one mapping. Client, QueueURL, QueueARN, Region, BatchSize and Invoke must be
// set.
type Config struct {
	Client             *sqs.Client
	QueueURL, QueueARN string
	Region             string
	// BatchSize is the maximum number of messages in an event; Window is how long to wait for them
	// after the first.
	BatchSize int
	Window    time.Duration
	// MaximumConcurrency is the maximum number of concurrent events; 0 means 10.
	MaximumConcurrency int
	// ReportBatchItemFailures means that the function's response names the failed messages.
	ReportBatchItemFailures bool
	// Invoke calls the function with an SQS event. functionError is non-empty if the function
	// failed; err means that it did not run.
	Invoke func(ctx context.Context, event []byte) (response []byte, functionError string, err error)
	// Observe receives every batch and every failed SQS call; it may be called concurrently.
	Observe func(Batch)
}

// Batch is the outcome of one event, or of a failed SQS call.
type Batch struct {
	// Messages is the number of messages in the event; Failed is how many of them stay in the
	// queue.
	Messages, Failed int
	// Err is the cause: the function failed, its response was invalid, or an SQS call failed.
	Err error
}

// Run polls until ctx ends, then waits for the events in progress and deletes their messages.
func Run(ctx context.Context, config Config) {
	if config.MaximumConcurrency == 0 {
		config.MaximumConcurrency = defaultConcurrency
	}
	if config.Observe == nil {
		config.Observe = func(Batch) {}
	}
	p := &poller{Config: config}
	places := make(chan struct{}, config.MaximumConcurrency)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		// Reserve a slot first, so that a received message never waits for one.
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch := p.gather(ctx)
		if len(batch) == 0 {
			return // only when ctx has ended
		}
		running.Go(func() {
			defer func() { <-places }()
			// Not cancelled by ctx: a received batch is processed to the end.
			p.work(context.WithoutCancel(ctx), batch)
		})
	}
}

type poller struct {
	Config
	// left holds received messages that did not fit in the previous batch.
	left []types.Message
}

// gather waits for a first message, then until the window ends for up to BatchSize messages. It
// returns none if ctx ended.
func (p *poller) gather(ctx context.Context) []types.Message {
	batch, size := p.take(nil, 0, p.left)
	var end time.Time
	for ctx.Err() == nil && len(batch) < p.BatchSize && len(p.left) == 0 {
		if len(batch) > 0 && !time.Now().Before(end) {
			break
		}
		// Within the window a receive neither waits nor is cancelled: messages in a lost response
		// would stay invisible until their timeout ends. (The SDK omits a wait of 0; the queue's
		// ReceiveMessageWaitTimeSeconds then applies.)
		wait := int32(0)
		if len(batch) == 0 {
			wait = longPoll
		}
		messages, err := p.receive(ctx, wait, p.BatchSize-len(batch))
		if err != nil && ctx.Err() == nil {
			p.Observe(Batch{Err: fmt.Errorf("receive: %w", err)})
			pause(ctx, retryPause)
		}
		switch {
		case len(messages) > 0 && len(batch) == 0:
			end = time.Now().Add(p.Window)
		case len(messages) == 0 && len(batch) > 0:
			pause(ctx, min(time.Until(end), lookAgain))
		}
		batch, size = p.take(batch, size, messages)
	}
	return batch
}

// take adds messages to the batch up to the event's size limit and keeps the rest for the next
// batch.
func (p *poller) take(batch []types.Message, size int, messages []types.Message) ([]types.Message, int) {
	p.left = nil
	for i, message := range messages {
		record, _ := json.Marshal(p.record(message)) // strings always encode
		if len(batch) > 0 && size+len(record)+1 > maxEvent-len(`{"Records":[]}`) {
			p.left = messages[i:]
			break
		}
		batch, size = append(batch, message), size+len(record)+1
	}
	return batch, size
}

func (p *poller) receive(ctx context.Context, wait int32, most int) ([]types.Message, error) {
	output, err := p.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &p.QueueURL,
		MaxNumberOfMessages:         int32(min(most, perCall)),
		WaitTimeSeconds:             wait,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return output.Messages, nil
}

// work invokes the function and deletes the messages that succeeded.
func (p *poller) work(ctx context.Context, batch []types.Message) {
	failed, err := p.call(ctx, batch)
	if err != nil {
		p.Observe(Batch{Messages: len(batch), Failed: len(batch), Err: err})
		return
	}
	var done []types.Message
	for _, message := range batch {
		if !failed[aws.ToString(message.MessageId)] {
			done = append(done, message)
		}
	}
	p.Observe(Batch{Messages: len(batch), Failed: len(batch) - len(done), Err: p.delete(ctx, done)})
}

// call returns the IDs of the failed messages; an error means that all failed.
func (p *poller) call(ctx context.Context, batch []types.Message) (map[string]bool, error) {
	var event events.SQSEvent
	for _, message := range batch {
		event.Records = append(event.Records, p.record(message))
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	response, functionError, err := p.Invoke(ctx, payload)
	switch {
	case err != nil:
		return nil, err
	case functionError != "":
		return nil, fmt.Errorf("function failed (%s): %s", functionError, response)
	case !p.ReportBatchItemFailures:
		return nil, nil
	}
	known := make(map[string]bool, len(batch))
	for _, message := range batch {
		known[aws.ToString(message.MessageId)] = true
	}
	return failures(response, func(id string) bool { return known[id] })
}

// record converts the message to Lambda's record format.
func (p *poller) record(message types.Message) events.SQSMessage {
	record := events.SQSMessage{
		MessageId:              aws.ToString(message.MessageId),
		ReceiptHandle:          aws.ToString(message.ReceiptHandle),
		Body:                   aws.ToString(message.Body),
		Md5OfBody:              aws.ToString(message.MD5OfBody),
		Md5OfMessageAttributes: aws.ToString(message.MD5OfMessageAttributes),
		Attributes:             message.Attributes,
		MessageAttributes:      map[string]events.SQSMessageAttribute{},
		EventSource:            "aws:sqs",
		EventSourceARN:         p.QueueARN,
		AWSRegion:              p.Region,
	}
	for name, value := range message.MessageAttributes {
		record.MessageAttributes[name] = events.SQSMessageAttribute{
			StringValue: value.StringValue, BinaryValue: value.BinaryValue, DataType: aws.ToString(value.DataType),
			StringListValues: []string{}, BinaryListValues: [][]byte{},
		}
	}
	return record
}

// delete deletes the messages; the error names the entries that SQS refused. Those messages
// reappear and are processed again.
func (p *poller) delete(ctx context.Context, messages []types.Message) error {
	var problems []error
	for begin := 0; begin < len(messages); begin += perCall {
		chunk := messages[begin:min(begin+perCall, len(messages))]
		input := &sqs.DeleteMessageBatchInput{QueueUrl: &p.QueueURL}
		for i, message := range chunk {
			input.Entries = append(input.Entries, types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: message.ReceiptHandle,
			})
		}
		output, err := p.Client.DeleteMessageBatch(ctx, input)
		if err != nil {
			problems = append(problems, fmt.Errorf("delete: %w", err))
			continue
		}
		for _, entry := range output.Failed {
			problems = append(problems, fmt.Errorf("delete: %s: %s", aws.ToString(entry.Code), aws.ToString(entry.Message)))
		}
	}
	return errors.Join(problems...)
}

// failures reads a partial batch response by Lambda's rules: an empty response, null or an empty
// list means that every record succeeded; a malformed response, or an unknown or empty ID, means
// that every record failed.
func failures(response []byte, known func(id string) bool) (map[string]bool, error) {
	if text := strings.TrimSpace(string(response)); text == "" || text == "null" {
		return nil, nil
	}
	var parsed struct {
		BatchItemFailures []map[string]*string `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(response, &parsed); err != nil {
		return nil, fmt.Errorf("partial batch response %q: %w", response, err)
	}
	failed := make(map[string]bool, len(parsed.BatchItemFailures))
	for _, item := range parsed.BatchItemFailures {
		id := aws.ToString(item["itemIdentifier"])
		if !known(id) {
			return nil, fmt.Errorf("partial batch response names %q, which is not in the batch", id)
		}
		failed[id] = true
	}
	return failed, nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
