package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A release is a git tag, and each function's first log line contains it. The test builds the
// function as `sam build` does.
func TestFirstLineSaysTheVersionThatWasBuilt(t *testing.T) {
	const version = "v1.2.3-4-g5678abc"
	directory := t.TempDir()
	build := exec.CommandContext(t.Context(), "make", "build-ConsoleFunction", "VERSION="+version,
		"ARCHITECTURE="+hostArchitecture(), "ARTIFACTS_DIR="+directory)
	build.Dir = "../../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	// A Lambda runtime API without an event.
	runtime := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer runtime.Close()
	function := exec.CommandContext(t.Context(), filepath.Join(directory, "bootstrap"))
	function.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://")}
	function.Stderr = os.Stderr
	output, err := function.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Error(err)
	}
	if err := function.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = function.Wait() // it was killed
	var got struct{ Message, Function, Version string }
	if err := json.Unmarshal(line, &got); err != nil || got.Message != "started" || got.Function != "console" || got.Version != version {
		t.Errorf("first line %s, %v", line, err)
	}
}
