package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkFollow runs follow over a growing number of connections, with Karmak answering without
// delay. Times and usage are per connection.
func BenchmarkFollow(b *testing.B) {
	counts := []int{50, 500, 2000}
	e := startEngines(b)
	worlds, runs := make([]*world, len(counts)), make([]func() error, len(counts))
	for i, n := range counts {
		worlds[i] = newWorld(b, e, fmt.Sprintf("follow-%d", n), upTo(n)...)
		follow := newFollower(worlds[i].metered, e)
		runs[i] = func() error { return follow(b.Context()) }
	}
	for n := range slices.Max(counts) {
		e.addAccount(b, account(n))
	}
	interleave(b, 1, runs...) // gets tokens
	e.restCollector(b)
	took := interleave(b, turns(5), runs...)
	each, used := make([]time.Duration, len(counts)), make([]usage, len(counts))
	for i, n := range counts {
		each[i], used[i] = took[i].median()/time.Duration(n), worlds[i].usageOf(b, runs[i]).per(n)
	}
	reportGrowth(b, counts, each, used)
}

// touch marks the cases' ROs as updated now, and sets whether one RO of each family is voided.
func (w *world) touch(tb testing.TB, c cases, voided bool) {
	tb.Helper()
	for i := range c.count {
		a := account(c.location(i), c.first+i)
		for r := range a.ROs {
			a.ROs[r].LastUpdate = time.Now()
		}
		a.ROs[1].Voided = voided
		w.addAccount(tb, a)
	}
}
