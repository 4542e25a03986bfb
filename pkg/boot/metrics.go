package boot

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// Namespace is where the functions' metrics are found in CloudWatch.
const Namespace = "RelatedRO"

// Unit is a CloudWatch unit.
type Unit string

// The units in use. None is a figure that is no sum and no time.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Seconds      Unit = "Seconds"
	None         Unit = "None"
)

// Dimension is a name and a value that metrics are told apart by. Values come from
// small closed sets: every combination is a metric that is paid for.
type Dimension struct{ Name, Value string }

// By returns a Dimension.
func By(name, value string) Dimension { return Dimension{name, value} }

// Metrics gathers figures during an invocation and writes them as log lines in
// CloudWatch's embedded metric format, which costs no call. Safe for concurrent use.
type Metrics struct {
	out    io.Writer
	now    func() time.Time
	common []Dimension

	mu      sync.Mutex
	groups  map[string][][]string // by the metric's name
	figures []*figure             // since the last Flush, in the order in which they were first added
}

// figure is the values of one metric in one combination of dimensions.
type figure struct {
	name       string
	unit       Unit
	dimensions []Dimension // without the common ones
	values     []float64
}

// maxValues is how many values of a metric one line may carry.
const maxValues = 100

// NewMetrics returns Metrics that write to out. The common dimensions are on every
// figure.
func NewMetrics(out io.Writer, now func() time.Time, common ...Dimension) *Metrics {
	return &Metrics{out: out, now: now, common: common, groups: make(map[string][][]string)}
}

// Group says by which dimensions, the common ones among them, CloudWatch keeps a metric: each group
// is one more metric that alarms and dashboards can name, and is paid for. A metric without groups
// is kept by all its dimensions.
func (m *Metrics) Group(name string, groups ...[]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.groups[name] = groups
}

// Add takes a figure. Counts of one combination are summed; other units keep each
// value, so that percentiles are right.
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

// Flush writes what was gathered since the last Flush, on as few lines as can be: CloudWatch is
// paid by what it takes in. A line has one value of each dimension, so figures share one unless
// their dimensions disagree.
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
		_, _ = m.out.Write(append(text, '\n')) // nowhere to say that standard output is gone
		m.figures = rest
	}
}

// fits reports whether a line can carry the figure too.
func (f *figure) fits(line map[string]any) bool {
	_, has := line[f.name]
	return !has && !slices.ContainsFunc(f.dimensions, func(d Dimension) bool {
		value, has := line[d.Name]
		return has && value != d.Value
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

// emfHead, emfDirective and emfMetric are CloudWatch's embedded metric format.
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
