package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/straightforward"
	"related-ro/infra/checks/bench/timing"
	"related-ro/infra/checks/bench/world"
)

const (
	karmakLatency = 200 * time.Millisecond
	batchRepeats  = 3
)

// batchShape is the number of messages in a batch and the number of accounts they come from.
type batchShape struct{ messages, accounts int }

func batchShapes() (shapes []batchShape) {
	shapes = []batchShape{{1, 1}}
	for _, messages := range []int{10, 50, 200} {
		for _, accounts := range []int{1, 5, 50} {
			shapes = append(shapes, batchShape{messages, accounts})
		}
	}
	return shapes
}

// batchFigures holds the measurements of a batch. All except took are per message.
type batchFigures struct {
	took           time.Duration
	cpu            time.Duration
	karmak, lookup float64
	calls          float64
	read, write    float64
}

func (f batchFigures) roundTrips() float64 { return ratio(f.took, karmakLatency) }

// batchWorld creates messages about cases that are not in the table yet.
type batchWorld struct {
	*world.World
	mu   sync.Mutex
	next int
}

func newBatchWorld(ctx context.Context, e *engines.Engines, table string) (*batchWorld, error) {
	w, err := world.New(ctx, e, table)
	if err != nil {
		return nil, err
	}
	for l := range 50 {
		if err := w.AddLocation(ctx, l); err != nil {
			return nil, err
		}
	}
	return &batchWorld{World: w, next: 1}, nil
}

func (w *batchWorld) exported(ctx context.Context, s batchShape) (world.Exported, error) {
	w.mu.Lock()
	exported := world.Exported{First: w.next, Messages: s.messages}
	w.next += s.messages
	w.mu.Unlock()
	for l := range s.accounts {
		exported.Locations = append(exported.Locations, l)
	}
	return exported, w.AddROs(ctx, exported)
}

// batchRetrieval measures batches of every shape with the product and with the straightforward
// handler.
func batchRetrieval(ctx context.Context, _ *bench) (report.Section, error) {
	e, err := engines.Start(ctx)
	if err != nil {
		return report.Section{}, err
	}
	defer e.Close()
	ours, err := ourBatches(ctx, e)
	if err != nil {
		return report.Section{}, err
	}
	naive, err := naiveBatches(ctx, e)
	if err != nil {
		return report.Section{}, fmt.Errorf("straightforward: %w", err)
	}
	return batchSection(ours, naive), nil
}

func ourBatches(ctx context.Context, e *engines.Engines) (map[batchShape]batchFigures, error) {
	w, err := newBatchWorld(ctx, e, "batch")
	if err != nil {
		return nil, err
	}
	consumer := world.NewConsumer(w.MeteredStore, e)
	figures := make(map[batchShape]batchFigures)
	for _, shape := range batchShapes() {
		if figures[shape], err = w.measure(ctx, consumer, shape, karmakLatency); err != nil {
			return nil, fmt.Errorf("%d messages of %d accounts: %w", shape.messages, shape.accounts, err)
		}
	}
	return figures, nil
}

// measure passes a consumer one batch that signs in, and then batchRepeats batches with warm
// tokens, which it measures. Karmak has the given latency during the latter.
func (w *batchWorld) measure(ctx context.Context, c world.Consumer, shape batchShape, latency time.Duration) (f batchFigures, err error) {
	warmUp, err := w.exported(ctx, shape)
	if err != nil {
		return f, err
	}
	if err := world.Work(ctx, c, warmUp.Batch()); err != nil {
		return f, err
	}
	if err := w.Engines.SetLatency(ctx, latency); err != nil {
		return f, err
	}
	before, err := w.Engines.Counts(ctx)
	if err != nil {
		return f, err
	}
	w.Meter.Take()
	var times timing.Times
	var cpu time.Duration
	for range batchRepeats {
		exported, err := w.exported(ctx, shape)
		if err != nil {
			return f, err
		}
		batch := exported.Batch()
		begin, used := time.Now(), processorTime()
		if err := world.Work(ctx, c, batch); err != nil {
			return f, err
		}
		times, cpu = append(times, time.Since(begin)), cpu+processorTime()-used
	}
	after, err := w.Engines.Counts(ctx)
	if err != nil {
		return f, err
	}
	usage := w.Meter.Take()
	messages := float64(batchRepeats * shape.messages)
	return batchFigures{
		took: times.Median(), cpu: cpu / time.Duration(messages),
		karmak: float64(after.Total-before.Total) / messages, lookup: float64(after.Lookups()-before.Lookups()) / messages,
		calls: float64(usage.Calls) / messages, read: usage.Read / messages, write: usage.Write / messages,
	}, w.Engines.SetLatency(ctx, 0)
}

