package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"

	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/poller"
)

// watch records the progress of a stack that processes messages.
type watch struct {
	mu       sync.Mutex
	batches  int
	failed   int             // messages returned to the queue
	done     map[string]int  // processed messages by location
	memory   map[int][]int64 // resident memory after each batch by process, in bytes
	most     int64
	problem  error // the last error of a batch
	progress chan struct{}
}

func newWatch() *watch {
	return &watch{done: make(map[string]int), memory: make(map[int][]int64), progress: make(chan struct{}, 1)}
}

// await waits until the given number of messages of each location is processed. It returns an error
// if ctx ends first.
func (w *watch) await(ctx context.Context, locations []string, each int) error {
	for {
		if left := w.left(locations, each); left == 0 {
			return nil
		} else if ctx.Err() != nil {
			return fmt.Errorf("%d messages left, last problem %v: %w", left, w.lastProblem(), ctx.Err())
		}
		select {
		case <-w.progress:
		case <-ctx.Done():
		}
	}
}

// left returns the number of messages of the locations that are not processed yet.
func (w *watch) left(locations []string, each int) (left int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, location := range locations {
		left += each - w.done[location]
	}
	return left
}

func (w *watch) lastProblem() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.problem
}

// Batch is an observer of the event source mappings.
func (w *watch) Batch(_ string, b poller.Batch) {
	w.mu.Lock()
	w.failed += b.Failed
	if b.Messages > 0 {
		w.batches++
	}
	if b.Err != nil {
		w.problem = b.Err
	}
	w.mu.Unlock()
	select {
	case w.progress <- struct{}{}:
	default:
	}
}

// Line is an observer of the functions' output. A process logs one line per message, and one line per batch of
// several messages.
func (w *watch) Line(l lambdaengine.Line) {
	var line struct{ Message, Location, Outcome string }
	if json.Unmarshal([]byte(l.Text), &line) != nil {
		return
	}
	if line.Message == "message" && line.Outcome == "ok" {
		w.mu.Lock()
		w.done[line.Location]++
		w.mu.Unlock()
	}
	if line.Message != "batch" {
		return
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", l.Process))
	if err != nil {
		return // the process has ended
	}
	var size, resident int64 // pages
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return
	}
	bytes := resident * int64(os.Getpagesize())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.memory[l.Process] = append(w.memory[l.Process], bytes)
	w.most = max(w.most, bytes)
}

// memoryGrowth returns the ratio of a process's maximum memory in the last third of its batches to
// that in the first third, for the process with the highest ratio.
func (w *watch) memoryGrowth() (worst float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, samples := range w.memory {
		third := len(samples) / 3
		if third == 0 {
			continue // too few samples
		}
		worst = max(worst, float64(slices.Max(samples[len(samples)-third:]))/float64(slices.Max(samples[:third])))
	}
	return worst
}
