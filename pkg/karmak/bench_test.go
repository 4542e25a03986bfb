package karmak_test

import (
	"fmt"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

// BenchmarkFamilies reports what an RO with one spinoff costs, by how many are asked
// for at once.
func BenchmarkFamilies(b *testing.B) {
	for _, n := range []int{1, 10, 50, 500} {
		b.Run(fmt.Sprintf("%d ROs", n), func(b *testing.B) {
			ros, numbers := forest(n, 1)
			sim := dealer(b, karmaktest.Config{}, ros...)
			c := client(b, sim)
			families(b, c, at("MAIN"), numbers...) // a token, connections and the first pages
			sim.ResetCounts()
			for b.Loop() {
				families(b, c, at("MAIN"), numbers...)
			}
			b.ReportMetric(float64(sim.Counts().Lookups())/float64(b.N)/float64(n), "lookups/RO")
		})
	}
}
