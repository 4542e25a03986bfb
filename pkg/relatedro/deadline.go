package relatedro

import (
	"context"
	"sync"
	"time"
)

// leastTime is the least time left in an invocation for another DMS query.
const leastTime = time.Second

// inTime reports whether enough time is left before ctx's deadline to start another query.
func inTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > leastTime
}

// WithReserve returns ctx with an earlier deadline, which reserves time for the steps that follow.
// The reserve is one part in parts of the remaining time, but no more than most. Without a deadline
// nothing is reserved.
func WithReserve(ctx context.Context, parts int, most time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/time.Duration(parts), most)))
}

// inParallel calls do for every item, at most atOnce at a time, and returns when all calls have
// returned.
func inParallel[T any](items []T, atOnce int, do func(T)) {
	if len(items) == 1 {
		do(items[0])
		return
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, item := range items {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			do(item)
		})
	}
	wg.Wait()
}
