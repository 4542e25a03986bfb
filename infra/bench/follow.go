package main

import (
	"context"
	"fmt"
	"time"

	"related-ro/infra/bench/engines"
	"related-ro/infra/bench/world"
)

// followLimits are those of one connection in one run. Write units hold two of the lease and one of the time at which the
// location was checked; in a run that saw a change, two more for what was seen, and the cases cost what refreshes cost.
func followLimits() map[string]struct{ requests, calls, read, write float64 } {
	return map[string]struct{ requests, calls, read, write float64 }{
		"a run that sees no change": {1, 3.1, 1.2, 3},
		"a run that sees one":       {1, 7.1, 4.2, 5},
	}
}

// countFollow counts what following costs for a connection, over 50 of them with 3 ROs each that were touched lately.
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
	if err := run(ctx); err != nil { // tokens, and what the first run sees
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

// touch has the ROs of what was exported be touched just now, and one of each family voided.
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
