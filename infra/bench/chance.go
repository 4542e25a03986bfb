package main

import (
	"math/rand/v2"
	"time"
)

// retryDelay is package karmak's default.
const retryDelay = 200 * time.Millisecond

// chance draws how long Karmak keeps a look-up waiting, by the latencies and failures of the
// backlog. It knows nothing of what the product, the engines or the machine take.
type chance struct{ random *rand.Rand }

// backlogWait returns how long the backlog waits for Karmak alone, where each account answers so
// many look-ups one after the other: until the slowest is done, in the mean of many draws, the same
// ones in every run.
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

// lookup is one look-up with its retries. A first retry waits for half of retryDelay to all of it,
// each further one for twice that.
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
