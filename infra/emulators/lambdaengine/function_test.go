package lambdaengine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// binaries is the directory in which TestMain builds the probe function.
var binaries string

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "lambda-test")
	if err != nil {
		panic(err)
	}
	binaries = directory
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", directory, "./testdata/probe")
	if output, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build probe: %v\n%s", err, output))
	}
	code := m.Run()
	os.RemoveAll(directory)
	// A server may keep a connection for half a second after its last answer, longer than goleak looks.
	if err := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait")); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

type answer struct {
	PID                                      int
	Variable, Home, RequestID, ARN, Text     string
	Deadline                                 int64
	ErrorType, ErrorMessage, functionFailure string
}

// probe starts the probe function. change adapts its configuration.
func probe(t *testing.T, change func(*Config)) *Function {
	t.Helper()
	config := Config{
		Name: "probe", ARN: "arn:aws:lambda:us-east-1:000000000000:function:probe", Region: "us-east-1",
		Binary: filepath.Join(binaries, "probe"), Timeout: time.Minute, MemoryMB: 128, Concurrency: 2,
	}
	if change != nil {
		change(&config)
	}
	f := New(config)
	t.Cleanup(f.Close)
	return f
}

func invoke(t *testing.T, f *Function, event string) answer {
	t.Helper()
	result, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Error(err)
	}
	var a answer
	if err := json.Unmarshal(result.Payload, &a); err != nil {
		t.Errorf("%v: %s", err, result.Payload)
	}
	a.functionFailure = result.FunctionError
	return a
}

func TestProcessIsUsedAgain(t *testing.T) {
	f := probe(t, nil)
	first, second := invoke(t, f, `{}`), invoke(t, f, `{}`)
	if first.PID != second.PID {
		t.Errorf("processes are %d and %d, want the same", first.PID, second.PID)
	}
	if first.RequestID == second.RequestID {
		t.Error("both invocations have the same request ID")
	}
}

func TestFunctionSeesItsOwnEnvironmentOnly(t *testing.T) {
	t.Setenv("HOME", "/home/of/the/developer")
	f := probe(t, func(c *Config) { c.Environment = map[string]string{"VARIABLE": "value"} })
	a := invoke(t, f, `{}`)
	if a.Variable != "value" || a.Home != "" {
		t.Errorf("VARIABLE is %q and HOME %q, want only the configured variable", a.Variable, a.Home)
	}
	if a.ARN != f.config.ARN {
		t.Errorf("ARN is %s", a.ARN)
	}
}

func TestDeadlineIsTheTimeoutFromTheHandingOut(t *testing.T) {
	f := probe(t, nil)
	before := time.Now()
	a := invoke(t, f, `{}`)
	least, most := before.Add(time.Minute).UnixMilli(), time.Now().Add(time.Minute).UnixMilli()
	if a.Deadline < least || a.Deadline > most {
		t.Errorf("deadline is %d, want between %d and %d", a.Deadline, least, most)
	}
}

// gate starts a server that delays its responses until open is called.
func gate(t *testing.T) (url string, entered <-chan struct{}, open func()) {
	arrivals, opened := make(chan struct{}, 16), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrivals <- struct{}{}
		<-opened
	}))
	open = sync.OnceFunc(func() { close(opened) })
	t.Cleanup(func() { open(); server.Close() })
	return server.URL, arrivals, open
}

func TestSecondInvocationAtOnceGetsASecondProcessAndTheThirdIsThrottled(t *testing.T) {
	f := probe(t, nil)
	url, entered, open := gate(t)
	event := fmt.Sprintf(`{"do":"call","url":%q}`, url)
	pids := make(chan int, 2)
	for range 2 {
		go func() { pids <- invoke(t, f, event).PID }()
	}
	<-entered
	<-entered
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrThrottled) {
		t.Errorf("error is %v, want ErrThrottled", err)
	}
	open()
	if a, b := <-pids, <-pids; a == b {
		t.Errorf("both invocations ran in process %d", a)
	}
}

func TestInvocationsWaitWhenAllProcessesAreBusy(t *testing.T) {
	f := probe(t, func(c *Config) { c.Concurrency, c.Processes = 3, 1 })
	url, entered, open := gate(t)
	answers := make(chan answer, 3)
	for range 3 {
		go func() { answers <- invoke(t, f, fmt.Sprintf(`{"do":"call","url":%q}`, url)) }()
	}
	<-entered
	underWay := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.invocations
	}
	for underWay() < 3 {
		runtime.Gosched()
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrThrottled) {
		t.Errorf("error is %v, want ErrThrottled", err)
	}
	open()
	pids := map[int]bool{}
	for range 3 {
		a := <-answers
		pids[a.PID] = true
		if a.functionFailure != "" {
			t.Errorf("response is %+v", a)
		}
	}
	if len(pids) != 1 {
		t.Errorf("started %d processes, want 1", len(pids))
	}
}

func TestCallerWhoLeavesDoesNotStopTheFunction(t *testing.T) {
	reports := make(chan Report, 1)
	f := probe(t, func(c *Config) { c.Report = func(r Report) { reports <- r } })
	url, entered, open := gate(t)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := f.Invoke(ctx, fmt.Appendf(nil, `{"do":"call","url":%q}`, url))
		failed <- err
	}()
	<-entered
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
	open()
	if report := <-reports; report.Error != "" {
		t.Errorf("the function failed: %s", report.Error)
	}
}

func TestFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		event, errorType, message string
		sameProcess               bool
	}{
		"error":            {`{"do":"fail"}`, "errorString", "as asked", true},
		"panic":            {`{"do":"panic"}`, "string", "as asked", false},
		"exit":             {`{"do":"exit"}`, "Runtime.ExitError", "exit status 3", false},
		"timeout":          {`{"do":"hang"}`, "Sandbox.Timedout", "timed out after", false},
		"answer too large": {`{"do":"answer","size":6291556}`, "Function.ResponseSizeTooLarge", "6291556", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reports := make(chan Report, 3)
			f := probe(t, func(c *Config) {
				c.Report = func(r Report) { reports <- r }
				if name == "timeout" {
					c.Timeout = 200 * time.Millisecond
				}
			})
			before := invoke(t, f, `{}`)
			<-reports
			failed := invoke(t, f, tc.event)
			if failed.functionFailure != "Unhandled" || failed.ErrorType != tc.errorType ||
				!strings.Contains(failed.ErrorMessage, tc.message) {
				t.Errorf("response is %+v, want %s with %q", failed, tc.errorType, tc.message)
			}
			if report := <-reports; report.Error != tc.errorType {
				t.Errorf("reported %q, want %q", report.Error, tc.errorType)
			}
			if after := invoke(t, f, `{}`); (after.PID == before.PID) != tc.sameProcess {
				t.Errorf("process was %d and is %d", before.PID, after.PID)
			}
		})
	}
}

func TestLargestPayloadsPass(t *testing.T) {
	f := probe(t, nil)
	event := append([]byte(`{"do":""}`), slices.Repeat([]byte(" "), MaxPayload-9)...)
	if _, err := f.Invoke(t.Context(), event); err != nil {
		t.Errorf("an event of %d bytes: %v", len(event), err)
	}
	if _, err := f.Invoke(t.Context(), append(event, ' ')); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an event of %d bytes: %v, want ErrTooLarge", len(event)+1, err)
	}
	if a := invoke(t, f, `{"do":"answer","size":6291000}`); len(a.Text) != 6291000 {
		t.Errorf("the response has %d bytes of text", len(a.Text))
	}
}

func TestKilledInTheMiddleFailsAndStartsAnew(t *testing.T) {
	f := probe(t, nil)
	url, entered, _ := gate(t)
	failed := make(chan answer)
	go func() { failed <- invoke(t, f, fmt.Sprintf(`{"do":"call","url":%q}`, url)) }()
	<-entered
	if n := f.Kill(); n != 1 {
		t.Errorf("killed %d processes, want 1", n)
	}
	if a := <-failed; a.ErrorType != "Runtime.ExitError" || !strings.Contains(a.ErrorMessage, "killed") {
		t.Errorf("response is %+v", a)
	}
	if a := invoke(t, f, `{}`); a.functionFailure != "" {
		t.Errorf("the next invocation failed: %+v", a)
	}
}

func TestProcessThatDoesNotStartFailsTheInvocation(t *testing.T) {
	lines := make(chan Line, 1)
	f := probe(t, func(c *Config) {
		c.Environment = map[string]string{"REFUSE_START": "yes"}
		c.Log = func(line Line) { lines <- line }
	})
	if a := invoke(t, f, `{}`); a.ErrorType != "Runtime.ExitError" {
		t.Errorf("response is %+v", a)
	}
	if line := <-lines; line.Text != "REFUSE_START is set" {
		t.Errorf("logged %q", line.Text)
	}
}

func TestInitErrorIsTheAnswerAndTheNextInvocationStartsAnew(t *testing.T) {
	reports := make(chan Report, 2)
	f := probe(t, func(c *Config) {
		c.Environment = map[string]string{"REFUSE_START": "reported"}
		c.Report = func(r Report) { reports <- r }
	})
	for range 2 {
		if a := invoke(t, f, `{}`); a.functionFailure != "Unhandled" || a.ErrorType != "Probe.Refused" || a.ErrorMessage != "as asked" {
			t.Errorf("response is %+v", a)
		}
		if r := <-reports; r.Error != "Probe.Refused" || r.Init == 0 {
			t.Errorf("report is %+v", r)
		}
	}
}

func TestMissingBinaryIsAnError(t *testing.T) {
	f := probe(t, func(c *Config) { c.Binary += "-none" })
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want ErrNotExist", err)
	}
}

func TestLinesAreLogged(t *testing.T) {
	lines := make(chan Line, 2)
	f := probe(t, func(c *Config) { c.Log = func(line Line) { lines <- line } })
	a := invoke(t, f, `{"do":"print"}`)
	for _, want := range []string{"one", "two"} {
		if line := <-lines; line != (Line{Function: "probe", Process: a.PID, Text: want}) {
			t.Errorf("logged %+v, want %q", line, want)
		}
	}
}

func TestCloseLeavesNoProcessBehind(t *testing.T) {
	f := probe(t, nil)
	own, child := invoke(t, f, `{}`).PID, invoke(t, f, `{"do":"spawn"}`).PID
	f.Close()
	if err := syscall.Kill(own, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still running: %v", own, err)
	}
	if state := processState(child); state != "" && state != "Z" {
		t.Errorf("its child %d is still running in state %s", child, state)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrClosed) {
		t.Errorf("error is %v, want ErrClosed", err)
	}
}

// processState returns the state letter that ps shows, Z for a zombie, or "" if the process does
// not exist.
func processState(pid int) string {
	output, _ := exec.Command("ps", "-o", "state=", "-p", fmt.Sprint(pid)).Output()
	return strings.TrimSpace(string(output))
}
