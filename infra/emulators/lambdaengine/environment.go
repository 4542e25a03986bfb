package lambdaengine

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"related-ro/infra/emulators/uuid"
)

// environment is one process of a function together with its own Runtime API.
type environment struct {
	function *Function
	command  *exec.Cmd
	// output and errors receive the standard output and standard error of the process.
	output, errors *lineWriter
	server         *http.Server
	// work passes an invocation to the pending call for the next event.
	work chan *invocation
	// ready is closed at the first call for an event, exited when the process has ended.
	ready, exited chan struct{}

	mu        sync.Mutex
	current   *invocation
	initError *Result
}

// launch starts a process and its Runtime API.
func launch(f *Function) (*environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime API: %w", err)
	}
	e := &environment{
		function: f, work: make(chan *invocation), ready: make(chan struct{}), exited: make(chan struct{}),
	}
	e.server = &http.Server{Handler: e.api(), ReadHeaderTimeout: initTimeout}
	e.command = exec.Command(f.config.Binary)
	e.command.Dir = filepath.Dir(f.config.Binary)
	e.command.Env = e.variables(listener.Addr().String())
	// A separate process group, so that all processes started by the function end with it.
	e.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	e.command.WaitDelay = stopGrace
	e.output, e.errors = e.lines(), e.lines()
	e.command.Stdout, e.command.Stderr = e.output, e.errors
	if err := e.command.Start(); err != nil {
		listener.Close()
		return nil, err
	}
	go e.server.Serve(listener)
	return e, nil
}

// variables returns the variables of the function and those that Lambda sets.
func (e *environment) variables(api string) []string {
	config := e.function.config
	variables := []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=" + config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(config.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + config.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + uuid.New(),
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=" + config.Region,
		"AWS_DEFAULT_REGION=" + config.Region,
		"LAMBDA_TASK_ROOT=" + e.command.Dir,
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"_HANDLER=bootstrap",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	for name, value := range config.Environment {
		variables = append(variables, name+"="+value)
	}
	return variables
}

// awaitReady waits until the process requests its first event. If it fails to do so, awaitReady
// returns the failure, otherwise nil.
func (e *environment) awaitReady() *Result {
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case <-e.ready:
		return nil
	case <-e.exited:
	case <-timer.C:
		e.signalGroup(syscall.SIGKILL)
		<-e.exited
		return unhandled("Sandbox.Timedout", "Init did not complete within %s", initTimeout)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.initError != nil {
		return e.initError
	}
	return unhandled("Runtime.ExitError", "Runtime exited before it requested an event: %s", e.command.ProcessState)
}

// hand passes the invocation to the process. It returns false if the process ended first.
func (e *environment) hand(inv *invocation) bool {
	select {
	case e.work <- inv:
		return true
	case <-e.exited:
		return false
	}
}

// begin records that the process works on the invocation and starts the timeout.
func (e *environment) begin(inv *invocation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = inv
	inv.begun = time.Now()
	inv.timer = time.AfterFunc(e.function.config.Timeout, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.current == inv {
			inv.timedOut = true
			e.signalGroup(syscall.SIGKILL)
		}
	})
}

// finish delivers the result of the current invocation, if there is one. If the process has not
// answered, missing provides the result. free states whether the process can accept another
// invocation.
func (e *environment) finish(free bool, missing func(*invocation) *Result) {
	e.mu.Lock()
	inv := e.current
	e.current = nil
	e.mu.Unlock()
	if inv == nil {
		return
	}
	inv.timer.Stop()
	if inv.answered == nil {
		inv.answered = missing(inv)
	}
	if free {
		e.function.release(e)
	}
	e.function.config.Report(inv.report(e.function.config.Name, *inv.answered))
	e.function.deliver(inv, outcome{result: *inv.answered})
}

// watch waits until the process ends and then cleans up.
func (e *environment) watch() {
	defer e.function.running.Done()
	_ = e.command.Wait() // ProcessState holds the exit status
	e.output.flush()
	e.errors.flush()
	e.signalGroup(syscall.SIGKILL)
	e.server.Close()
	e.function.remove(e)
	close(e.exited)
	e.finish(false, func(inv *invocation) *Result {
		if inv.timedOut {
			return unhandled("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds",
				inv.id, e.function.config.Timeout.Seconds())
		}
		return unhandled("Runtime.ExitError", "RequestId: %s Error: Runtime exited: %s", inv.id, e.command.ProcessState)
	})
}

// stop terminates the process: SIGTERM first, SIGKILL after stopGrace.
func (e *environment) stop() {
	e.signalGroup(syscall.SIGTERM)
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-e.exited:
	case <-timer.C:
		e.signalGroup(syscall.SIGKILL)
	}
}

// signalGroup sends a signal to the process and all processes that it started.
func (e *environment) signalGroup(signal syscall.Signal) {
	_ = syscall.Kill(-e.command.Process.Pid, signal) // fails only if the group is gone
}

// lines returns a writer that passes complete lines to the function's log.
func (e *environment) lines() *lineWriter {
	return &lineWriter{emit: func(text string) {
		e.function.config.Log(Line{Function: e.function.config.Name, Process: e.command.Process.Pid, Text: text})
	}}
}

// lineWriter splits its input into lines. Its only writer is the copying goroutine of exec.
type lineWriter struct {
	emit func(string)
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.emit(string(line))
		w.rest = rest
	}
}

// flush emits the rest of the input if it does not end with a newline.
func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.emit(string(w.rest))
		w.rest = nil
	}
}
