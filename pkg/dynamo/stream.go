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

// StreamConfig configures a Stream. All fields must be set.
type StreamConfig struct {
	Now     func() time.Time
	Log     *slog.Logger
	Observe func(failed bool) // called once for each record; Lambda delivers failed ones again
}

// Stream turns batches of the table's stream, with old and new images, into notices. It is safe for
// concurrent use.
type Stream struct {
	cfg StreamConfig
	bus relatedro.Bus
}

// NewStream returns a Stream that publishes to bus.
func NewStream(cfg StreamConfig, bus relatedro.Bus) *Stream {
	return &Stream{cfg: cfg, bus: bus}
}

// Handle publishes the notices of a batch's records in order. Its response names the first record
// that failed; Lambda then delivers that record and all following ones again. If the very first
// record fails, Handle returns an error instead, so that Lambda bisects the batch until a record
// that can never succeed is alone.
func (s *Stream) Handle(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	perRecord, unread := readable(batch.Records)
	publishing, cancel := relatedro.WithReserve(ctx, 10, 3*time.Second) // time to respond
	defer cancel()
	published, err := s.bus.Publish(publishing, slices.Concat(perRecord...))
	done := whole(perRecord, published)
	if err == nil {
		err = unread
	}
	s.report(ctx, batch.Records, perRecord[:done], err)
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

// readable returns the notices of each record up to the first that cannot be read, and the error
// for that one.
func readable(records []events.DynamoDBEventRecord) ([][]relatedro.Notice, error) {
	perRecord := make([][]relatedro.Notice, 0, len(records))
	for _, record := range records {
		notices, err := noticesOf(record)
		if err != nil {
			return perRecord, fmt.Errorf("read a record of the stream: %w", err)
		}
		perRecord = append(perRecord, notices)
	}
	return perRecord, nil
}

// whole returns how many leading records have all their notices among the first published ones.
func whole(perRecord [][]relatedro.Notice, published int) int {
	for i, notices := range perRecord {
		if published -= len(notices); published < 0 {
			return i
		}
	}
	return len(perRecord)
}

// report logs the published notices and any failure, and passes each record to Observe. It logs
// only an item's key.
func (s *Stream) report(ctx context.Context, records []events.DynamoDBEventRecord, perRecord [][]relatedro.Notice, err error) {
	now := s.cfg.Now()
	for i, record := range records {
		failed := i >= len(perRecord)
		s.cfg.Observe(failed)
		if failed {
			continue
		}
		age := max(0, now.Sub(record.Change.ApproximateCreationDateTime.Time))
		for _, n := range perRecord[i] {
			s.cfg.Log.InfoContext(ctx, "told", "kind", string(n.Kind), "location", n.Key.Location, "case", n.Key.Case,
				"revision", n.Revision, "id", n.ID, "ageMs", age.Milliseconds())
		}
	}
	if err != nil {
		first := records[len(perRecord)].Change
		k := keyOf(imageOf(first.Keys))
		s.cfg.Log.ErrorContext(ctx, "not told", "error", err, "location", k.location(), "item", k.sk,
			"sequenceNumber", first.SequenceNumber, "left", len(records)-len(perRecord))
	}
}
