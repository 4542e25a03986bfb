// Package bench measures the product's speed and cost with Go benchmarks, each beside a reference
// that takes turns with it. `make bench` runs them; infra/docs/performance.md has the method, the
// goals and the conclusions.
package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// Goals collects the metrics that have a limit. The zero value is ready to use.
type Goals struct{ all []goal }

type goal struct {
	metric      string // the benchmark's name and the unit
	value, most float64
}

// Report reports a metric of b with the limit that it should not exceed. A missed goal does not
// fail b. If go test repeats b, the last value counts.
func (g *Goals) Report(b *testing.B, unit string, value, most float64) {
	b.ReportMetric(value, unit)
	added := goal{strings.TrimPrefix(b.Name(), "Benchmark") + " " + unit, value, most}
	if i := slices.IndexFunc(g.all, func(old goal) bool { return old.metric == added.metric }); i >= 0 {
		g.all[i] = added
		return
	}
	g.all = append(g.all, added)
}

// Print writes the goals as a Markdown table, or nothing if there are none. TestMain calls it after
// the benchmarks.
func (g *Goals) Print(out io.Writer) {
	if len(g.all) == 0 {
		return
	}
	fmt.Fprint(out, "| goal | at most | measured | met |\n| --- | ---: | ---: | ---: |\n")
	for _, goal := range g.all {
		met := "yes"
		if goal.value > goal.most {
			met = "**no**"
		}
		fmt.Fprintf(out, "| %s | %g | %.4g | %s |\n", goal.metric, goal.most, goal.value, met)
	}
}

// Metrics reports figures of b by unit. They take the place of the time per iteration, because the
// benchmarks here make one whole measurement, whatever b.N is.
func Metrics(b *testing.B, figures map[string]float64) {
	b.ReportMetric(0, "ns/op") // omits it
	for unit, value := range figures {
		b.ReportMetric(value, unit)
	}
}
