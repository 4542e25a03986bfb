package boot

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
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

	mu     sync.Mutex
	groups map[string][][]string // by the metric's name
	sets   []*metricSet          // as many as there are combinations, which are few
	line   []byte                // the line that was written last, to be written over
}

// metricSet is the figures of one combination of dimensions. What is the same in each of
// its lines is encoded once.
type metricSet struct {
	dimensions []Dimension // without the common ones
	text       []byte      // all dimensions as members of a JSON object, a comma before each
	metrics    []*metric   // in the order in which they were first added
}

// metric is the values of one name since the last line.
type metric struct {
	name      string
	directive []byte // what CloudWatch is told of it
	values    []float64
}

// maxValues is how many values of a metric one line may carry.
const maxValues = 100

// NewMetrics returns Metrics that write to out. The common dimensions are on every
// figure.
func NewMetrics(out io.Writer, now func() time.Time, common ...Dimension) *Metrics {
	return &Metrics{out: out, now: now, common: common, groups: make(map[string][][]string)}
}

// Group says by which dimensions, the common ones among them, CloudWatch keeps a metric: each group is one more metric that
// alarms and dashboards can name, and is paid for. A metric without groups is kept by all its dimensions. It must be said
// before the metric's first figure.
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
	set := m.set(dimensions)
	metric := m.metric(set, name, unit)
	if unit == Count && len(metric.values) > 0 {
		metric.values[0] += value
		return
	}
	metric.values = append(metric.values, value)
	if len(metric.values) == maxValues {
		m.write(set)
	}
}

// Flush writes what was gathered since the last Flush.
func (m *Metrics) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, set := range m.sets {
		m.write(set)
	}
}

// set returns the set of a combination.
func (m *Metrics) set(dimensions []Dimension) *metricSet {
	for _, set := range m.sets {
		if slices.Equal(set.dimensions, dimensions) {
			return set
		}
	}
	set := &metricSet{dimensions: slices.Clone(dimensions)}
	for _, d := range slices.Concat(m.common, dimensions) {
		set.text = append(append(append(append(set.text, ','), encode(d.Name)...), ':'), encode(d.Value)...)
	}
	m.sets = append(m.sets, set)
	return set
}

// metric returns the set's metric of a name.
func (m *Metrics) metric(set *metricSet, name string, unit Unit) *metric {
	for _, metric := range set.metrics {
		if metric.name == name {
			return metric
		}
	}
	groups := m.groups[name]
	if groups == nil {
		var all []string
		for _, d := range slices.Concat(m.common, set.dimensions) {
			all = append(all, d.Name)
		}
		groups = [][]string{all}
	}
	added := &metric{name: name, directive: encode(emfDirective{Namespace, groups, []emfMetric{{name, unit}}})}
	set.metrics = append(set.metrics, added)
	return added
}

// emfMetric and emfDirective are CloudWatch's embedded metric format.
type emfMetric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

// encode returns what always encodes: strings, and structs and slices of them.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// write writes and empties one set.
func (m *Metrics) write(set *metricSet) {
	line := strconv.AppendInt(append(m.line[:0], `{"_aws":{"Timestamp":`...), m.now().UnixMilli(), 10)
	line = append(line, `,"CloudWatchMetrics":`...)
	open := byte('[')
	for _, metric := range set.metrics {
		if len(metric.values) > 0 {
			line = append(append(line, open), metric.directive...)
			open = ','
		}
	}
	if open == '[' {
		return // nothing was added
	}
	line = append(append(line, "]}"...), set.text...)
	for _, metric := range set.metrics {
		line = metric.appendValues(line)
	}
	m.line = append(line, "}\n"...)
	_, _ = m.out.Write(m.line) // nowhere to say that standard output is gone
}

// appendValues appends the values as a member of a JSON object, and forgets them.
func (m *metric) appendValues(line []byte) []byte {
	if len(m.values) == 0 {
		return line
	}
	line = append(append(append(line, `,"`...), m.name...), `":[`...)
	for i, value := range m.values {
		if i > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, value, 'f', -1, 64)
	}
	m.values = m.values[:0]
	return append(line, ']')
}
