package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/world"
)

// limit is a measured count and its maximum.
type limit struct {
	what        string
	value, most float64
}

// readLimits returns the limits of one warm request by the name of its reading. The limits of
// allocations, both in total and beyond the bare calls, are 10 % above the counts measured when the
// limits were set. P1 spends half a read unit on its location's check time.
func readLimits() map[string]struct{ calls, units, allocations, beyond float64 } {
	return map[string]struct{ calls, units, allocations, beyond float64 }{
		"P1, no related ROs":                       {1, 1.5, 660, 170},
		"P1, two related ROs, each another case's": {3, 2.5, 1620, 185},
		"P3, 100 cases of 5 locations":             {1, 50, 17300, 6150},
		"P3, the same, compressed for a browser":   {1, 50, 17300, 6150},
		"P4, a related RO's number":                {2, 2, 1240, 185}, // any number of locations
	}
}

// batchLimits returns the limits of one message of a batch with warm tokens and settings. Calls and
// write units include two for the lease of each account. Write units also include one for the index
// of open cases and one for the index of open warranty ROs.
func batchLimits() map[batchShape]struct{ lookups, requests, calls, read, write float64 } {
	return map[batchShape]struct{ lookups, requests, calls, read, write float64 }{
		{1, 1}:   {3, 3, 5, 2, 13},
		{50, 1}:  {0.06, 0.06, 1.08, 1.02, 11.04},
		{50, 5}:  {0.3, 0.3, 1.32, 1.1, 11.2},
		{50, 50}: {3, 3, 4.02, 2, 13},
	}
}

// runSmoke measures the counts that do not depend on the machine. It returns an error if any of
// them exceeds its limit.
func runSmoke(ctx context.Context) error {
	e, err := engines.Start(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	reads, err := countReads(ctx, e)
	if err != nil {
		return fmt.Errorf("reads: %w", err)
	}
	batches, err := countBatches(ctx, e)
	if err != nil {
		return fmt.Errorf("batches: %w", err)
	}
	follows, err := countFollow(ctx, e)
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	var problems []error
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, l := range slices.Concat(reads, batches, follows) {
		fmt.Fprintf(out, "%.6g\tof at most %g\t\t%s\n", l.value, l.most, l.what)
		if l.value > l.most*1.000001 { // allows for rounding in sums of fractions
			problems = append(problems, fmt.Errorf("%s: %.6g, at most %g", l.what, l.value, l.most))
		}
	}
	return errors.Join(out.Flush(), errors.Join(problems...))
}

func countReads(ctx context.Context, e *engines.Engines) (counts []limit, err error) {
	w, err := warmWorld(ctx, e)
	if err != nil {
		return nil, err
	}
	limits := readLimits()
	for _, r := range readings(w) {
		usage, err := r.usage(ctx, w)
		if err != nil {
			return nil, err
		}
		reader, err := world.NewReader(w.Store)
		if err != nil {
			return nil, err
		}
		ours, err := footprintOf(func() error { return reader.Get(ctx, r.request) })
		if err != nil {
			return nil, err
		}
		bare, err := footprintOf(func() error { return r.bare(ctx, w.Client) })
		if err != nil {
			return nil, err
		}
		most := limits[r.name]
		counts = append(counts,
			limit{r.name + ": DynamoDB calls", float64(usage.Calls), most.calls},
			limit{r.name + ": read units", usage.Read, most.units},
			limit{r.name + ": allocations", ours.allocations, most.allocations},
			limit{r.name + ": allocations beyond the bare calls'", ours.allocations - bare.allocations, most.beyond})
	}
	return counts, nil
}

func countBatches(ctx context.Context, e *engines.Engines) (counts []limit, err error) {
	w, err := newBatchWorld(ctx, e, "smoke")
	if err != nil {
		return nil, err
	}
	consumer := world.NewConsumer(w.MeteredStore, e)
	for _, shape := range []batchShape{{1, 1}, {50, 1}, {50, 5}, {50, 50}} {
		f, err := w.measure(ctx, consumer, shape, 0)
		if err != nil {
			return nil, err
		}
		most, name := batchLimits()[shape], fmt.Sprintf("%d messages of %d accounts, each", shape.messages, shape.accounts)
		counts = append(counts,
			limit{name + ": look-ups", f.lookup, most.lookups},
			limit{name + ": Karmak requests", f.karmak, most.requests},
			limit{name + ": DynamoDB calls", f.calls, most.calls},
			limit{name + ": read units", f.read, most.read},
			limit{name + ": write units", f.write, most.write})
	}
	again, err := w.countAgain(ctx, consumer)
	if err != nil {
		return nil, err
	}
	return append(counts, again...), nil
}

// countAgain counts a close that finds the list unchanged. It needs no last look-up, no link and no
// transaction.
func (w *batchWorld) countAgain(ctx context.Context, c world.Consumer) ([]limit, error) {
	exported, err := w.exported(ctx, batchShape{1, 1})
	if err != nil {
		return nil, err
	}
	if err := world.Work(ctx, c, exported.Batch()); err != nil {
		return nil, err
	}
	before, err := w.Engines.Counts(ctx)
	if err != nil {
		return nil, err
	}
	w.Meter.Take()
	if err := world.Work(ctx, c, exported.Closes()); err != nil {
		return nil, err
	}
	after, err := w.Engines.Counts(ctx)
	if err != nil {
		return nil, err
	}
	usage := w.Meter.Take()
	const name = "a close that finds the list unchanged"
	return []limit{
		{name + ": Karmak requests", float64(after.Total - before.Total), 2},
		{name + ": DynamoDB calls", float64(usage.Calls), 5},
		{name + ": read units", usage.Read, 2},
		{name + ": write units", usage.Write, 6},
	}, nil
}
