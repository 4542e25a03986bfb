package sqsbatch

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"related-ro/pkg/relatedro"
)

// Bounds of the delay before a failed message is delivered again.
const (
	MinRetryDelay = 10 * time.Second
	MaxRetryDelay = 15 * time.Minute // during the first 6 hours
	LateDelay     = time.Hour        // from the second day on
	// MinTurnDelay is the minimum for a message whose account was not asked.
	MinTurnDelay = 4 * time.Second
	// SlowTurnDelay replaces it if the account's DMS answers slowly: messages that wait for it occupy
	// batches that others need.
	SlowTurnDelay = 16 * time.Second
	// longestWait is below SQS's limit of 12 hours, counted from the receive, by more than an
	// invocation can take.
	longestWait = 12*time.Hour - 30*time.Minute
)

// retryDelay returns the delay before a message is delivered again that failed now and was first
// received at triedSince. The delay grows with the time between them, not with the number of
// receives, so that a delivery that asked nothing of the DMS does not lengthen it. It is as long as
// that time, up to MaxRetryDelay, and up to LateDelay after a day. If the failed delivery did not
// ask the DMS, it is an eighth of it. Within four days this makes at most 180 receives; SQS moves a
// message to the dead-letter queue after 200. A longer delay that the DMS asked for takes
// precedence.
func retryDelay(f *relatedro.Failure, triedSince, now time.Time) time.Duration {
	tried := now.Sub(triedSince)
	ceiling := min(max(tried, MinRetryDelay), max(MaxRetryDelay, min(tried/24, LateDelay)))
	if f.NotAsked {
		ceiling = min(max(tried/8, MinTurnDelay), LateDelay)
	}
	if f.Busy != nil {
		return turnDelay(*f.Busy, ceiling, now)
	}
	// Randomized, so that messages that failed together do not return together.
	delay := ceiling - rand.N(ceiling/4)
	return min(max(delay, f.RetryAfter), longestWait)
}

// turnDelay returns the time until the next moment at which the messages of a busy account return
// together. The moments of an account are at least interval apart.
func turnDelay(busy relatedro.Busy, interval time.Duration, now time.Time) time.Duration {
	if busy.Slow {
		interval = max(interval, SlowTurnDelay)
	}
	period := MinTurnDelay
	for period < interval {
		period *= 2 // so that moments of a longer period are also moments of a shorter one
	}
	hash := fnv.New64a()
	hash.Write([]byte(busy.Account))
	phase := time.Duration(hash.Sum64() % uint64(period))
	soonest := now.Add(MinTurnDelay / 4)
	moment := soonest.Add(-phase).Truncate(period).Add(phase)
	if moment.Before(soonest) {
		moment = moment.Add(period)
	}
	return moment.Sub(now)
}
