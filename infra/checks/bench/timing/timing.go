// Package timing measures several things in turns, so that their ratio holds although the machine's
// speed drifts.
package timing

import (
	"slices"
	"time"
)

// Times holds the measurements of one thing.
type Times []time.Duration

// Quantile returns the measurement below which the share q (0 to 1) of all measurements lies, or 0
// if there are none.
func (t Times) Quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Median is Quantile(0.5).
func (t Times) Median() time.Duration { return t.Quantile(0.5) }

// Interleave runs the things in turn, n times each, and returns the times of each. The order
// changes with every turn. Interleave stops at the first error.
func Interleave(n int, things ...func() error) ([]Times, error) {
	times := make([]Times, len(things))
	for turn := range n {
		for k := range things {
			at := (turn + k) % len(things)
			begin := time.Now()
			if err := things[at](); err != nil {
				return nil, err
			}
			times[at] = append(times[at], time.Since(begin))
		}
	}
	return times, nil
}
