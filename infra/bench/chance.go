package main

import (
	"math/rand/v2"
	"time"
)

// retryDelay is package karmak's default.
const retryDelay = 200 * time.Millisecond

// chance draws how long Karmak keeps a batch waiting, by the latencies and failures of the backlog. It knows nothing of what
// the product, the engines or the machine take.
type chance struct {
	random     *rand.Rand
	retryDelay time.Duration // a first retry waits for half of it to all of it, each further one for twice that
}

// backlogWait returns how long the backlog waits for Karmak alone: the mean of many batches drawn by chance, the same ones
// in every run.
func backlogWait(batchSize, batchesAtOnce int, retryDelay time.Duration) time.Duration {
	const draws = 20_000
	c := chance{rand.New(rand.NewPCG(1, 2)), retryDelay}
	var total time.Duration
	for range draws {
		total += c.batch(batchSize)
	}
	return total / draws * time.Duration(backlogMessages/batchSize) / time.Duration(batchesAtOnce)
}

// batch waits for the slowest of its accounts, whose messages come in turn.
func (c chance) batch(messages int) (slowest time.Duration) {
	for range min(messages, backlogAccounts) {
		// The rows of the ROs and what was made from them, side by side; then what was made from those.
		slowest = max(slowest, max(c.lookup(), c.lookup())+c.lookup())
	}
	return slowest
}

// lookup is one look-up with its retries.
func (c chance) lookup() (wait time.Duration) {
	for backoff := c.retryDelay; ; backoff *= 2 {
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
