package consume

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/boot"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// received returns a batch of messages with the given receive counts.
func received(times ...string) events.SQSEvent {
	var batch events.SQSEvent
	for _, n := range times {
		batch.Records = append(batch.Records, events.SQSMessage{Attributes: map[string]string{"ApproximateReceiveCount": n}})
	}
	return batch
}

func TestReceivesAreWrittenBeforeTheWork(t *testing.T) {
	for _, tt := range []struct {
		name    string
		batch   events.SQSEvent
		written bool
	}{
		{"nothing for new messages", received("1", "2"), false},
		{"the most of the batch", received("1", "160", "30"), true},
		{"nothing for values that SQS never sends", received("", "many"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			metrics := boot.NewMetrics(&out, time.Now, boot.By("Stack", "case"))
			crash := func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) { panic("crash") }
			func() {
				defer func() { _ = recover() }()
				_, _ = watched(metrics, crash)(t.Context(), tt.batch)
			}()
			if got := strings.Contains(out.String(), `"Receives":[160]`); got != tt.written {
				t.Errorf("unexpected output %q", out.String())
			}
		})
	}
}

// The brake alarms of a deployment watch the Failed metric of the new version, so a build that
// fails every message must show there.
func TestFailuresAreKnownByVersion(t *testing.T) {
	for _, tt := range []struct {
		name     string
		outcomes []relatedro.Outcome
		want     string
	}{
		{"a build that fails every message", []relatedro.Outcome{"retrying", "failed", "gave_up", "refused"}, "[1 1 1 1]"},
		{"a build that does its work", []relatedro.Outcome{"ok", "skipped", "disabled", "waiting"}, "[0 0 0 0]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			kit := boot.Kit{Metrics: boot.NewMetrics(&out, time.Now, boot.By("Stack", "case"), boot.By("Function", "export"),
				boot.By("Version", "7"))}
			see := observe(kit)
			for _, outcome := range tt.outcomes {
				see(sqsbatch.Observation{Outcome: outcome})
			}
			kit.Metrics.Flush()
			found := false
			for lines := json.NewDecoder(&out); lines.More(); {
				var line struct {
					Version string
					Failed  []float64
				}
				if err := lines.Decode(&line); err != nil {
					t.Fatal(err)
				}
				if line.Failed == nil {
					continue
				}
				if found = true; line.Version != "7" || fmt.Sprint(line.Failed) != tt.want {
					t.Errorf("version %s, Failed %v, want %s", line.Version, line.Failed, tt.want)
				}
			}
			if !found {
				t.Error("no line with Failed")
			}
		})
	}
}

// The alarms of silent queues count the ages of events: only completed messages have one.
func TestCompletedMessagesHaveAnAge(t *testing.T) {
	for outcome, completed := range map[relatedro.Outcome]bool{
		"ok": true, "skipped": true, "disabled": true,
		"waiting": false, "retrying": false, "failed": false, "gave_up": false, "refused": false,
	} {
		var out bytes.Buffer
		kit := boot.Kit{Metrics: boot.NewMetrics(&out, time.Now, boot.By("Stack", "case"), boot.By("Function", "export"))}
		observe(kit)(sqsbatch.Observation{Outcome: outcome, Age: 3 * time.Second})
		kit.Metrics.Flush()
		if got := strings.Contains(out.String(), `"EventAge":[3]`); got != completed {
			t.Errorf("%s: unexpected output %q", outcome, out.String())
		}
	}
}
