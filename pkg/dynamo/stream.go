package dynamo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/relatedro"
)

// StreamConfig is what a Stream needs to know. All fields must be set.
type StreamConfig struct {
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(Told) // called once for each record, for metrics
}

// Told is what became of one record of the stream.
type Told struct {
	Kinds  []relatedro.NoticeKind // what was told of it: nothing of most writes
	Age    time.Duration          // since it was written
	Failed bool                   // it comes again
}

// Stream turns batches of the table's stream, old and new images, into notices. Safe for
// concurrent use.
type Stream struct {
	cfg StreamConfig
	bus relatedro.Bus
}

// NewStream returns a Stream that tells bus.
func NewStream(cfg StreamConfig, bus relatedro.Bus) *Stream {
	return &Stream{cfg: cfg, bus: bus}
}

// Handle tells of a batch's records, in their order, and answers with the first that
// could not be told: Lambda hands it over again with all that follow it. A batch whose
// very first record fails is an error, so that Lambda halves it until a record that can
// never be told is alone and no other shares its fate.
func (s *Stream) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	told, unread := readable(batch.Records)
	publishing, cancel := relatedro.WithReserve(ctx, 10, 3*time.Second) // to answer in
	defer cancel()
	published, err := s.publish(publishing, slices.Concat(told...))
	done := whole(told, published)
	if err == nil {
		err = unread
	}
	s.report(ctx, batch.Records, told[:done], err)
	switch {
	case err == nil:
		return events.DynamoDBEventResponse{}, nil
	case done == 0:
		return events.DynamoDBEventResponse{}, err
	}
	return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{
		{ItemIdentifier: batch.Records[done].Change.SequenceNumber},
	}}, nil
}

// readable returns what is to be told of each record, up to the first that cannot be read,
// and why that is so.
func readable(records []events.DynamoDBEventRecord) ([][]relatedro.Notice, error) {
	told := make([][]relatedro.Notice, 0, len(records))
	for _, record := range records {
		notices, err := noticesOf(record)
		if err != nil {
			return told, fmt.Errorf("read a record of the stream: %w", err)
		}
		told = append(told, notices)
	}
	return told, nil
}

func (s *Stream) publish(ctx context.Context, notices []relatedro.Notice) (int, error) {
	if len(notices) == 0 {
		return 0, nil
	}
	return s.bus.Publish(ctx, notices)
}

// whole returns how many records, from the first on, are told whole by so many notices.
func whole(told [][]relatedro.Notice, published int) int {
	for i, notices := range told {
		if published -= len(notices); published < 0 {
			return i
		}
	}
	return len(told)
}

// report logs what was told, and why not all was, and hands each record to Observe. Of
// an item it logs the key alone.
func (s *Stream) report(ctx context.Context, records []events.DynamoDBEventRecord, told [][]relatedro.Notice, err error) {
	now := s.cfg.Now()
	for i, record := range records {
		o := Told{Failed: i >= len(told), Age: max(0, now.Sub(record.Change.ApproximateCreationDateTime.Time))}
		if !o.Failed {
			for _, n := range told[i] {
				o.Kinds = append(o.Kinds, n.Kind)
				s.cfg.Log.InfoContext(ctx, "told", "kind", string(n.Kind), "location", n.Key.Location, "case", n.Key.Case,
					"revision", n.Revision, "id", n.ID, "ageMs", o.Age.Milliseconds())
			}
		}
		s.cfg.Observe(o)
	}
	if err != nil {
		first := records[len(told)].Change
		k := keyOf(imageOf(first.Keys))
		s.cfg.Log.ErrorContext(ctx, "not told", "error", err, "location", k.location(), "item", k.sk,
			"sequenceNumber", first.SequenceNumber, "left", len(records)-len(told))
	}
}
