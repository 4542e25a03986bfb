// Package lambdaengine runs the functions' binaries as processes and calls them through the Lambda
// Runtime API. Like Lambda, it runs one invocation per process at a time, starts more processes for
// concurrent invocations, kills a process at its deadline, and starts a new process after a crash.
// It requires an operating system with process groups (Linux, macOS).
package lambdaengine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"
)

const (
	// MaxPayload is the maximum size of the event and of the response of a synchronous invocation,
	// in bytes: 6 MiB, with the exact number from Lambda's error messages.
	MaxPayload = 6_291_556
	// initTimeout is the time that Lambda allows a process until it requests its first event.
	initTimeout = 10 * time.Second
	// stopGrace is the time between SIGTERM and SIGKILL, the same as Lambda's for a runtime with
	// extensions.
	stopGrace = 2 * time.Second
)

var (
	// ErrThrottled means that Config.Concurrency invocations are already running (Lambda's 429).
	ErrThrottled = errors.New("lambda: concurrency limit reached")
	// ErrTooLarge means that the payload is larger than MaxPayload (Lambda's 413).
	ErrTooLarge = fmt.Errorf("lambda: payload has more than %d bytes", MaxPayload)
	// ErrClosed means that the function is closed.
	ErrClosed = errors.New("lambda: function is closed")
)

// Config configures one function. Log, Report and Processes are optional.
type Config struct {
	// Name is the function's physical name and Region its AWS region.
	Name, ARN, Region string
	// Binary is the path of an executable that speaks the Runtime API.
	Binary string
	// Environment holds the function's variables. Processes do not inherit the variables of this
	// machine.
	Environment map[string]string
	// Timeout is the maximum duration of one invocation, without the start of the process.
	Timeout time.Duration
	// MemoryMB is the memory size reported to the function. It is not enforced.
	MemoryMB int
	// Concurrency is the maximum number of concurrent invocations. Further ones are throttled.
	Concurrency int
	// Processes is the maximum number of processes, each of which runs one invocation at a time.
	// Further invocations wait. 0 means Concurrency.
	Processes int
	// Log receives each line that a process prints. Calls for the same process are sequential;
	// those for different processes may overlap.
	Log func(Line)
	// Report is called after each invocation.
	Report func(Report)
}

// Line is one line of a function's output, without the newline.
type Line struct {
	Function string
	// Process is the ID of the operating system's process.
	Process int
	Text    string
}

// Result is the result of an invocation.
type Result struct {
	// Payload is the function's response, or a JSON object with errorType and errorMessage.
	Payload []byte
	// FunctionError is "Unhandled" if the function failed, timed out or crashed, otherwise empty.
	FunctionError string
}

// Report describes one invocation, like the REPORT line in Lambda's log.
type Report struct {
	Function, RequestID string
	// Duration is the time from the start of the event's delivery until the function is ready for
	// the next one.
	Duration time.Duration
	// Init is the start-up time of the process if this invocation waited for it, otherwise 0.
	Init time.Duration
	// Error is the errorType of a failed invocation, otherwise empty.
	Error string
}

// Function is one function with its processes.
type Function struct {
	config Config

	// places has one entry for each invocation that has a process or is about to get one.
	places chan struct{}

	mu     sync.Mutex
	closed bool
	// invocations is the number of current invocations, including those that wait for a place.
	invocations int
	// live holds all processes that have not ended, idle those that wait for an event, the most
	// recently used last.
	live    map[*environment]bool
	idle    []*environment
	running sync.WaitGroup // the processes, including those that are being started
}

// New returns a function. Its first invocation starts its first process.
func New(config Config) *Function {
	if config.Log == nil {
		config.Log = func(Line) {}
	}
	if config.Report == nil {
		config.Report = func(Report) {}
	}
	places := make(chan struct{}, cmp.Or(config.Processes, config.Concurrency))
	return &Function{config: config, places: places, live: map[*environment]bool{}}
}

// Invoke passes payload to an idle or new process and waits for the response. It returns
// ErrTooLarge, ErrThrottled or ErrClosed if the function did not run. If ctx ends first, it returns
// ctx.Err(), and the function continues, as on Lambda. A failure of the function is not an error
// but is reported in Result.FunctionError.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > MaxPayload {
		return Result{}, ErrTooLarge
	}
	if err := f.enter(); err != nil {
		return Result{}, err
	}
	inv := newInvocation(payload)
	go f.run(inv)
	select {
	case outcome := <-inv.done:
		return outcome.result, outcome.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Kill kills every process of the function with SIGKILL, to simulate crashes, and returns their
// number.
func (f *Function) Kill() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for e := range f.live {
		e.signalGroup(syscall.SIGKILL)
	}
	return len(f.live)
}

// Close stops all processes and waits until they have ended. Current invocations fail.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	for e := range f.live {
		go e.stop()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// enter counts a new invocation, or returns ErrClosed or ErrThrottled. deliver ends the invocation.
func (f *Function) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return ErrClosed
	case f.invocations >= f.config.Concurrency:
		return ErrThrottled
	}
	f.invocations++
	return nil
}

// deliver ends the invocation. Its process, if still alive, is idle by then, so the caller's next
// invocation can reuse it.
func (f *Function) deliver(inv *invocation, o outcome) {
	f.mu.Lock()
	f.invocations--
	f.mu.Unlock()
	<-f.places
	inv.done <- o
}

// run finds or starts a process for the invocation. If the process dies before it accepts the
// event, run tries another.
func (f *Function) run(inv *invocation) {
	f.places <- struct{}{}
	for {
		e, err := f.acquire()
		if err != nil {
			f.deliver(inv, outcome{err: err})
			return
		}
		if e == nil {
			var failure *Result
			e, failure, err = f.start(inv)
			if err != nil || failure != nil {
				f.give(inv, failure, err)
				return
			}
		}
		if e.hand(inv) {
			return
		}
	}
}

func (f *Function) give(inv *invocation, failure *Result, err error) {
	if err != nil {
		f.deliver(inv, outcome{err: err})
		return
	}
	f.config.Report(inv.report(f.config.Name, *failure))
	f.deliver(inv, outcome{result: *failure})
}

// acquire returns an idle process, or nil if the caller must start a new one.
func (f *Function) acquire() (*environment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch n := len(f.idle); {
	case f.closed:
		return nil, ErrClosed
	case n > 0:
		e := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return e, nil
	}
	f.running.Add(1)
	return nil, nil
}

// start starts a process. If the process does not become ready, start returns a Result with the
// function's failure. It returns an error only if the process could not be started.
func (f *Function) start(inv *invocation) (*environment, *Result, error) {
	begin := time.Now()
	e, err := launch(f)
	if err != nil {
		f.running.Done()
		return nil, nil, fmt.Errorf("start %s: %w", f.config.Name, err)
	}
	f.mu.Lock()
	f.live[e] = true
	if f.closed {
		go e.stop()
	}
	f.mu.Unlock()
	go e.watch()
	failure := e.awaitReady()
	inv.init = time.Since(begin)
	return e, failure, nil
}

// release makes the process available for the next invocation.
func (f *Function) release(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live[e] {
		f.idle = append(f.idle, e)
	}
}

// remove removes a process that has ended.
func (f *Function) remove(e *environment) {
	f.mu.Lock()
	delete(f.live, e)
	for i, other := range f.idle {
		if other == e {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			break
		}
	}
	f.mu.Unlock()
}
