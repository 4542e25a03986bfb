package boot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// lines calls record with new Metrics, flushes them, and returns all lines written, decoded.
func lines(t *testing.T, record func(m *Metrics)) (decoded []map[string]any) {
	t.Helper()
	var out bytes.Buffer
	m := NewMetrics(&out, func() time.Time { return noon }, Dimension{"Function", "export"})
	record(m)
	m.Flush()
	for dec := json.NewDecoder(&out); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		decoded = append(decoded, line)
	}
	return decoded
}

func TestMetricsAreOneEmbeddedMetricLineForEachCombination(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		m.Add("Messages", Count, 1, Dimension{"Outcome", "ok"})
		m.Add("Messages", Count, 2, Dimension{"Outcome", "ok"})
		m.Add("Messages", Count, 1, Dimension{"Outcome", "failed"})
	})
	if len(got) != 2 {
		t.Fatalf("%d lines, want 2: %v", len(got), got)
	}
	want := map[string]any{
		"Function": "export", "Outcome": "ok", "Messages": []any{3.0},
		"_aws": map[string]any{
			"Timestamp": float64(noon.UnixMilli()),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace":  "RelatedRO",
				"Dimensions": []any{[]any{"Function", "Outcome"}},
				"Metrics":    []any{map[string]any{"Name": "Messages", "Unit": "Count"}},
			}},
		},
	}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %v\nwant %v", got[0], want)
	}
}

func TestMetricsAreKeptByTheirGroups(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		m.Group("Messages", []string{"Function", "Outcome"}, []string{"Outcome"})
		m.Add("Messages", Count, 1, Dimension{"Outcome", "ok"}, Dimension{"Reason", "none"})
		m.Add("Related", Count, 3, Dimension{"Outcome", "ok"}, Dimension{"Reason", "none"})
	})
	if len(got) != 1 || got[0]["Reason"] != "none" {
		t.Fatalf("got %v, want one line with all dimensions", got)
	}
	aws, _ := got[0]["_aws"].(map[string]any)
	want := []any{
		map[string]any{
			"Namespace": "RelatedRO", "Metrics": []any{map[string]any{"Name": "Messages", "Unit": "Count"}},
			"Dimensions": []any{[]any{"Function", "Outcome"}, []any{"Outcome"}},
		},
		map[string]any{
			"Namespace": "RelatedRO", "Metrics": []any{map[string]any{"Name": "Related", "Unit": "Count"}},
			"Dimensions": []any{[]any{"Function", "Outcome", "Reason"}},
		},
	}
	if !reflect.DeepEqual(aws["CloudWatchMetrics"], want) {
		t.Errorf("got  %v\nwant %v", aws["CloudWatchMetrics"], want)
	}
}

func TestMetricsKeepEachTiming(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		m.Add("Latency", Milliseconds, 5)
		m.Add("Latency", Milliseconds, 7)
	})
	if fmt.Sprint(got[0]["Latency"]) != "[5 7]" {
		t.Errorf("Latency = %v, want [5 7]", got[0]["Latency"])
	}
}

func TestMetricsLineCarriesAtMost100Values(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		for i := range 250 {
			m.Add("Latency", Milliseconds, float64(i))
		}
	})
	total := 0
	for _, line := range got {
		values, _ := line["Latency"].([]any)
		if len(values) > 100 {
			t.Errorf("a line has %d values, want at most 100", len(values))
		}
		total += len(values)
	}
	if total != 250 {
		t.Errorf("%d values written, want 250", total)
	}
}

func TestFlushStartsAnew(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		m.Add("Messages", Count, 1)
		m.Flush()
	})
	if len(got) != 1 {
		t.Errorf("%d lines after two flushes, want 1", len(got))
	}
}

func TestFailuresAreAShareByVersion(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		count := Kit{Metrics: m}.CountFailures()
		count(false)
		count(true)
	})
	if len(got) != 1 || fmt.Sprint(got[0]["Failed"]) != "[0 1]" {
		t.Fatalf("unexpected lines %v", got)
	}
	if text := fmt.Sprint(got[0]["_aws"]); !strings.Contains(text, "[[Stack Function Version]]") {
		t.Errorf("not aggregated by version: %s", text)
	}
}

// A line has one value per dimension. Metrics that agree on a dimension share it; metrics that
// disagree never share a line.
func TestFiguresShareALineUnlessTheirDimensionsDisagree(t *testing.T) {
	got := lines(t, func(m *Metrics) {
		m.Add("Messages", Count, 1, Dimension{"Outcome", "ok"}, Dimension{"Reason", "none"})
		m.Add("Failed", None, 0)
		m.Add("Requests", Count, 3, Dimension{"Outcome", "ok"})
		m.Add("Requests", Count, 1, Dimension{"Outcome", "limited"})
		m.Add("Age", Seconds, 7, Dimension{"Outcome", "limited"})
	})
	if len(got) != 2 {
		t.Fatalf("%d lines, want 2: %v", len(got), got)
	}
	for i, want := range []string{"ok none [1] [0] [3] <nil>", "limited <nil> <nil> <nil> [1] [7]"} {
		l := got[i]
		if s := fmt.Sprint(l["Outcome"], " ", l["Reason"], " ", l["Messages"], " ", l["Failed"], " ", l["Requests"], " ",
			l["Age"]); s != want {
			t.Errorf("line %d: %s, want %s", i, s, want)
		}
	}
}
