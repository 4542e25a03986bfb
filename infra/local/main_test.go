package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// screen collects the program's output and signals each write.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// waitFor waits until the text appears, and returns false if the program ends first.
func (s *screen) waitFor(text string, ended <-chan error) bool {
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.changed:
		case <-ended:
			return false
		}
	}
	return true
}

// keepKeyApart gives the test its own signing key but keeps the user's build cache.
func keepKeyApart(t *testing.T) {
	t.Helper()
	builds, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(builds)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

func TestRunAcceptsTokensAndEndsWithItsContext(t *testing.T) {
	keepKeyApart(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &screen{changed: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- command(ctx, []string{"run", "-ephemeral", "-seed=false"}, out) }()
	if !out.waitFor("simulated; control it", ended) {
		t.Fatalf("ended early:\n%s", out)
	}

	var token bytes.Buffer
	if err := command(ctx, []string{"token", "-role", "administrator", "-location", "loc-100"}, &token); err != nil {
		t.Fatal(err)
	}
	api := regexp.MustCompile(`API +(http://\S+)/v1`).FindStringSubmatch(out.String())
	if api == nil {
		t.Fatalf("the API's address is not printed:\n%s", out)
	}
	if banner := out.String(); strings.Contains(banner, "eyJ") || !strings.Contains(banner, "LOCAL_API_PORT") {
		t.Errorf("the banner contains a token, or does not explain how to choose ports:\n%s", banner)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api[1]+"/v1/locations/loc-100/external-interfaces", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token.String()))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status is %d", response.StatusCode)
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestStoppedOnTheWayUpIsNoFailure(t *testing.T) {
	keepKeyApart(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &screen{changed: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- command(ctx, []string{"-ephemeral"}, out) }()
	out.waitFor("Building and starting", ended)
	stop()
	if err := <-ended; err != nil || !strings.Contains(out.String(), "Stopped") {
		t.Errorf("ended with %v:\n%s", err, out)
	}
}

func TestEveryTakenPortIsNamedWithTheFix(t *testing.T) {
	keepKeyApart(t)
	ports := make([]string, 2)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, ports[i], _ = net.SplitHostPort(listener.Addr().String())
	}
	arguments := []string{"-api-port", ports[0], "-sqs-port", ports[1], "-dynamodb-port", "0", "-karmak-port", "0"}
	err := command(t.Context(), arguments, io.Discard)
	for _, want := range []string{"listen for api", ports[0], "listen for sqs", ports[1], "-ephemeral"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// The caller of `go run` knows only the go command's process. That process exits on SIGTERM, and
// the program that it started has to notice.
func TestEndsWithGoRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the parent process is known only on Linux")
	}
	keepKeyApart(t)
	command := exec.CommandContext(t.Context(), "go", "run", ".", "-ephemeral", "-seed=false")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	// In case a process is left, or does not exit by itself.
	end := func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	defer time.AfterFunc(time.Minute, end).Stop()
	defer end()
	var last string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if last = lines.Text(); strings.HasPrefix(last, "Ctrl-C stops") {
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	// All processes have closed the pipe.
	if last != "Stopping ..." {
		t.Errorf("the last line is %q", last)
	}
	if err := command.Wait(); err == nil {
		t.Error("the go command handled SIGTERM, so the program need not watch for its exit")
	}
}

func TestArgumentsThatAreWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		arguments []string
		want      string
	}{
		"unknown word":        {[]string{"-ephemeral", "walk"}, "walk"},
		"unknown parameter":   {[]string{"-ephemeral", "-parameter", "Speed=1"}, "Speed"},
		"parameter not a=b":   {[]string{"-parameter", "Speed"}, "Name=Value"},
		"token without role":  {[]string{"token", "-location", "*"}, "-role"},
		"token, unknown role": {[]string{"token", "-role", "king", "-location", "*"}, "must be one of"},
	} {
		t.Run(name, func(t *testing.T) {
			keepKeyApart(t)
			err := command(t.Context(), tc.arguments, &screen{changed: make(chan struct{}, 1)})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestPortsComeFromTheEnvironmentAndFlagsWin(t *testing.T) {
	getenv := func(name string) string {
		return map[string]string{"LOCAL_API_PORT": "4000", "LOCAL_SQS_PORT": "4001"}[name]
	}
	c, err := stackFlags("run", []string{"-sqs-port", "5001"}, getenv)
	if err != nil {
		t.Fatal(err)
	}
	if p := c.options.Ports; p.API != 4000 || p.SQS != 5001 || p.DynamoDB != 8000 || p.Events != 8090 || p.Karmak != 8085 {
		t.Errorf("ports are %+v", p)
	}
}
