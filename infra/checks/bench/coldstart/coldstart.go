// Package coldstart measures the cold start of Lambda functions. It serves the Lambda Runtime API
// to each process, so that the measured binary is the one that would be deployed. Each round starts
// the programs in a new random order: the second of two consecutive starts of one binary is faster,
// and a fixed order would always favour the same program.
package coldstart

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
	"time"

	"related-ro/infra/checks/bench/timing"
)

// Program is a binary with its environment, its event and the expected answer.
type Program struct {
	Name        string
	Binary      string
	Environment []string // NAME=value; in addition to Lambda's own variables
	Event       []byte
	Answer      string // text that the answer to Event must contain
}

// Result holds the measurements of a Program.
type Result struct {
	Program
	Size    int64        // of the binary, in bytes
	Init    timing.Times // from the start of the process to its first request for an event
	InitCPU timing.Times // CPU time used during Init
	First   timing.Times // first event of each process, from request to answer
	Warm    timing.Times // all later events
	WarmCPU time.Duration
	PeakRSS int64 // largest peak resident set of any process, read after its last event, in bytes
}

// CPUPerEvent returns the mean CPU time of a warm event, including the runtime's share, or 0 if
// there were no warm events.
func (r Result) CPUPerEvent() time.Duration {
	if len(r.Warm) == 0 {
		return 0
	}
	return r.WarmCPU / time.Duration(len(r.Warm))
}

// patience limits one start with all its events. Programs answer within milliseconds.
const patience = 30 * time.Second

// Measure starts each program the given number of times. Each process gets its event once and then
// warm more times. Measure stops at the first error.
func Measure(ctx context.Context, programs []Program, starts, warm int) ([]Result, error) {
	results := make([]Result, len(programs))
	for i, p := range programs {
		info, err := os.Stat(p.Binary)
		if err != nil {
			return nil, err
		}
		results[i] = Result{Program: p, Size: info.Size()}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range starts {
		for _, k := range random.Perm(len(results)) {
			if err := results[k].start(ctx, warm); err != nil {
				return nil, fmt.Errorf("measure %s: %w", results[k].Name, err)
			}
		}
	}
	return results, nil
}

// start runs the program once and adds the measurements to r.
func (r *Result) start(ctx context.Context, warm int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api, err := newRuntimeAPI()
	if err != nil {
		return err
	}
	defer api.close()
	command := exec.CommandContext(ctx, r.Binary)
	command.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + api.address, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_LOG_FORMAT=JSON", "_HANDLER=bootstrap", "TZ=:UTC", "PATH=/usr/bin:/bin",
	}, r.Environment...)
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
	started := processorTime(pid)
	r.Init, r.InitCPU = append(r.Init, ready.Sub(begin)), append(r.InitCPU, started)

	took, err := r.ask(ctx, api)
	if err != nil {
		return fmt.Errorf("%w: %s", err, output.String())
	}
	r.First = append(r.First, took)
	before := processorTime(pid)
	for range warm {
		if took, err = r.ask(ctx, api); err != nil {
			return err
		}
		r.Warm = append(r.Warm, took)
	}
	r.WarmCPU += processorTime(pid) - before
	r.PeakRSS = max(r.PeakRSS, peakRSS(pid))
	return nil
}

func (r *Result) ask(ctx context.Context, api *runtimeAPI) (time.Duration, error) {
	begin := time.Now()
	answer, err := api.ask(ctx, r.Event)
	took := time.Since(begin)
	if err == nil && !bytes.Contains(answer, []byte(r.Answer)) {
		err = errors.New("the answer is another")
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %.300s", err, answer)
	}
	return took, nil
}

// processorTime returns the CPU time used by all threads of a process, or 0 if the process has
// ended.
func processorTime(pid int) (total time.Duration) {
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
