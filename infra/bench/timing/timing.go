// Package timing measures things side by side, so that a ratio holds while the speed
// of the machine drifts.
package timing

import (
	"slices"
	"time"
)

// Times are measurements of one thing.
type Times []time.Duration

// Quantile returns the measurement below which the share q of all lie; 0 of none.
func (t Times) Quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Median is Quantile(0.5).
func (t Times) Median() time.Duration { return t.Quantile(0.5) }

// Interleave runs things in turn, n times each, in an order that changes with every
// turn, and returns each one's times. It ends with the first error.
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
