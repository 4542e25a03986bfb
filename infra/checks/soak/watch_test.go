package soak

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/relatedro"
)

// watch records the outcome of each message from the functions' log lines. Safe for concurrent use.
type watch struct {
	mu sync.Mutex
	// ended is keyed by SQS message ID: the outcome of the last run, unless the message is retried.
	ended   map[string]string
	retried map[string]bool   // failed and retried at least once
	waited  map[string]bool   // waited for another function's lease at least once
	dropped map[string]string // messages that SQS removed before a function finished them
	returns int               // deliveries that returned to the queue
	memory  map[int][]int64   // resident memory of a process in bytes, after each batch of several messages
	work    chan struct{}     // receives a value from time to time while messages are processed
}

func newWatch() *watch {
	return &watch{ended: map[string]string{}, retried: map[string]bool{}, waited: map[string]bool{}, dropped: map[string]string{},
		memory: map[int][]int64{}, work: make(chan struct{}, 1)}
}

// Line is an observer of the functions' output.
func (w *watch) Line(l lambdaengine.Line) {
	var line struct{ Message, MessageID, Outcome string }
	if json.Unmarshal([]byte(l.Text), &line) != nil {
		return
	}
	if line.Message == "batch" {
		w.weigh(l.Process)
	}
	if line.Message != "message" {
		return
	}
	select {
	case w.work <- struct{}{}:
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch relatedro.Outcome(line.Outcome) {
	case relatedro.OutcomeRetrying:
		w.returns++
		w.retried[line.MessageID] = true
	case relatedro.OutcomeWaiting:
		w.returns++
		w.waited[line.MessageID] = true
	default:
		w.ended[line.MessageID] = line.Outcome
	}
}

// weigh records the memory of a process, unless it has ended.
func (w *watch) weigh(process int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", process))
	var size, resident int64 // pages
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.memory[process] = append(w.memory[process], resident*int64(os.Getpagesize()))
}

// SQS is an observer of the queues.
func (w *watch) SQS(e sqsengine.Event) {
	switch e.Kind {
	case sqsengine.Moved, sqsengine.Expired, sqsengine.Purged:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dropped[e.MessageID] = string(e.Kind)
	}
}

// count returns the number of finished messages, including those of refetches.
func (w *watch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.ended)
}

// left returns the number of messages that are not finished.
func (w *watch) left(ids []string) (left int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.ended[id] == "" {
			left++
		}
	}
	return left
}
