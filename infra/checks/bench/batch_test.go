package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	karmakLatency = 200 * time.Millisecond
	batchRepeats  = 3
)

// batchShape is the number of messages in a batch and the number of accounts they come from.
type batchShape struct{ messages, accounts int }

// String implements fmt.Stringer.
func (s batchShape) String() string { return fmt.Sprintf("%d-of-%d", s.messages, s.accounts) }

// batchFigures holds the measurements of a batch. The usage and the CPU time are per message.
type batchFigures struct {
	usage
	took, cpu time.Duration
}

// BenchmarkBatch retrieves batches of messages about new cases, with warm tokens and settings.
// 50-of-5 is a batch of 50 messages of 5 accounts. A batch of 10 messages of 50 accounts uses only
// 10 of them.
func BenchmarkBatch(b *testing.B) {
	w := newWorld(b, startEngines(b), "batch", upTo(50)...)
	consumer := newConsumer(w.metered, w.engines)
	shapes := []batchShape{{1, 1}}
	for _, messages := range []int{10, 50, 200} {
		for _, accounts := range []int{1, 5, 50} {
			shapes = append(shapes, batchShape{messages, accounts})
		}
	}
	for _, shape := range shapes {
		b.Run(shape.String(), func(b *testing.B) {
			f := w.measureBatch(b, consumer, shape, karmakLatency)
			roundTrips := ratio(f.took, karmakLatency)
			Metrics(b, map[string]float64{
				"round-trips": roundTrips, "cpu-ms/message": milliseconds(f.cpu), "lookups/message": f.lookups, "karmak/message": f.karmak,
				"calls/message": f.calls, "read-units/message": f.read, "write-units/message": f.write,
			})
			switch shape {
			case batchShape{50, 1}:
				goals.Report(b, "round-trips", roundTrips, 3.3)
				goals.Report(b, "karmak/message", f.karmak, 0.08)
			case batchShape{50, 50}:
				goals.Report(b, "round-trips", roundTrips, 4)
			}
		})
	}
}

// measureBatch passes the consumer one batch that signs in, and then batchRepeats batches with warm
// tokens, which it measures. Karmak has the given latency during the latter.
func (w *world) measureBatch(
	tb testing.TB, consume func(context.Context, events.SQSEvent) error, shape batchShape, latency time.Duration,
) (f batchFigures) {
	tb.Helper()
	locations := upTo(shape.accounts)
	if err := consume(tb.Context(), w.newCases(tb, shape.messages, locations).exports()); err != nil {
		tb.Fatal(err)
	}
	w.setLatency(tb, latency)
	defer w.setLatency(tb, 0)
	var batches []events.SQSEvent
	for range batchRepeats {
		batches = append(batches, w.newCases(tb, shape.messages, locations).exports())
	}
	var took times
	f.usage = w.usageOf(tb, func() error {
		used := processorTime()
		for _, batch := range batches {
			begin := time.Now()
			if err := consume(tb.Context(), batch); err != nil {
				return err
			}
			took = append(took, time.Since(begin))
		}
		f.cpu = processorTime() - used
		return nil
	})
	messages := batchRepeats * shape.messages
	f.took, f.cpu, f.usage = took.median(), f.cpu/time.Duration(messages), f.per(messages)
	return f
}
