package sqsbatch

import (
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
	// longestWait is below SQS's limit of 12 hours, counted from the receive, by more than an
	// invocation can take.
	longestWait = 12*time.Hour - 30*time.Minute
)

// retryDelay returns the delay before a failed message is delivered again. tried is the time since
// its first receive. The delay grows with that time, not with the number of receives, so that a
// delivery that asked nothing of the DMS does not lengthen it. It is as long as tried, up to
// MaxRetryDelay, and up to LateDelay after a day. If the failed delivery did not ask the DMS, it is
// an eighth of tried. Within four days this makes at most 180 receives; SQS moves a message to the
// dead-letter queue after 200. A longer delay that the DMS asked for takes precedence.
func retryDelay(f *relatedro.Failure, tried time.Duration) time.Duration {
	ceiling := min(max(tried, MinRetryDelay), max(MaxRetryDelay, min(tried/24, LateDelay)))
	if f.NotAsked {
		ceiling = min(max(tried/8, MinTurnDelay), LateDelay)
	}
	// Randomized, so that messages that failed together do not return together.
	delay := ceiling - rand.N(ceiling/4)
	return min(max(delay, f.RetryAfter), longestWait)
}
