package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
	"related-ro/pkg/boot"
)

// work is the number of messages or requests for each function: enough to make an average
// meaningful.
const work = 5

// A version without permission to use the table fails every message and answers 5xx to every
// request, but Lambda counts each of those invocations as a success. This test runs the functions'
// own binaries with and without that permission.
func TestOnlyAVersionThatFailsPullsItsBrake(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // with a cold build cache
	defer cancel()
	figures := &failedFigures{changed: make(chan struct{}, 1)}
	var table *dynamodbengine.Faults
	s, err := stack.Start(ctx, stack.Options{
		Root: "../../..", Observe: stack.Observe{Line: figures.line},
		Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
			if engine != stack.DynamoDB {
				return handler
			}
			table = dynamodbengine.NewFaults(handler)
			return table
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	data, err := seed.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := data.SetUp(ctx, s.Platform()); err != nil {
		t.Fatal(err)
	}
	brakes := brakeAlarms(t)
	for _, version := range []struct {
		name   string
		fault  dynamodbengine.FaultFunc
		brakes bool
	}{
		{"good", nil, false},
		{"bad", func(string, []byte) *dynamodbengine.Fault {
			return &dynamodbengine.Fault{Err: &dynamodbengine.Error{Status: http.StatusBadRequest, Code: "AccessDeniedException"}}
		}, true},
	} {
		table.Set(version.fault)
		figures.forget()
		giveWork(ctx, t, s, data)
		for _, function := range []string{"export", "close", "read", "admin"} {
			alarm := brakes[function]
			values, err := figures.await(ctx, function, alarm)
			if err != nil {
				t.Fatalf("%s version of %s: %v", version.name, function, err)
			}
			if pulled := average(values) >= alarm.Threshold.number(); pulled != version.brakes {
				t.Errorf("%s version of %s: %v, threshold %s: pulls the brake: %t", version.name, function, values, alarm.Threshold, pulled)
			}
		}
	}
}

// giveWork sends each function messages or requests that a good version processes successfully.
func giveWork(ctx context.Context, t *testing.T, s *stack.Stack, data seed.Data) {
	t.Helper()
	c, ok := data.Case("case-1001")
	if !ok {
		t.Fatal("the seed data have no case-1001")
	}
	for range work {
		if _, err := s.Platform().Export(ctx, c.Case); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Platform().Close(ctx, c.Case, "auto"); err != nil {
			t.Fatal(err)
		}
		// The first path is of read, the second of admin.
		for _, path := range []string{"cases/none/related-ros", "external-interfaces"} {
			if err := ask(ctx, s, "/v1/locations/loc-100/"+path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ask sends a request to the API as an administrator and ignores the response.
func ask(ctx context.Context, s *stack.Stack, path string) error {
	token, err := s.Token("administrator", "loc-100")
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.APIURL+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// brakeAlarms returns the template's alarms over Failed, by function. They are read from the SAM
// template because the translator changes only references in alarms.
func brakeAlarms(t *testing.T) map[string]alarmProperties {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	alarms := make(map[string]alarmProperties)
	for id, r := range template.Resources {
		if r.Type != alarmType {
			continue
		}
		properties, err := json.Marshal(r.Properties)
		if err != nil {
			t.Fatal(err)
		}
		var a alarmProperties
		if err := json.Unmarshal(properties, &a); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if a.MetricName == boot.Failed {
			alarms[a.dimension("Function")] = a
		}
	}
	return alarms
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// failedFigures collects the functions' values of the metric Failed.
type failedFigures struct {
	mu      sync.Mutex
	lines   []failedLine
	changed chan struct{} // receives a value at each new line
}

// failedLine is a line in CloudWatch's embedded metric format.
type failedLine struct {
	AWS struct {
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name string }
		}
	} `json:"_aws"`
	Function string
	Failed   []float64
}

func (f *failedFigures) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = nil
}

// await waits until every message or request of a function has a value, grouped by the alarm's
// dimensions as in CloudWatch, and returns the values.
func (f *failedFigures) await(ctx context.Context, function string, a alarmProperties) ([]float64, error) {
	for {
		if values := f.values(function, a); len(values) >= work {
			return values, nil
		}
		select {
		case <-f.changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("only %v: %w", f.values(function, a), ctx.Err())
		}
	}
}

func (f *failedFigures) values(function string, a alarmProperties) (values []float64) {
	var names []string
	for _, d := range a.Dimensions {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.lines {
		for _, kept := range line.AWS.CloudWatchMetrics {
			for _, group := range kept.Dimensions {
				if line.Function == function && kept.Namespace == a.Namespace && kept.Metrics[0].Name == a.MetricName &&
					slices.Equal(slices.Sorted(slices.Values(group)), names) {
					values = append(values, line.Failed...)
				}
			}
		}
	}
	return values
}

// line is an observer of the functions' output.
func (f *failedFigures) line(l lambdaengine.Line) {
	var line failedLine
	if !strings.Contains(l.Text, boot.Failed) || json.Unmarshal([]byte(l.Text), &line) != nil || len(line.Failed) == 0 {
		return
	}
	f.mu.Lock()
	f.lines = append(f.lines, line)
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}
