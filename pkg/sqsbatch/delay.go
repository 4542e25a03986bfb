package sqsbatch

import (
	"math/rand/v2"
	"time"
)

// Bounds of how long a failed message waits until it is handed over again.
const (
	MinRetryDelay = 10 * time.Second
	MaxRetryDelay = 15 * time.Minute
	// MinTurnDelay and MaxTurnDelay are those of a message whose account was being asked by
	// another function. By the most, the queue's maxReceiveCount of 200 bears an hour in which
	// the turn never comes.
	MinTurnDelay = 2 * time.Second
	MaxTurnDelay = 30 * time.Second
	// longestWait keeps under SQS's 12 hours, counted from the receive, by more than
	// an invocation can take.
	longestWait = 12*time.Hour - 30*time.Minute
)

// retryDelay returns how long a message waits after it was received so many times:
// between half of and a ceiling that doubles from 20 s up to MaxRetryDelay, at random
// so that messages which failed together do not return together. A longer wait that
// the DMS asked for is kept.
func retryDelay(receives int, retryAfter time.Duration) time.Duration {
	return min(max(growing(MinRetryDelay, MaxRetryDelay, receives), retryAfter), longestWait)
}

// turnDelay returns how long a message waits for its account's turn, likewise.
func turnDelay(receives int) time.Duration {
	return growing(MinTurnDelay, MaxTurnDelay, receives)
}

// growing returns a time between half of and a ceiling that doubles with each receive, from
// twice the least up to the most.
func growing(least, most time.Duration, receives int) time.Duration {
	ceiling := most
	if receives < 7 { // by then it has passed the most
		ceiling = min(least<<max(receives, 1), most)
	}
	return ceiling/2 + rand.N(ceiling/2)
}
