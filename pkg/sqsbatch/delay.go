package sqsbatch

import (
	"math/rand/v2"
	"time"

	"related-ro/pkg/relatedro"
)

// Bounds of how long a failed message waits until it is handed over again.
const (
	MinRetryDelay = 10 * time.Second
	MaxRetryDelay = 15 * time.Minute // for the first quarter of a day
	LateDelay     = time.Hour        // from the second day on
	// MinTurnDelay is that of a message whose account was not even asked.
	MinTurnDelay = 4 * time.Second
	// longestWait keeps under SQS's 12 hours, counted from the receive, by more than
	// an invocation can take.
	longestWait = 12*time.Hour - 30*time.Minute
)

// retryDelay returns how long a message waits that failed, and has been tried for some
// time. The wait grows with that time, not with the receives, so that one which asked
// nothing of the DMS costs nothing: as long again as it has been tried for, up to
// MaxRetryDelay, and up to LateDelay after a day. Of a message that was not asked for it
// is an eighth of that. In four days that makes at most 180 receives of the 200 after
// which SQS takes a message away. A longer wait that the DMS asked for is kept.
func retryDelay(f *relatedro.Failure, tried time.Duration) time.Duration {
	ceiling := min(max(tried, MinRetryDelay), max(MaxRetryDelay, min(tried/24, LateDelay)))
	if f.NotAsked {
		ceiling = min(max(tried/8, MinTurnDelay), LateDelay)
	}
	// At random, so that messages which failed together do not return together.
	delay := ceiling - rand.N(ceiling/4)
	return min(max(delay, f.RetryAfter), longestWait)
}
