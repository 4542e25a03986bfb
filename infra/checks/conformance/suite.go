package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// suite is a set of tests that find the engine through the environment.
type suite struct {
	name, subject string
	packages      []string
	services      []service // the services under test
}

func suites() []suite {
	return []suite{
		{"store", "the tests of pkg/dynamo", []string{"./pkg/dynamo"}, []service{dynamoDB}},
		{"engine", "the tests of the embedded DynamoDB's own behaviour", []string{"./infra/emulators/dynamodbengine"}, []service{dynamoDB}},
		{"queue", "the features of SQS that the product relies on", []string{"./infra/emulators/sqsengine"}, []service{sqs}},
		{"mapping", "the event source mapping from a table's stream", []string{"./infra/emulators/poller"}, []service{dynamoDB}},
		{"events", "events from the product's adapter through a rule and a queue to a subscriber", []string{"./infra/local/platform"},
			[]service{events}},
		{"end to end", "the functions' own binaries, with crashes and faults; the queues are the embedded ones",
			[]string{"./infra/checks/e2e"}, []service{dynamoDB}},
		{"story", "the local stack on the engine: the product's story, a crash, a broken message",
			[]string{"./infra/checks/conformance/story"}, []service{dynamoDB, sqs}},
	}
}

// test is the result of one test.
type test struct {
	passed bool
	output string
}

// run runs the tests with the additional environment variables and returns them by name, see
// decodeTests. An error means that the tests could not run at all.
func (s suite) run(ctx context.Context, environment []string) (map[string]test, error) {
	arguments := append([]string{"test", "-count=1", "-json", "-timeout=30m"}, s.packages...)
	if s.name == "queue" && len(environment) > 0 {
		// The other tests are about the embedded engine's internals.
		arguments = append(arguments, "-run=^TestConformance$")
	}
	if s.name == "store" && len(environment) > 0 {
		arguments = append(arguments, "-rapid.checks=10") // moto takes seconds for each
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Env = append(os.Environ(), environment...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	tests, output, decodeErr := decodeTests(bytes.NewReader(stdout))
	if decodeErr != nil {
		return nil, fmt.Errorf("%w %s", decodeErr, stderr.Bytes())
	}
	anyFailed := slices.ContainsFunc(slices.Collect(maps.Values(tests)), func(t test) bool { return !t.passed })
	if len(tests) == 0 || err != nil && !anyFailed {
		return nil, fmt.Errorf("go test completed no test: %w\n%s%s", err, output, stderr.Bytes())
	}
	return tests, nil
}

// decodeTests parses the output of `go test -json`. A test with subtests is included only if it
// failed although all its subtests passed. output is the output that belongs to no test, such as
// build errors.
func decodeTests(r io.Reader) (tests map[string]test, output string, err error) {
	all := make(map[string]test)
	for decoder := json.NewDecoder(r); ; {
		var event struct{ Action, Test, Output string }
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, output, fmt.Errorf("read go test's output: %w", err)
		}
		switch t := all[event.Test]; {
		case event.Test == "":
			output += event.Output
		case event.Action == "output":
			t.output += event.Output
			all[event.Test] = t
		case event.Action == "pass", event.Action == "fail":
			t.passed = event.Action == "pass"
			all[event.Test] = t
		}
	}
	tests = maps.Clone(all)
	for name, t := range all {
		for cut := strings.LastIndexByte(name, '/'); cut > 0; cut = strings.LastIndexByte(name[:cut], '/') {
			if all[name[:cut]].passed || !t.passed {
				delete(tests, name[:cut])
			}
		}
	}
	return tests, output, nil
}
