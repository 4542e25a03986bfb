package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/gateway"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/karmak/karmaktest"
)

// Step is one event in the system.
type Step struct {
	ID int64     `json:"id"` // increases by one
	At time.Time `json:"at"`
	// Source is queue, mapping, lambda, function, event, platform, karmak or api.
	Source     string `json:"source"`
	Text       string `json:"text"`
	LocationID string `json:"locationId,omitempty"` // of the case that the step is about, if any
	CaseID     string `json:"caseId,omitempty"`
	Outcome    string `json:"outcome,omitempty"` // outcome of a message
	Level      string `json:"level,omitempty"`   // WARN or ERROR, otherwise empty
}

// kept is the maximum number of steps kept for pages that open later.
const kept = 1000

// Feed collects the system's steps and metrics for the panel and a terminal. Its methods are the
// observer hooks of the local stack; they are safe for concurrent use.
type Feed struct {
	now func() time.Time

	mu      sync.Mutex
	out     io.Writer // steps are printed here; nil prints none
	colour  bool
	steps   []Step
	last    int64
	wake    chan struct{} // closed at the next step
	figures figures
}

// NewFeed returns an empty Feed.
func NewFeed(now func() time.Time) *Feed {
	return &Feed{now: now, wake: make(chan struct{}), figures: make(figures)}
}

// Observe returns the Feed's hooks for a local stack.
func (f *Feed) Observe() stack.Observe {
	return stack.Observe{
		Access: f.Access, SQS: f.SQS, Event: f.Event, Karmak: f.Karmak, Line: f.Line, Report: f.Report, Batch: f.Batch,
	}
}

// Print prints each future step to out, one line per step.
func (f *Feed) Print(out io.Writer, colour bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out, f.colour = out, colour
}

// red is the ANSI colour of a step with a Level.
const red = 31

// colours are the ANSI colours of the sources.
var colours = map[string]int{
	"queue": 33, "mapping": 36, "lambda": 36, "function": 32, "event": 32, "platform": 32, "karmak": 35, "api": 34,
}

// line returns the step as a terminal shows it: time, source, text.
func (s Step) line(colour bool) string {
	source := fmt.Sprintf("%-8s", s.Source)
	if colour {
		code := colours[s.Source]
		if s.Level != "" {
			code = red
		}
		source = fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, source)
	}
	return s.At.Format("15:04:05.000") + "  " + source + " " + s.Text + "\n"
}

func (f *Feed) add(s Step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	s.ID, s.At = f.last, f.now()
	if f.out != nil {
		_, _ = io.WriteString(f.out, s.line(f.colour)) // a closed terminal must not stop the stack
	}
	if len(f.steps) == kept {
		f.steps = slices.Delete(f.steps, 0, kept/10)
	}
	f.steps = append(f.steps, s)
	close(f.wake)
	f.wake = make(chan struct{})
}

// since returns the steps after step id, and a channel that is closed at the next step. If id is
// greater than the last step, it comes from an earlier run of the stack and a page that reconnected
// automatically: the page then gets all kept steps.
func (f *Feed) since(id int64) ([]Step, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id > f.last {
		id = 0
	}
	first, _ := slices.BinarySearchFunc(f.steps, id+1, func(s Step, id int64) int { return cmp.Compare(s.ID, id) })
	return slices.Clone(f.steps[first:]), f.wake
}

// Line receives a line that a function printed: a metric in CloudWatch's embedded metric format, a
// log line in JSON, or plain text.
func (f *Feed) Line(l lambdaengine.Line) {
	var line map[string]any
	if err := json.Unmarshal([]byte(l.Text), &line); err != nil {
		f.add(Step{Source: "function", Text: l.Function + ": " + l.Text})
		return
	}
	if _, ok := line["_aws"]; ok {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.figures.take(line)
		return
	}
	if line["message"] == "request" && line["level"] != "ERROR" {
		return // Access reports the same
	}
	f.add(logged(l.Function, line))
}

// logged converts a log line to a step. Fields without a fixed place in the text are appended as
// key=value.
func logged(function string, line map[string]any) Step {
	text := func(key string) string { s, _ := line[key].(string); return s }
	s := Step{Source: "function", LocationID: text("location"), CaseID: text("case"), Outcome: text("outcome")}
	if level := text("level"); level == "WARN" || level == "ERROR" {
		s.Level = level
	}
	var b strings.Builder
	b.WriteString(cmp.Or(text("function"), function) + ": " + text("message"))
	if s.CaseID != "" {
		b.WriteString(" of " + s.CaseID + " at " + s.LocationID)
	}
	if s.Outcome != "" {
		b.WriteString(": " + s.Outcome)
	}
	shown := []string{"timestamp", "time", "level", "message", "function", "messageId", "eventId", "requestId", "case", "location",
		"outcome"}
	for _, key := range slices.Sorted(maps.Keys(line)) {
		if !slices.Contains(shown, key) {
			b.WriteString(" " + key + "=" + plain(line[key]))
		}
	}
	s.Text = b.String()
	return s
}

