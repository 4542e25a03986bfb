package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/timing"
	"related-ro/infra/checks/bench/world"
)

// followLimits returns the limits of one connection in one run. Write units include two for the
// lease and one for the location's check time. A run that sees a change uses two more to record it,
// and its cases cost as much as refreshes.
func followLimits() map[string]struct{ requests, calls, read, write float64 } {
	return map[string]struct{ requests, calls, read, write float64 }{
		"a run that sees no change": {1, 3.1, 1.2, 3},
		"a run that sees one":       {1, 7.1, 4.2, 5},
	}
}

// countFollow counts the cost of following per connection, over 50 connections with 3 recently
// updated ROs each.
func countFollow(ctx context.Context, e *engines.Engines) (counts []limit, err error) {
	w, err := newBatchWorld(ctx, e, "follow")
	if err != nil {
		return nil, err
	}
	exported, err := w.exported(ctx, batchShape{50, 50})
	if err != nil {
		return nil, err
	}
	if err := touch(ctx, e, exported, false); err != nil {
		return nil, err
	}
	if err := world.Work(ctx, world.NewConsumer(w.MeteredStore, e), exported.Batch()); err != nil {
		return nil, err
	}
	run := world.NewFollower(w.MeteredStore, e)
	if err := run(ctx); err != nil { // gets tokens and sees the first changes
		return nil, err
	}
	for _, voided := range []bool{false, true} {
		name := "a run that sees no change"
		if voided {
			name = "a run that sees one"
			if err := touch(ctx, e, exported, true); err != nil {
				return nil, err
			}
		}
		before, err := w.Engines.Counts(ctx)
		if err != nil {
			return nil, err
		}
		w.Meter.Take()
		if err := run(ctx); err != nil {
			return nil, err
		}
		after, err := w.Engines.Counts(ctx)
		if err != nil {
			return nil, err
		}
		usage, most := w.Meter.Take(), followLimits()[name]
		name = "follow, a connection in " + name
		counts = append(counts,
			limit{name + ": Karmak requests", float64(after.Total-before.Total) / 50, most.requests},
			limit{name + ": DynamoDB calls", float64(usage.Calls) / 50, most.calls},
			limit{name + ": read units", usage.Read / 50, most.read},
			limit{name + ": write units", usage.Write / 50, most.write})
	}
	return counts, nil
}

// touch marks the ROs of the exported cases as updated now, and sets whether one RO of each family
// is voided.
func touch(ctx context.Context, e *engines.Engines, exported world.Exported, voided bool) error {
	for i := range exported.Messages {
		account := world.Account(exported.At(i))
		for r := range account.ROs {
			account.ROs[r].LastUpdate = time.Now()
		}
		account.ROs[1].Voided = voided
		if err := e.AddAccount(ctx, account); err != nil {
			return fmt.Errorf("touch ROs: %w", err)
		}
	}
	return nil
}

// followGrowth times runs of follow over a growing number of connections, with Karmak answering
// without delay, and adds the results to the section.
func followGrowth(ctx context.Context, e *engines.Engines, s *report.Section) error {
	counts := []int{50, 500, 2000}
	t := report.Table{Columns: []string{"connections of a run of follow", "ms per connection", "read / write units per connection", "Karmak requests per connection"}}
	var each []time.Duration
	var units []float64
	for _, n := range counts {
		w, err := world.New(ctx, e, fmt.Sprintf("follow-%d", n))
		if err != nil {
			return err
		}
		for l := range n {
			if err := w.AddLocation(ctx, l); err != nil {
				return err
			}
			if err := e.AddAccount(ctx, world.Account(l)); err != nil {
				return err
			}
		}
		run := world.NewFollower(w.MeteredStore, e)
		if err := run(ctx); err != nil { // gets tokens
			return err
		}
		before, err := e.Counts(ctx)
		if err != nil {
			return err
		}
		w.Meter.Take()
		const runs = 3
		var times timing.Times
		for range runs {
			began := time.Now()
			if err := run(ctx); err != nil {
				return err
			}
			times = append(times, time.Since(began)/time.Duration(n))
		}
		after, err := e.Counts(ctx)
		if err != nil {
			return err
		}
		usage, asked := w.Meter.Take(), float64(runs*n)
		each, units = append(each, times.Median()), append(units, (usage.Read+usage.Write)/asked)
		t.Add(fmt.Sprint(n), report.Milliseconds(times.Median()), report.Number(usage.Read/asked)+" / "+report.Number(usage.Write/asked),
			report.Number(float64(after.Total-before.Total)/asked))
	}
	s.Tables = append(s.Tables, t)
	s.Goals = append(s.Goals,
		report.Goal{What: "a run of follow: time per connection, 2000 connections over 50", Value: ratio(each[len(each)-1], each[0]), Limit: 1.2, Unit: "×"},
		report.Goal{What: "a run of follow: capacity units per connection, most over least", Value: slices.Max(units) / slices.Min(units), Limit: 1.2, Unit: "×"})
	return nil
}
