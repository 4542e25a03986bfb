// Package sqsbatch handles batches of SQS messages and returns partial batch responses. It decodes
// the messages, passes their events to the domain, moves messages that can never succeed to the
// dead-letter queue, and lets failed ones return later.
package sqsbatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/relatedro"
)

// Queue is the part of the SQS client that a Handler uses. *sqs.Client implements it.
type Queue interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput,
		...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

var _ Queue = (*sqs.Client)(nil)

// Config configures a Handler. All fields must be set.
type Config struct {
	// Source names the function in dead letters and logs: "export", "close" or "refresh".
	Source        string
	QueueURL      string
	DeadLetterURL string
	Now           func() time.Time
	Log           *slog.Logger
	Observe       func(Observation) // called once per message, for metrics
}

// Observation describes how one message ended.
type Observation struct {
	Outcome relatedro.Outcome
	Reason  string        // error code; empty if nothing failed
	Related int           // related ROs found
	Age     time.Duration // time since the event occurred; 0 if the message is not an event
}

// Handler handles the batches of one queue. It is safe for concurrent use.
type Handler struct {
	cfg       Config
	queue     Queue
	retriever *relatedro.Retriever
	warm      atomic.Bool
}

// NewHandler returns a Handler that passes its events to retriever.
func NewHandler(cfg Config, queue Queue, retriever *relatedro.Retriever) *Handler {
	return &Handler{cfg: cfg, queue: queue, retriever: retriever}
}

// Handle processes one batch. Messages listed in the response return after their delay or their
// visibility timeout; all others are acknowledged. The error is always nil: one broken message must
// not fail the others.
func (h *Handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	started := h.cfg.Now()
	ending, cancel := relatedro.WithReserve(ctx, 10, time.Second) // for the answer if SQS hangs
	defer cancel()
	working, cancel := relatedro.WithReserve(ending, 10, 2*time.Second) // dead letters, delays
	defer cancel()

	messages, deliveries := h.decode(batch.Records)
	results := h.retriever.Retrieve(working, deliveries)
	for i := range messages {
		if messages[i].refusal == nil {
			messages[i].result, results = results[0], results[1:]
		}
	}
	unsent := h.setAside(ending, messages)
	h.delay(ending, messages)

	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range messages {
		if m.result.Disposition == relatedro.Retry || unsent[m.sqs.MessageId] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.sqs.MessageId})
		}
	}
	h.report(ctx, messages, started, len(response.BatchItemFailures))
	return response, nil
}

// message is a message of a batch with its result.
type message struct {
	sqs        *events.SQSMessage
	receives   int
	triedSince time.Time // time of the first receive
	event      relatedro.Event
	refusal    *Refusal // nil unless the message is not an event
	result     relatedro.Result
}

// decode returns all messages, and the deliveries of those that are events, in the same order. The
// result of the others is to be set aside.
func (h *Handler) decode(records []events.SQSMessage) (messages []message, deliveries []relatedro.Delivery) {
	for i := range records {
		m := message{sqs: &records[i]}
		m.receives, _ = strconv.Atoi(m.sqs.Attributes["ApproximateReceiveCount"])
		m.triedSince = h.timeOf(m, types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp)
		sentAt := h.timeOf(m, types.MessageSystemAttributeNameSentTimestamp)
		var err error
		if m.event, err = Decode(m.sqs.Body, sentAt); errors.As(err, &m.refusal) {
			m.result = relatedro.Result{Disposition: relatedro.SetAside, Outcome: relatedro.OutcomeRefused, Message: m.refusal.Message}
		} else {
			deliveries = append(deliveries, relatedro.Delivery{Event: m.event, SentAt: sentAt})
		}
		messages = append(messages, m)
	}
	return messages, deliveries
}

// timeOf returns a time that SQS always provides; if it is missing, now.
func (h *Handler) timeOf(m message, attribute types.MessageSystemAttributeName) time.Time {
	if t := momentOf(m.sqs.Attributes, attribute); !t.IsZero() {
		return t
	}
	return h.cfg.Now()
}

// code returns the error code; empty if nothing failed.
func (m message) code() string {
	switch {
	case m.refusal != nil:
		return m.refusal.Code
	case m.result.Outcome == relatedro.OutcomeGaveUp:
		return GaveUp
	case m.result.Failure != nil:
		return string(m.result.Failure.Reason)
	}
	return ""
}

// explanation returns the explanation of a failure for people.
func (m message) explanation() string {
	if m.result.Outcome == relatedro.OutcomeGaveUp {
		return fmt.Sprintf("tried for %v: %s", m.result.Failure.Reason.GiveUpAfter(), m.result.Message)
	}
	return m.result.Message
}

// delay hides messages to be retried until their retry delay is over. This only spares the DMS: if
// it fails, the visibility timeout applies.
func (h *Handler) delay(ctx context.Context, messages []message) {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	for i, m := range messages {
		if m.result.Disposition != relatedro.Retry {
			continue
		}
		wait := retryDelay(m.result.Failure, m.triedSince, h.cfg.Now())
		entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                aws.String(strconv.Itoa(i)),
			ReceiptHandle:     aws.String(m.sqs.ReceiptHandle),
			VisibilityTimeout: int32(math.Ceil(wait.Seconds())),
		})
	}
	for batch := range slices.Chunk(entries, maxEntries) {
		out, err := h.queue.ChangeMessageVisibilityBatch(ctx,
			&sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &h.cfg.QueueURL, Entries: batch})
		if err != nil {
			h.cfg.Log.WarnContext(ctx, "retry delays not set; the visibility timeout applies", "messages", len(batch), "error", err)
		} else if len(out.Failed) > 0 {
			h.cfg.Log.WarnContext(ctx, "some retry delays not set; the visibility timeout applies", "messages", len(out.Failed), "code",
				aws.ToString(out.Failed[0].Code))
		}
	}
}
