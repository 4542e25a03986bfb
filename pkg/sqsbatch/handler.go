// Package sqsbatch takes a batch of SQS messages in and gives a partial batch
// response out: it decodes, hands the events to the domain, sets messages that can
// never work aside in the dead-letter queue, and lets failed ones return later.
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

// Queue is what a Handler asks of SQS. *sqs.Client has it.
type Queue interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

var _ Queue = (*sqs.Client)(nil)

// Config is what a Handler needs to know. All fields must be set.
type Config struct {
	Source        string // "export", "close" or "refresh": which function this is, for dead letters and logs
	QueueURL      string
	DeadLetterURL string
	Now           func() time.Time
	Log           *slog.Logger
	Observe       func(Observation) // called once for each message, for metrics
}

// Observation is how one message ended.
type Observation struct {
	Outcome string        // a relatedro.Settlement, or "refused" for a message that can never work
	Reason  string        // code; empty when nothing failed
	Related int           // related ROs found
	Age     time.Duration // since the event occurred; 0 unless the message is acknowledged as ok
}

// Handler handles the batches of one queue. Safe for concurrent use.
type Handler struct {
	cfg       Config
	queue     Queue
	retriever *relatedro.Retriever
	warm      atomic.Bool
}

// NewHandler returns a Handler that lets retriever do the work.
func NewHandler(cfg Config, queue Queue, retriever *relatedro.Retriever) *Handler {
	return &Handler{cfg: cfg, queue: queue, retriever: retriever}
}

// Handle works off one batch. A message is acknowledged unless the response lists it;
// a listed one returns after its delay or its visibility timeout. The error is always
// nil: one broken message must not fail its neighbours.
func (h *Handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	started := h.cfg.Now()
	ending, cancel := relatedro.WithReserve(ctx, 10, time.Second) // for the answer, should SQS hang
	defer cancel()
	working, cancel := relatedro.WithReserve(ending, 10, 2*time.Second) // for dead letters and delays
	defer cancel()

	done := make([]settled, len(batch.Records))
	deliveries, positions := h.decode(batch.Records, done)
	failed := h.setAside(working, toSetAside(done)) // before the retrieval: they wait for nothing
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

// settled is a message and what became of it: refused, or a result.
type settled struct {
	message    *events.SQSMessage
	receives   int
	triedSince time.Time // when it was first received
	event      relatedro.Event
	refusal    *Refusal
	result     relatedro.Result
}

// decode fills done with the messages and returns the deliveries among them, with
// each one's position.
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

// sentAt is when the queue took the message; now if it does not say, which SQS
// always does.
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

// code is the machine code of what went wrong; empty when nothing did.
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
	why := s.result.Failure.Reason
	if s.result.Settlement == relatedro.SettledGaveUp {
		return fmt.Sprintf("tried for %v: %s", why.GiveUpAfter(), why.Sentence())
	}
	return why.Sentence()
}

// delay makes messages that are tried again invisible for a while. That is a
// kindness to Karmak, not a need: when it fails the visibility timeout does it.
func (h *Handler) delay(ctx context.Context, done []settled) {
	var entries []types.ChangeMessageVisibilityBatchRequestEntry
	for i, s := range done {
		if s.result.Verdict != relatedro.TryAgain {
			continue
		}
		wait := retryDelay(s.result.Failure, h.cfg.Now().Sub(s.triedSince))
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
			h.cfg.Log.WarnContext(ctx, "retry delays not set; the visibility timeout stands in", "messages", n, "error", err)
		} else if len(out.Failed) > 0 {
			h.cfg.Log.WarnContext(ctx, "some retry delays not set; the visibility timeout stands in", "messages", len(out.Failed), "code", aws.ToString(out.Failed[0].Code))
		}
		entries = entries[n:]
	}
}
