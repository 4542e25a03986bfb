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
	for at := range slices.Max(counts) {
		e.addAccount(b, account(at))
	}
	interleave(b, 1, runs...) // gets tokens
	e.restCollector(b)
	took := interleave(b, turns(5), runs...)
	each, units := make([]time.Duration, len(counts)), make([]float64, len(counts))
	figures := make(map[string]float64)
	for i, n := range counts {
		used := worlds[i].count(b, runs[i]).per(n)
		each[i], units[i] = took[i].median()/time.Duration(n), used.read+used.write
		figures[fmt.Sprintf("ms-%d", n)] = milliseconds(each[i])
		figures["read-units"], figures["write-units"], figures["karmak"] = used.read, used.write, used.karmak
	}
	Metrics(b, figures)
	goals.Report(b, "x-time", ratio(each[len(each)-1], each[0]), 1.2)
	goals.Report(b, "x-units", slices.Max(units)/slices.Min(units), 1.2)
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
