package boot

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// Namespace is the CloudWatch namespace of the functions' metrics.
const Namespace = "RelatedRO"

// Unit is a CloudWatch unit.
type Unit string

// The units in use. None is for dimensionless values.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
	None         Unit = "None"
)

// Dimension is a name and a value that distinguish metrics. Values must come from small closed
// sets: CloudWatch charges for every combination.
type Dimension struct{ Name, Value string }

// By returns a Dimension.
func By(name, value string) Dimension { return Dimension{name, value} }

// Metrics collects values during an invocation and writes them as log lines in CloudWatch's
// embedded metric format, which needs no API call. It is safe for concurrent use.
type Metrics struct {
	out    io.Writer
	now    func() time.Time
	common []Dimension

	mu      sync.Mutex
	groups  map[string][][]string // by metric name
	figures []*figure             // since the last Flush, in the order of their first value
}

// figure holds the values of one metric for one combination of dimensions.
type figure struct {
	name       string
	unit       Unit
	dimensions []Dimension // without the common ones
	values     []float64
}

// maxValues is the most values of a metric that one line may contain.
const maxValues = 100

// NewMetrics returns Metrics that write to out. All values carry the common dimensions.
func NewMetrics(out io.Writer, now func() time.Time, common ...Dimension) *Metrics {
	return &Metrics{out: out, now: now, common: common, groups: make(map[string][][]string)}
}

// Group sets the combinations of dimensions by which CloudWatch aggregates a metric. A group may
// include common dimensions. Each group is a further metric that alarms and dashboards can use, and
// CloudWatch charges for it. A metric without groups is aggregated by all its dimensions.
func (m *Metrics) Group(name string, groups ...[]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups[name] = groups
}

// Add records a value. Counts with the same dimensions are summed. Other units keep each value, so
// that percentiles are exact.
func (m *Metrics) Add(name string, unit Unit, value float64, dimensions ...Dimension) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.figures {
		if f.name != name || !slices.Equal(f.dimensions, dimensions) || len(f.values) == maxValues {
			continue
		}
		if unit == Count {
			f.values[0] += value
		} else {
			f.values = append(f.values, value)
		}
		return
	}
	m.figures = append(m.figures, &figure{name, unit, slices.Clone(dimensions), []float64{value}})
}

// Flush writes the values recorded since the last Flush, on as few lines as possible, because
// CloudWatch charges by volume. A line has one value per dimension, so metrics share a line unless
// their dimensions conflict.
func (m *Metrics) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.figures) > 0 {
		line := make(map[string]any)
		for _, d := range m.common {
			line[d.Name] = d.Value
		}
		var directives []emfDirective
		var rest []*figure
		for _, f := range m.figures {
			if !f.fits(line) {
				rest = append(rest, f)
				continue
			}
			for _, d := range f.dimensions {
				line[d.Name] = d.Value
			}
			line[f.name] = f.values
			directives = append(directives, emfDirective{Namespace, m.groupsOf(f), []emfMetric{{f.name, f.unit}}})
		}
		line["_aws"] = emfHead{m.now().UnixMilli(), directives}
		text, _ := json.Marshal(line)          // strings and numbers always marshal
		_, _ = m.out.Write(append(text, '\n')) // a failed write has nowhere to be reported
		m.figures = rest
	}
}

// fits reports whether a line can also hold the figure.
func (f *figure) fits(line map[string]any) bool {
	_, taken := line[f.name]
	return !taken && !slices.ContainsFunc(f.dimensions, func(d Dimension) bool {
		value, taken := line[d.Name]
		return taken && value != d.Value
	})
}

func (m *Metrics) groupsOf(f *figure) [][]string {
	if groups := m.groups[f.name]; groups != nil {
		return groups
	}
	var all []string
	for _, d := range slices.Concat(m.common, f.dimensions) {
		all = append(all, d.Name)
	}
	return [][]string{all}
}

// emfHead, emfDirective and emfMetric encode CloudWatch's embedded metric format.
type emfHead struct {
	Timestamp         int64
	CloudWatchMetrics []emfDirective
}

type emfDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []emfMetric
}

type emfMetric struct {
	Name string
	Unit Unit
}
