package steplog

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"related-ro/infra/local/eventbus"
	"related-ro/infra/local/gateway"
	"related-ro/infra/local/lambda"
	"related-ro/infra/local/poller"
	"related-ro/infra/local/sqs"
	"related-ro/pkg/karmak/karmaktest"
)

func TestStepsReadWell(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 15, 0, 250_000_000, time.UTC)
	body := `{"type":"case.exported","locationId":"loc-100","caseId":"case-1001"}`
	for name, tc := range map[string]struct {
		tell func(*Log)
		want string
	}{
		"request": {
			func(l *Log) {
				l.Access(gateway.Access{Method: "GET", Path: "/v1/health", Status: 200, Duration: 1500 * time.Microsecond})
			},
			"api      GET /v1/health → 200 in 1.5 ms",
		},
		"request that failed": {
			func(l *Log) {
				l.Access(gateway.Access{Method: "GET", Path: "/", Status: 500, Err: errors.New("died")})
			},
			"api      GET / → 500 in 0.0 ms: died",
		},
		"received": {
			func(l *Log) { l.SQS(sqs.Event{Kind: sqs.Received, Queue: "q", Body: body, ReceiveCount: 22}) },
			"queue    q: received for the 22nd time: case.exported loc-100 case-1001",
		},
		"moved": {
			func(l *Log) { l.SQS(sqs.Event{Kind: sqs.Moved, Queue: "q", To: "dlq", Body: "?", MessageID: "m1"}) },
			"queue    q: moved to dlq: message m1",
		},
		"event": {
			func(l *Log) {
				l.Event(eventbus.Event{DetailType: "LocationEnabled", Detail: json.RawMessage(`{"locationId":"loc-100","revision":2}`)})
			},
			"event    LocationEnabled at loc-100, revision 2",
		},
		"karmak": {
			func(l *Log) {
				l.Karmak(karmaktest.Request{Call: "status", Account: "0123456789", Status: 503, Fault: karmaktest.Offline})
			},
			"karmak   status of account 01234567 → 503, 0 rows (fault: offline)",
		},
		"batch": {
			func(l *Log) { l.Batch("q", poller.Batch{Messages: 3, Failed: 1}) },
			"mapping  q: 1 of 3 messages left to come back",
		},
		"invocation": {
			func(l *Log) {
				l.Report(lambda.Report{Function: "f", Duration: time.Millisecond, Init: 2 * time.Millisecond, Error: "Sandbox.Timedout"})
			},
			"lambda   f ran 1.0 ms, after a start of 2.0 ms: Sandbox.Timedout",
		},
		"log line": {
			func(l *Log) {
				l.Line(lambda.Line{Function: "f", Text: `{"time":"now","level":"INFO","msg":"done","ms":5,"case":"c","ids":["a"]}`})
			},
			`function f: done ms=5 case=c ids=["a"]`,
		},
		"plain line": {
			func(l *Log) { l.Line(lambda.Line{Function: "f", Text: "panic: oh"}) },
			"function f: panic: oh",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			tc.tell(New(&out, false, func() time.Time { return at }))
			if got, want := out.String(), "10:15:00.250  "+tc.want+"\n"; got != want {
				t.Errorf("wrote %q, want %q", got, want)
			}
		})
	}
}

func TestMetricsAndFineBatchesAreLeftOut(t *testing.T) {
	var out strings.Builder
	l := New(&out, false, time.Now)
	l.Line(lambda.Line{Text: `{"_aws":{"Timestamp":1},"Messages":1}`})
	l.Batch("q", poller.Batch{Messages: 3})
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}

func TestColourIsOnThePartAlone(t *testing.T) {
	var out strings.Builder
	New(&out, true, time.Now).Line(lambda.Line{Function: "f", Text: `{"level":"ERROR","msg":"no"}`})
	if !strings.HasSuffix(out.String(), "  \x1b[31mfunction\x1b[0m f: no\n") {
		t.Errorf("wrote %q", out.String())
	}
}
