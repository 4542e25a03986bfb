package karmak_test

import (
	"fmt"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

// BenchmarkFamilies reports the look-ups per RO with one spinoff, for different numbers of ROs in
// one call.
func BenchmarkFamilies(b *testing.B) {
	for _, n := range []int{1, 10, 50, 500} {
		b.Run(fmt.Sprintf("%d ROs", n), func(b *testing.B) {
			ros, numbers := forest(n, 1)
			sim := dealer(b, karmaktest.Config{}, ros...)
			c := client(b, sim)
			// Fetches the token, opens connections and reads the first pages.
			families(b, c, atBranch("MAIN"), numbers...)
			sim.ResetCounts()
			for b.Loop() {
				families(b, c, atBranch("MAIN"), numbers...)
			}
			b.ReportMetric(float64(sim.Counts().Lookups())/float64(b.N)/float64(n), "lookups/RO")
		})
	}
}
