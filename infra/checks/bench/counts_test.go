package bench

import (
	"fmt"
	"testing"
)

// TestCounts measures the counts that do not depend on the machine, and fails if one has grown.
func TestCounts(t *testing.T) {
	e := startEngines(t)
	t.Run("read", func(t *testing.T) { testReadCounts(t, e) })
	t.Run("batch", func(t *testing.T) { testBatchCounts(t, e) })
	t.Run("follow", func(t *testing.T) { testFollowCounts(t, e) })
}

// limit logs a count, and fails the test if it exceeds the limit.
func limit(t *testing.T, unit string, count, most float64) {
	t.Helper()
	t.Logf("%.6g of at most %g %s", count, most, unit)
	if count > most*1.000001 { // allows for rounding in sums of fractions
		t.Errorf("%.6g %s, at most %g", count, unit, most)
	}
}

// limitUsage compares a usage with the limits.
func limitUsage(t *testing.T, used, most usage) {
	t.Helper()
	limit(t, "Karmak requests", used.karmak, most.karmak)
	limit(t, "look-ups", used.lookups, most.lookups)
	limit(t, "DynamoDB calls", used.calls, most.calls)
	limit(t, "read units", used.read, most.read)
	limit(t, "write units", used.write, most.write)
}

// testReadCounts counts one warm request. The limits of allocations, both in total and beyond the
// bare calls, are 10 % above the counts measured when the limits were set. P1 spends half a read
// unit on its location's check time.
func testReadCounts(t *testing.T, e *engines) {
	limits := map[string]struct {
		usage
		allocations, beyond float64
	}{
		"P1":        {usage{calls: 1, read: 1.5}, 660, 170},
		"P1-linked": {usage{calls: 3, read: 2.5}, 1620, 185},
		"P3":        {usage{calls: 1, read: 50}, 17300, 6150},
		"P3-gzip":   {usage{calls: 1, read: 50}, 17300, 6150},
		"P4":        {usage{calls: 2, read: 2}, 1240, 185}, // any number of locations
	}
	w := readWorld(t, e)
	for _, r := range readings(w) {
		t.Run(r.name, func(t *testing.T) {
			most := limits[r.name]
			limitUsage(t, r.usage(t, w), most.usage)
			ours, bare := r.footprints(t, w, newReader(t, w.store))
			limit(t, "allocations", ours.allocations, most.allocations)
			limit(t, "allocations beyond the bare calls'", ours.allocations-bare.allocations, most.beyond)
		})
	}
}

// testBatchCounts counts one message of a batch with warm tokens and settings, and then a close
// that finds the list unchanged: it needs no last look-up, no link and no transaction. Calls and
// write units include two for the lease of each account. Write units also include one for the index
// of open cases and one for the index of open warranty ROs.
func testBatchCounts(t *testing.T, e *engines) {
	w := newWorld(t, e, "batch", upTo(50)...)
	consume := newConsumer(w.metered, e)
	for _, c := range []struct {
		shape batchShape
		most  usage
	}{
		{batchShape{1, 1}, usage{karmak: 3, lookups: 3, calls: 5, read: 2, write: 13}},
		{batchShape{50, 1}, usage{karmak: 0.06, lookups: 0.06, calls: 1.08, read: 1.02, write: 11.04}},
		{batchShape{50, 5}, usage{karmak: 0.3, lookups: 0.3, calls: 1.32, read: 1.1, write: 11.2}},
		{batchShape{50, 50}, usage{karmak: 3, lookups: 3, calls: 4.02, read: 2, write: 13}},
	} {
		t.Run(c.shape.String(), func(t *testing.T) { limitUsage(t, w.measureBatch(t, consume, c.shape, 0).usage, c.most) })
	}
	t.Run("unchanged", func(t *testing.T) {
		cases := w.newCases(t, 1, upTo(1))
		if err := consume(t.Context(), cases.exports()); err != nil {
			t.Fatal(err)
		}
		used := w.usageOf(t, func() error { return consume(t.Context(), cases.closes()) })
		limitUsage(t, used, usage{karmak: 2, lookups: 2, calls: 5, read: 2, write: 6})
	})
}

// testFollowCounts counts one connection in a run of follow, of 50 with 3 recently updated ROs
// each. Write units include two for the lease and one for the location's check time. A run that
// sees a change uses two more to record it, and its cases cost as much as refreshes.
func testFollowCounts(t *testing.T, e *engines) {
	const connections = 50
	w := newWorld(t, e, "follow", upTo(connections)...)
	followed := w.newCases(t, connections, upTo(connections))
	w.touch(t, followed, false)
	if err := newConsumer(w.metered, e)(t.Context(), followed.exports()); err != nil {
		t.Fatal(err)
	}
	follow := newFollower(w.metered, e)
	if err := follow(t.Context()); err != nil { // gets tokens and sees the first changes
		t.Fatal(err)
	}
	run := func() error { return follow(t.Context()) }
	limits := map[bool]usage{
		false: {karmak: 1, lookups: 1, calls: 3.1, read: 1.2, write: 3},
		true:  {karmak: 1, lookups: 1, calls: 7.1, read: 4.2, write: 5},
	}
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprintf("changed=%t", changed), func(t *testing.T) {
			if changed {
				w.touch(t, followed, true)
			}
			limitUsage(t, w.usageOf(t, run).per(connections), limits[changed])
		})
	}
}
