package sqsbatch

import (
	"math/rand/v2"
	"time"
)

// Bounds of how long a failed message waits until it is handed over again.
const (
	MinRetryDelay = 10 * time.Second
	MaxRetryDelay = 15 * time.Minute
	// longestWait keeps under SQS's 12 hours, counted from the receive, by more than
	// an invocation can take.
	longestWait = 12*time.Hour - 30*time.Minute
)

// retryDelay returns how long a message waits after it was received so many times:
// between half of and a ceiling that doubles from 20 s up to MaxRetryDelay, at random
// so that messages which failed together do not return together. A longer wait that
// the DMS asked for is kept.
func retryDelay(receives int, retryAfter time.Duration) time.Duration {
	ceiling := MaxRetryDelay
	if receives < 7 { // 10 s << 7 passes MaxRetryDelay
		ceiling = MinRetryDelay << max(receives, 1)
	}
	delay := ceiling/2 + rand.N(ceiling/2)
	return min(max(delay, retryAfter), longestWait)
}
