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
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
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
	Outcome string        // a relatedro.Settlement, or "refused" if it can never succeed
	Reason  string        // error code; empty if nothing failed
	Related int           // related ROs found
	Age     time.Duration // time since the event occurred; 0 unless the outcome is ok
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

	done := make([]settled, len(batch.Records))
	deliveries, positions := h.decode(batch.Records, done)
	failed := h.setAside(working, toSetAside(done)) // they need no retrieval
	for i, result := range h.retriever.Retrieve(working, deliveries) {
		done[positions[i]].result = result
	}
	for id := range h.setAside(ending, givenUp(done)) {
		failed[id] = true
	}
	h.delay(ending, done)

	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, s := range done {
		if s.result.Verdict == relatedro.TryAgain || failed[s.message.MessageId] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: s.message.MessageId})
		}
	}
	h.report(ctx, done, started, len(response.BatchItemFailures))
	return response, nil
}

// settled is a message with its outcome: a refusal or a result.
type settled struct {
	message    *events.SQSMessage
	receives   int
	triedSince time.Time // time of the first receive
	event      relatedro.Event
	refusal    *Refusal
	result     relatedro.Result
}

// decode puts the messages into done. It returns the deliveries of those that it could decode, with
// the position of each in done.
func (h *Handler) decode(messages []events.SQSMessage, done []settled) (deliveries []relatedro.Delivery, positions []int) {
	for i := range messages {
		m := &messages[i]
		sentAt := h.sentAt(m)
		done[i].message = m
		done[i].receives, _ = strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		if done[i].triedSince = momentOf(m.Attributes, types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp); done[i].triedSince.IsZero() {
			done[i].triedSince = h.cfg.Now()
		}
		ev, err := Decode(m.Body, sentAt)
		done[i].event = ev
		if errors.As(err, &done[i].refusal) {
			continue
		}
		deliveries = append(deliveries, relatedro.Delivery{Event: ev, SentAt: sentAt})
		positions = append(positions, i)
	}
	return deliveries, positions
}

// sentAt returns when the queue accepted the message. SQS always provides that time; if it is
// missing, sentAt returns now.
func (h *Handler) sentAt(m *events.SQSMessage) time.Time {
	if at := sentAt(m.Attributes); !at.IsZero() {
		return at
	}
	return h.cfg.Now()
}

func toSetAside(done []settled) (letters []deadLetter) {
	for _, s := range done {
		if s.refusal != nil {
			letters = append(letters, deadLetter{s.message, s.refusal.Code, s.refusal.Message})
		}
	}
	return letters
}

func givenUp(done []settled) (letters []deadLetter) {
	for _, s := range done {
		if s.result.Verdict == relatedro.GiveUp {
			letters = append(letters, deadLetter{s.message, s.code(), s.explanation()})
		}
	}
	return letters
}

// code returns the error code; empty if nothing failed.
func (s settled) code() string {
	switch {
	case s.refusal != nil:
		return s.refusal.Code
	case s.result.Settlement == relatedro.SettledGaveUp:
		return GaveUp
	case s.result.Failure != nil:
		return string(s.result.Failure.Reason)
	}
	return ""
}

func (s settled) explanation() string {
	if s.result.Settlement == relatedro.SettledGaveUp {
		return fmt.Sprintf("tried for %v: %s", s.result.Failure.Reason.GiveUpAfter(), s.result.Message)
	}
	return s.result.Message
}

// delay hides messages to be retried until their retry delay is over. This only spares Karmak: if
// it fails, the visibility timeout applies.
func (h *Handler) delay(ctx context.Context, done []settled) {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	for i, s := range done {
		if s.result.Verdict != relatedro.TryAgain {
			continue
		}
		wait := retryDelay(s.result.Failure, s.triedSince, h.cfg.Now())
		entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id:                aws.String(strconv.Itoa(i)),
			ReceiptHandle:     aws.String(s.message.ReceiptHandle),
			VisibilityTimeout: int32(math.Ceil(wait.Seconds())),
		})
	}
	for len(entries) > 0 {
		n := min(len(entries), maxEntries)
		out, err := h.queue.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &h.cfg.QueueURL, Entries: entries[:n]})
		if err != nil {
			h.cfg.Log.WarnContext(ctx, "retry delays not set; the visibility timeout applies", "messages", n, "error", err)
		} else if len(out.Failed) > 0 {
			h.cfg.Log.WarnContext(ctx, "some retry delays not set; the visibility timeout applies", "messages", len(out.Failed), "code", aws.ToString(out.Failed[0].Code))
		}
		entries = entries[n:]
	}
}
