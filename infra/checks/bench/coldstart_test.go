package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// program is a binary with its environment, its event and the expected answer. It is measured
// through the Lambda Runtime API, so that the binary is the one that would be deployed.
type program struct {
	name, binary string
	lean         string   // for a function: name of the lean program that links the same clients
	environment  []string // NAME=value; in addition to Lambda's own variables
	event        string
	answer       string // text that the answer to event must contain
}

// started holds the measurements of a program.
type started struct {
	size    int64         // of the binary, in bytes
	init    times         // from the start of the process to its first request for an event
	first   times         // first event of each process, from request to answer
	warm    times         // all later events
	warmCPU time.Duration // of all later events, including the runtime's share
	peakRSS int64         // largest peak resident set of any process, read after its last event, in bytes
}

// patience limits one start with all its events. Programs answer within milliseconds.
const patience = 30 * time.Second

// measureStarts starts each program the given number of times. Each process gets its event once and
// then warm more times. Each round starts the programs in a new random order: the second of two
// consecutive starts of one binary is faster, and a fixed order would always favour the same
// program.
func measureStarts(tb testing.TB, programs []program, starts, warm int) []started {
	tb.Helper()
	results := make([]started, len(programs))
	random := rand.New(rand.NewPCG(1, 2))
	for range starts {
		for _, k := range random.Perm(len(results)) {
			if err := results[k].start(tb.Context(), programs[k], warm); err != nil {
				tb.Fatalf("%s: %v", programs[k].name, err)
			}
		}
	}
	return results
}

// start runs the program once and adds the measurements to r.
func (r *started) start(ctx context.Context, p program, warm int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	info, err := os.Stat(p.binary)
	if err != nil {
		return err
	}
	r.size = info.Size()
	api := newRuntimeAPI()
	defer api.server.Close()
	command := exec.CommandContext(ctx, p.binary)
	command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + api.server.Listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=bench",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_LOG_FORMAT=JSON", "_HANDLER=bootstrap", "TZ=:UTC", "PATH=/usr/bin:/bin",
	}, p.environment...)
	var output bytes.Buffer
	command.Stderr = &output
	begin := time.Now()
	if err := command.Start(); err != nil {
		return err
	}
	defer func() {
		command.Process.Kill() // an error means that the process has already ended
		command.Wait()
	}()
	ready, err := api.awaitReady(ctx)
	if err != nil {
		return fmt.Errorf("%w: %s", err, output.String())
	}
	pid := command.Process.Pid
	r.init = append(r.init, ready.Sub(begin))

	took, err := p.ask(ctx, api)
	if err != nil {
		return fmt.Errorf("%w: %s", err, output.String())
	}
	r.first = append(r.first, took)
	before := processorTimeOf(pid)
	for range warm {
		if took, err = p.ask(ctx, api); err != nil {
			return err
		}
		r.warm = append(r.warm, took)
	}
	r.warmCPU += processorTimeOf(pid) - before
	r.peakRSS = max(r.peakRSS, peakRSS(pid))
	return nil
}

func (p program) ask(ctx context.Context, api *runtimeAPI) (time.Duration, error) {
	begin := time.Now()
	answer, err := api.ask(ctx, []byte(p.event))
	took := time.Since(begin)
	if err == nil && !bytes.Contains(answer, []byte(p.answer)) {
		err = errors.New("the answer is another")
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %.300s", err, answer)
	}
	return took, nil
}

// processorTimeOf returns the CPU time used by all threads of a process, or 0 if the process has
// ended.
func processorTimeOf(pid int) (total time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is valid
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		used, _, _ := strings.Cut(string(text), " ")
		ns, _ := strconv.ParseInt(used, 10, 64)
		total += time.Duration(ns)
	}
	return total
}

// peakRSS returns the peak resident set size of a process in bytes, or 0 if the process has ended.
func peakRSS(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}