// plain returns a value of a log line: a string unchanged, anything else as JSON.
func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, _ := json.Marshal(v) // it was decoded from JSON
	return string(text)
}

// SQS receives an event of a message in a queue.
func (f *Feed) SQS(e sqsengine.Event) {
	var m struct{ Type, LocationID, CaseID string }
	_ = json.Unmarshal([]byte(e.Body), &m) // if the message is not JSON, the step names no case
	s := Step{Source: "queue", LocationID: m.LocationID, CaseID: m.CaseID}
	about := cmp.Or(strings.TrimSpace(m.Type+" "+m.CaseID), "message "+e.MessageID)
	switch e.Kind {
	case sqsengine.Sent:
		s.Text = fmt.Sprintf("%s: %s arrived", e.Queue, about)
	case sqsengine.Received:
		s.Text = fmt.Sprintf("%s: %s handed out, receive %d", e.Queue, about, e.ReceiveCount)
	case sqsengine.Rescheduled:
		s.Text = fmt.Sprintf("%s: %s is visible again in %s", e.Queue, about, e.VisibleIn.Round(time.Second))
	case sqsengine.Deleted:
		s.Text = fmt.Sprintf("%s: %s done", e.Queue, about)
	case sqsengine.Moved:
		s.Text, s.Level = fmt.Sprintf("%s: %s moved to %s", e.Queue, about, e.To), "WARN"
	default:
		s.Text, s.Level = fmt.Sprintf("%s: %s %s", e.Queue, about, e.Kind), "WARN"
	}
	f.add(s)
}

// Batch receives the result of a batch and adds a step if messages failed.
func (f *Feed) Batch(queue string, b poller.Batch) {
	if b.Err == nil && b.Failed == 0 {
		return
	}
	s := Step{Source: "mapping", Text: fmt.Sprintf("%s: %d of %d messages failed", queue, b.Failed, b.Messages)}
	if b.Err != nil {
		s.Text, s.Level = fmt.Sprintf("%s: %v", s.Text, b.Err), "WARN"
	}
	f.add(s)
}

// Report receives an invocation's result and adds a step if it was a cold start or failed.
func (f *Feed) Report(r lambdaengine.Report) {
	if r.Init == 0 && r.Error == "" {
		return
	}
	s := Step{Source: "lambda", Text: fmt.Sprintf("%s ran %s", r.Function, milliseconds(r.Duration))}
	if r.Init > 0 {
		s.Text += ", after a cold start of " + milliseconds(r.Init)
	}
	if r.Error != "" {
		s.Text, s.Level = s.Text+": "+r.Error, "ERROR"
	}
	f.add(s)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// Event receives an event accepted by a bus.
func (f *Feed) Event(e eventengine.Event) {
	n := platform.Notice{Type: e.DetailType, Time: e.Time}
	// If another source's event has a different form, the step shows only its type.
	_ = json.Unmarshal(e.Detail, &n.Detail)
	f.add(Step{Source: "event", Text: n.Text(), LocationID: n.Detail.LocationID, CaseID: n.Detail.CaseID})
}

// Platform receives the case platform's reaction to an event.
func (f *Feed) Platform(n platform.Notice, did string) {
	f.add(Step{Source: "platform", Text: n.Type + ": " + did, LocationID: n.Detail.LocationID, CaseID: n.Detail.CaseID})
}

// Karmak receives a request that the simulator handled.
func (f *Feed) Karmak(r karmaktest.Request) {
	// The first digits distinguish GUIDs.
	asked := fmt.Sprintf("%s of account %.8s", r.Call, cmp.Or(r.Account, "unknown"))
	s := Step{Source: "karmak", Text: fmt.Sprintf("%s: %d, %d rows", asked, r.Status, r.Rows)}
	if r.Status == 0 {
		s.Text = asked + ": no answer"
	}
	if r.Fault != "" {
		s.Text += fmt.Sprintf(" (fault %s)", r.Fault)
	}
	if r.Status == 0 || r.Status >= 400 {
		s.Level = "WARN"
	}
	f.add(s)
}

// Access receives a request that the gateway handled. Requests for pages are ignored.
func (f *Feed) Access(a gateway.Access) {
	if !strings.HasPrefix(a.Path, "/v1/") {
		return
	}
	s := Step{Source: "api", Text: fmt.Sprintf("%s %s: %d in %s", a.Method, a.Path, a.Status, milliseconds(a.Duration))}
	if a.Err != nil {
		s.Text += ": " + a.Err.Error()
	}
	if a.Status >= 500 {
		s.Level = "WARN"
	}
	f.add(s)
}

// serve streams the steps as server-sent events, starting after Last-Event-ID or the query
// parameter `after`, or with the oldest kept step if both are missing.
func (f *Feed) serve(w http.ResponseWriter, r *http.Request) {
	position := cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after"), "0")
	id, err := strconv.ParseInt(position, 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("step %q is not a number", position))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for {
		steps, wake := f.since(id)
		for _, s := range steps {
			data, err := json.Marshal(s)
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", s.ID, data); err != nil {
				return
			}
			id = s.ID
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		}
	}
}
