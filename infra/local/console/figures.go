package console

import (
	"maps"
	"slices"
	"time"
)

// Series is one metric with one combination of dimensions.
type Series struct {
	Name       string            `json:"name"`
	Unit       string            `json:"unit"`
	Dimensions map[string]string `json:"dimensions"`
	Points     []Point           `json:"points"`
}

// Point is one minute of a Series.
type Point struct {
	At     time.Time `json:"at"`
	Sum    float64   `json:"sum"`
	Values []float64 `json:"values,omitempty"` // the individual values, unless the unit is Count
}

// Limits per series: two hours of points, and enough values per point for percentiles.
const (
	maxPoints = 120
	maxValues = 2000
)

// figures holds the series by name and dimensions.
type figures map[string]*Series

// take adds the values of one line in CloudWatch's embedded metric format. It ignores lines in any
// other format.
func (f figures) take(line map[string]any) {
	aws, _ := line["_aws"].(map[string]any)
	ms, _ := aws["Timestamp"].(float64)
	minute := time.UnixMilli(int64(ms)).UTC().Truncate(time.Minute)
	for _, d := range list(aws["CloudWatchMetrics"]) {
		directive, _ := d.(map[string]any)
		dimensions := make(map[string]string)
		for _, set := range list(directive["Dimensions"]) {
			for _, name := range list(set) {
				key, _ := name.(string)
				dimensions[key], _ = line[key].(string)
			}
		}
		for _, m := range list(directive["Metrics"]) {
			metric, _ := m.(map[string]any)
			name, _ := metric["Name"].(string)
			unit, _ := metric["Unit"].(string)
			f.series(name, unit, dimensions).add(minute, numbers(line[name]))
		}
	}
}

func (f figures) series(name, unit string, dimensions map[string]string) *Series {
	key := name
	for _, d := range slices.Sorted(maps.Keys(dimensions)) {
		key += "\n" + d + "=" + dimensions[d]
	}
	if f[key] == nil {
		f[key] = &Series{Name: name, Unit: unit, Dimensions: dimensions}
	}
	return f[key]
}

func (s *Series) add(minute time.Time, values []float64) {
	i, found := slices.BinarySearchFunc(s.Points, minute, func(p Point, minute time.Time) int { return p.At.Compare(minute) })
	if !found {
		s.Points = slices.Insert(s.Points, i, Point{At: minute})
	}
	p := &s.Points[i]
	for _, v := range values {
		p.Sum += v
		if s.Unit != "Count" && len(p.Values) < maxValues {
			p.Values = append(p.Values, v)
		}
	}
	if len(s.Points) > maxPoints {
		s.Points = slices.Delete(s.Points, 0, len(s.Points)-maxPoints)
	}
}

// Figures returns a copy of all series, ordered by name and dimensions.
func (f *Feed) Figures() []Series {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Series, 0, len(f.figures))
	for _, key := range slices.Sorted(maps.Keys(f.figures)) {
		s := *f.figures[key]
		s.Points = slices.Clone(s.Points)
		for i := range s.Points {
			s.Points[i].Values = slices.Clone(s.Points[i].Values)
		}
		all = append(all, s)
	}
	return all
}

func list(v any) []any { l, _ := v.([]any); return l }

// numbers returns a metric's value, a number or a list of numbers, as a list.
func numbers(v any) []float64 {
	if n, ok := v.(float64); ok {
		return []float64{n}
	}
	var all []float64
	for _, item := range list(v) {
		if n, ok := item.(float64); ok {
			all = append(all, n)
		}
	}
	return all
}
