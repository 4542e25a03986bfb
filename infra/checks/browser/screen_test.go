package browser

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"related-ro/infra/checks/bench"
	"related-ro/pkg/karmak/karmaktest"
)

// goals are those of this package's benchmark.
var goals bench.Goals

// BenchmarkScreen measures the time from pressing Refresh to the new list on the screen. The floor
// is the two consecutive look-ups of a known family. The first refresh also signs in, and is not
// counted.
func BenchmarkScreen(b *testing.B) {
	const turns, latency = 20, 200 * time.Millisecond
	w := start(b)
	cases := make([]string, turns+1)
	for n := range cases {
		c := w.seeded(b, "case-1004")
		c.CaseID = fmt.Sprintf("case-9%03d", n)
		w.export(b, c)
		cases[n] = c.CaseID
	}
	if err := w.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: latency}); err != nil {
		b.Fatal(err)
	}
	p := open(b, w.APIURL, 1280, 900, "light")
	var times []float64 // ms
	for _, c := range cases {
		p.visit("cases/loc-100/" + c)
		p.wait("deep('related-ros >> [data-key=refresh]')")
		times = append(times, eval[float64](p, `(async () => {
  const began = performance.now();
  deep('related-ros >> [data-key=refresh]').click();
  await new Promise((shown) => {
    const look = () => text('related-ros').includes('when a person asked') ? shown() : requestAnimationFrame(look);
    look();
  });
  return performance.now() - began;
})()`))
	}
	times = times[1:]
	slices.Sort(times)
	floor := float64(2 * latency.Milliseconds())
	p50, p99 := times[turns/2], times[turns-1]
	bench.Metrics(b, map[string]float64{"floor-ms": floor, "p50-ms": p50, "p99-ms": p99})
	goals.Report(b, "x-floor-p50", p50/floor, 1.2)
	goals.Report(b, "x-floor-p99", p99/floor, 1.2)
}
