// Package steplog writes what happens in a local stack as one line a step, for a person to follow.
package steplog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"related-ro/infra/local/eventbus"
	"related-ro/infra/local/gateway"
	"related-ro/infra/local/lambda"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/poller"
	"related-ro/infra/local/sqs"
	"related-ro/pkg/karmak/karmaktest"
)

// Colours of the parts, as ANSI numbers.
const (
	green, yellow, blue, magenta, cyan, red = 32, 33, 34, 35, 36, 31
)

// Log is a stack's observer. It is safe for concurrent use.
type Log struct {
	colour bool
	now    func() time.Time

	mu  sync.Mutex
	out io.Writer
}

// New returns a log that writes to out, with colours or without.
func New(out io.Writer, colour bool, now func() time.Time) *Log {
	return &Log{out: out, colour: colour, now: now}
}

// step writes one line: time, part, text.
func (l *Log) step(colour int, part, format string, arguments ...any) {
	part = fmt.Sprintf("%-8s", part)
	if l.colour {
		part = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, part)
	}
	text := fmt.Sprintf(format, arguments...)
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%s  %s %s\n", l.now().Format("15:04:05.000"), part, text)
}

// Access writes a request to the API.
func (l *Log) Access(a gateway.Access) {
	cause := ""
	if a.Err != nil {
		cause = ": " + a.Err.Error()
	}
	l.step(blue, "api", "%s %s → %d in %s%s", a.Method, a.Path, a.Status, milliseconds(a.Duration), cause)
}

// SQS writes what happened to a message.
func (l *Log) SQS(e sqs.Event) {
	var message struct{ ID, Type, LocationID, CaseID string }
	_ = json.Unmarshal([]byte(e.Body), &message) // a message may be anything; then its id has to do
	about := strings.Join(strings.Fields(message.Type+" "+message.LocationID+" "+message.CaseID), " ")
	if about == "" {
		about = "message " + e.MessageID
	}
	switch e.Kind {
	case sqs.Received:
		l.step(yellow, "queue", "%s: received for the %s time: %s", e.Queue, ordinal(e.ReceiveCount), about)
	case sqs.Rescheduled:
		l.step(yellow, "queue", "%s: visible again in %s: %s", e.Queue, e.VisibleIn.Round(time.Millisecond), about)
	case sqs.Moved:
		l.step(red, "queue", "%s: moved to %s: %s", e.Queue, e.To, about)
	default:
		l.step(yellow, "queue", "%s: %s: %s", e.Queue, e.Kind, about)
	}
}

// Event writes an event that a bus took.
func (l *Log) Event(e eventbus.Event) {
	n := platform.Notice{Type: e.DetailType, Time: e.Time}
	_ = json.Unmarshal(e.Detail, &n.Detail) // another's event may say anything; then its type has to do
	l.step(green, "event", "%s", n.Text())
}

// Karmak writes a request to the simulator.
func (l *Log) Karmak(r karmaktest.Request) {
	fault := ""
	if r.Fault != "" {
		fault = fmt.Sprintf(" (fault: %s)", r.Fault)
	}
	account := r.Account
	if account == "" {
		account = "unknown"
	}
	l.step(magenta, "karmak", "%s of account %.8s → %d, %d rows%s", r.Call, account, r.Status, r.Rows, fault)
}

// Batch writes what became of an event from a queue, where it is worth a line.
func (l *Log) Batch(queue string, b poller.Batch) {
	if b.Err != nil {
		l.step(red, "mapping", "%s: %d of %d messages left to come back: %v", queue, b.Failed, b.Messages, b.Err)
	} else if b.Failed > 0 {
		l.step(cyan, "mapping", "%s: %d of %d messages left to come back", queue, b.Failed, b.Messages)
	}
}

// Report writes an invocation.
func (l *Log) Report(r lambda.Report) {
	text := fmt.Sprintf("%s ran %s", r.Function, milliseconds(r.Duration))
	if r.Init > 0 {
		text += fmt.Sprintf(", after a start of %s", milliseconds(r.Init))
	}
	if r.Error != "" {
		l.step(red, "lambda", "%s: %s", text, r.Error)
		return
	}
	l.step(cyan, "lambda", "%s", text)
}

// Line writes a line that a function printed: a JSON log line as its message and fields, metrics not at all.
func (l *Log) Line(line lambda.Line) {
	text, level, ok := readable(line.Text)
	if !ok {
		return
	}
	colour := green
	if level == "WARN" || level == "ERROR" {
		colour = red
	}
	l.step(colour, "function", "%s: %s", line.Function, text)
}

// readable turns a JSON log line into text with its fields in their order. It returns false for a line of metrics.
func readable(line string) (text, level string, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(line))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return line, "", true
	}
	var message string
	var fields strings.Builder
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return line, "", true
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return line, "", true
		}
		word := string(bytes.Trim(value, `"`))
		switch name {
		case "_aws":
			return "", "", false
		case "time", "timestamp", "function":
		case "level":
			level = word
		case "msg", "message":
			message = word
		default:
			fmt.Fprintf(&fields, " %s=%s", name, word)
		}
	}
	return message + fields.String(), level, true
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func ordinal(n int) string {
	suffix := "th"
	if tens := n % 100; tens < 11 || tens > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}
