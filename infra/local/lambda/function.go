// Package lambda runs functions' own binaries as processes and talks to them over the Lambda Runtime API, as Lambda does:
// one invocation per process at a time, more processes as more is asked at once, a deadline, a kill when it has passed, and
// a new process after a crash. It needs a system with process groups (Linux, macOS).
package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// MaxPayload is the most bytes that a synchronous invocation takes or gives: 6 MiB, as Lambda's error texts count it.
	MaxPayload = 6_291_556
	// initTimeout is what Lambda gives a process to ask for its first event.
	initTimeout = 10 * time.Second
	// stopGrace is what Close leaves a process between SIGTERM and SIGKILL, as Lambda leaves a runtime with extensions.
	stopGrace = 2 * time.Second
)

var (
	// ErrThrottled means that the function already runs as many invocations as it may (Lambda's 429).
	ErrThrottled = errors.New("lambda: concurrency limit reached")
	// ErrTooLarge means that the payload has more than MaxPayload bytes (Lambda's 413).
	ErrTooLarge = fmt.Errorf("lambda: payload has more than %d bytes", MaxPayload)
	// ErrClosed means that the function was closed.
	ErrClosed = errors.New("lambda: function is closed")
)

// Config describes one function. All but Log and Report must be set.
type Config struct {
	// Name is the physical name, ARN the function's ARN, Region AWS's region.
	Name, ARN, Region string
	// Binary is the path of the executable that speaks the Runtime API.
	Binary string
	// Environment are the function's own variables; the machine's own are not handed on.
	Environment map[string]string
	// Timeout is what one invocation may take, process start not counted.
	Timeout time.Duration
	// MemoryMB is only told to the function, not enforced.
	MemoryMB int
	// Concurrency is the most invocations at once; more are throttled.
	Concurrency int
	// Processes is the most processes, which take one invocation each; more invocations wait. 0 is Concurrency.
	Processes int
	// Log gets each line that a process prints. Calls for one process follow each other; those of several may overlap.
	Log func(Line)
	// Report is called after each invocation.
	Report func(Report)
}

// Line is one line of a function's output, without its newline.
type Line struct {
	Function string
	// Process is the operating system's process id.
	Process int
	Text    string
}

// Result is what a function made of an invocation.
type Result struct {
	// Payload is the function's answer, or a JSON object with errorType and errorMessage.
	Payload []byte
	// FunctionError is empty, or "Unhandled" when the function failed, timed out or died.
	FunctionError string
}

// Report says how one invocation went, as Lambda's REPORT line does.
type Report struct {
	Function, RequestID string
	// Duration is the time from handing the event out to the function's being ready for the next.
	Duration time.Duration
	// Init is the start of the process, when this invocation had to wait for one; otherwise 0.
	Init time.Duration
	// Error is the errorType of a failed invocation; otherwise empty.
	Error string
}

// Function is one function and its processes.
type Function struct {
	config Config

	// places has one entry for each invocation that has a process or looks for one.
	places chan struct{}

	mu     sync.Mutex
	closed bool
	// invocations counts those under way, waiting for a place included.
	invocations int
	// live are all processes that have not ended; idle those that wait for an event, the most recently used last.
	live    map[*environment]bool
	idle    []*environment
	running sync.WaitGroup // the processes, those being started included
}

// New returns a function that starts its first process at its first invocation.
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

// Invoke hands payload to a free process, or a new one, and waits for its answer. It returns ErrTooLarge, ErrThrottled or
// ErrClosed when the function was not run, and the context's error when that ended first: the function then goes on, as on
// Lambda. A failure of the function itself is no error but Result.FunctionError.
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

// Kill ends every process of the function by SIGKILL, as a crash would, and returns how many there were.
func (f *Function) Kill() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for e := range f.live {
		e.signalGroup(sigKill)
	}
	return len(f.live)
}

// Close stops every process and waits until none is left. Invocations under way fail.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	for e := range f.live {
		go e.stop()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// enter counts one more invocation, which deliver ends, unless that is one too many.
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

// deliver ends the invocation. By then its process, if it lives on, is idle: who asks again at once finds it.
func (f *Function) deliver(inv *invocation, o outcome) {
	f.mu.Lock()
	f.invocations--
	f.mu.Unlock()
	<-f.places
	inv.done <- o
}

// run finds a process for the invocation. A process that dies before it takes the event costs another try.
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

// acquire takes an idle process, or returns nil for a new one to be started.
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

// start starts a process. A process that does not get ready is the function's failure;
// an error is this machine's.
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

// release makes the process free for the next invocation.
func (f *Function) release(e *environment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live[e] {
		f.idle = append(f.idle, e)
	}
}

// remove forgets a process that has ended.
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
