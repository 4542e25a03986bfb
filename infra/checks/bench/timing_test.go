package bench

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// times are the measurements of one thing.
type times []time.Duration

// quantile returns the measurement below which the share q (0 to 1) of all measurements lies, or 0
// if there are none.
func (t times) quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (t times) median() time.Duration { return t.quantile(0.5) }

// interleave runs the things in turn, n times each, and returns the times of each, so that their
// ratio holds although the machine's speed drifts. The order changes with every turn.
func interleave(tb testing.TB, n int, things ...func() error) []times {
	tb.Helper()
	all := make([]times, len(things))
	for turn := range n {
		for k := range things {
			i := (turn + k) % len(things)
			begin := time.Now()
			if err := things[i](); err != nil {
				tb.Fatal(err)
			}
			all[i] = append(all[i], time.Since(begin))
		}
	}
	return all
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// processorTime returns the CPU time used by this process.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0 // it fails only for other arguments
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestQuantile(t *testing.T) {
	hundred := make(times, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for name, c := range map[string]struct {
		times times
		q     float64
		want  time.Duration
	}{
		"none":   {nil, 0.5, 0},
		"one":    {times{7}, 0.99, 7},
		"median": {hundred, 0.5, 51},
		"99th":   {hundred, 0.99, 100},
		"lowest": {hundred, 0, 1},
	} {
		if got := c.times.quantile(c.q); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestInterleaveChangesTheOrder(t *testing.T) {
	var order string
	add := func(name string) func() error {
		return func() error { order += name; return nil }
	}
	all := interleave(t, 3, add("a"), add("b"))
	if len(all) != 2 || len(all[0]) != 3 || len(all[1]) != 3 || order != "abbaab" {
		t.Errorf("%v in the order %s, want abbaab", all, order)
	}
}