// naiveBatches measures a batch of each shape with the straightforward handler. The batches run
// concurrently, since they spend almost all their time waiting. Karmak requests are averaged over
// all batches, because every message causes the same number.
func naiveBatches(ctx context.Context, e *engines.Engines) (map[batchShape]batchFigures, error) {
	w, err := newBatchWorld(ctx, e, "straightforward")
	if err != nil {
		return nil, err
	}
	w.next = 500_000
	if err := e.SetLatency(ctx, karmakLatency); err != nil {
		return nil, err
	}
	before, err := e.Counts(ctx)
	if err != nil {
		return nil, err
	}
	figures := make(map[batchShape]batchFigures)
	messages := 0.0
	var mu sync.Mutex
	batches, batchesCtx := errgroup.WithContext(ctx)
	for _, shape := range batchShapes() {
		exported, err := w.exported(ctx, shape)
		if err != nil {
			return nil, err
		}
		messages += float64(shape.messages)
		batches.Go(func() error {
			var meter world.Meter
			handler := naiveConsumer(e, w.Table, &meter)
			begin := time.Now()
			err := world.Work(batchesCtx, handler, exported.Batch())
			took, usage, n := time.Since(begin), meter.Take(), float64(shape.messages)
			mu.Lock()
			defer mu.Unlock()
			figures[shape] = batchFigures{took: took, calls: float64(usage.Calls) / n, read: usage.Read / n, write: usage.Write / n}
			return err
		})
	}
	if err := batches.Wait(); err != nil {
		return nil, err
	}
	after, err := e.Counts(ctx)
	if err != nil {
		return nil, err
	}
	for shape, f := range figures {
		f.karmak, f.lookup = float64(after.Total-before.Total)/messages, float64(after.Lookups()-before.Lookups())/messages
		figures[shape] = f
	}
	return figures, nil
}

func naiveConsumer(e *engines.Engines, table string, meter *world.Meter) world.Consumer {
	return &straightforward.Handler{
		Client: e.DynamoDB(meter.Option), Table: table, KarmakURL: e.KarmakURL, HTTP: http.DefaultClient,
		ClientID: engines.KarmakClientID, ClientSecret: engines.KarmakClientSecret,
	}
}

func batchSection(ours, naive map[batchShape]batchFigures) report.Section {
	s := report.Section{
		Title: "Batch retrieval",
		Text: fmt.Sprintf(`
Each batch has messages about new cases. Each RO has two alternates, each account has one location,
Karmak answers after %v, and tokens and settings are warm. Wall time is in Karmak round trips, the
median of %d batches. The straightforward handler (`+"`infra/checks/bench/straightforward`"+`) signs in and looks
up the RO for each message, one message after the other. Counts are per message. A batch of 10
messages from 50 accounts uses only 10 of them.`, karmakLatency, batchRepeats),
		Tables: []report.Table{{Columns: []string{
			"messages", "accounts", "round trips", "straightforward", "ratio", "look-ups", "Karmak requests", "straightforward", "DynamoDB calls", "straightforward",
			"read units", "straightforward", "write units", "straightforward", "CPU ms",
		}}},
	}
	for _, shape := range batchShapes() {
		f, n := ours[shape], naive[shape]
		s.Tables[0].Add(fmt.Sprint(shape.messages), fmt.Sprint(shape.accounts),
			report.Number(f.roundTrips()), report.Number(n.roundTrips()), report.Ratio(f.took, n.took),
			report.Number(f.lookup), report.Number(f.karmak), report.Number(n.karmak), report.Number(f.calls), report.Number(n.calls),
			report.Number(f.read), report.Number(n.read), report.Number(f.write), report.Number(n.write), report.Milliseconds(f.cpu))
	}
	one, fifty := ours[batchShape{50, 1}], ours[batchShape{50, 50}]
	s.Goals = []report.Goal{
		{What: "50 messages of one account: wall time", Value: one.roundTrips(), Limit: 3.3, Unit: "round trips"},
		{What: "50 messages of one account: Karmak requests per message", Value: one.karmak, Limit: 0.08, Unit: "requests"},
		{What: "50 messages of 50 accounts: wall time", Value: fifty.roundTrips(), Limit: 4, Unit: "round trips"},
	}
	s.Notes = `
A retrieval of new cases makes three consecutive look-ups, since each account gets one request at a
time. The first finds the ROs made from the cases' ROs, the second reads the rows of both, and the
third looks for ROs made from those, to confirm that the family is complete. If a case already had
the family, the third look-up becomes part of the first. 200 ROs of one account do not fit into one
URL and take seven look-ups.

Most write units are for the links, which serve the search and the linked cases. The straightforward
handler writes none. A case with its RO and two related ones is four items in one transaction, which
costs twice their size.`
	return s
}

// processorTime returns the CPU time used by this process.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0 // it fails only for other arguments
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
