package main

import (
	"math/rand/v2"
	"time"
)

// retryDelay is the default of package karmak.
const retryDelay = 200 * time.Millisecond

// chance simulates the waits for Karmak from the backlog's latencies and failures. It leaves out
// the time that the product, the engines and the machine take.
type chance struct{ random *rand.Rand }

// backlogWait returns how long the backlog waits for Karmak alone. lookups has the number of
// consecutive look-ups of each account; the backlog waits for the slowest account. The result is
// the mean of many random draws, which are the same in every run.
func backlogWait(lookups []int) time.Duration {
	const draws = 200
	c := chance{rand.New(rand.NewPCG(1, 2))}
	var total time.Duration
	for range draws {
		var slowest time.Duration
		for _, n := range lookups {
			var account time.Duration
			for range n {
				account += c.lookup()
			}
			slowest = max(slowest, account)
		}
		total += slowest
	}
	return total / draws
}

// lookup draws the duration of one look-up with its retries. The first retry waits for between half
// of retryDelay and all of it. Each further retry waits for twice as long.
func (c chance) lookup() (wait time.Duration) {
	for backoff := retryDelay; ; backoff *= 2 {
		wait += karmakLatency - backlogJitter + c.upTo(2*backlogJitter)
		if c.random.Float64() >= backlogFailures {
			return wait
		}
		wait += backoff/2 + c.upTo(backoff/2)
	}
}

func (c chance) upTo(d time.Duration) time.Duration {
	return time.Duration(c.random.Float64() * float64(d))
}
