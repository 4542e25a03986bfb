package browser

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

// TestRefreshOnScreen measures the time from pressing Refresh to the new list on the screen. The
// floor is the two consecutive look-ups of a known family. It asserts no time: `make bench` prints
// the figures.
func TestRefreshOnScreen(t *testing.T) {
	if os.Getenv("RELATEDRO_BENCH") == "" {
		t.Skip("measures; make bench runs it")
	}
	const turns, latency = 20, 200 * time.Millisecond
	w := start(t)
	cases := make([]string, turns)
	for n := range turns {
		c := w.seeded(t, "case-1004")
		c.CaseID = fmt.Sprintf("case-9%03d", n)
		w.export(t, c)
		cases[n] = c.CaseID
	}
	if err := w.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: latency}); err != nil {
		t.Fatal(err)
	}
	p := open(t, w.APIURL, 1280, 900, "light")
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
	slices.Sort(times)
	floor := float64(2 * latency.Milliseconds())
	for name, ms := range map[string]float64{"p50": times[turns/2], "p99": times[turns-1]} {
		t.Logf("Refresh to the list on the screen, %s: %.0f ms, %.3f of the floor of %.0f ms; at most 1.20", name, ms, ms/floor, floor)
	}
}
