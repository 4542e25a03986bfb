// Command conformance runs the store, queue and end-to-end tests against other engines than the
// embedded ones: it installs each engine into a cache, starts it on a free port, runs the tests,
// stops it, and reports which tests passed.
//
//	go run ./infra/checks/conformance                                 all engines; writes infra/docs/conformance.md
//	go run ./infra/checks/conformance -engines "moto dynamodb-local"  these only; writes nothing
//
// Run it in the project's directory. It fails if a test fails that known.yaml does not explain. It
// skips an unavailable engine with the reason, or fails if CI=true.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"related-ro/infra/checks/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := realMain(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func realMain(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	names := flags.String("engines", "", "engines to test, separated by spaces; all if empty: "+strings.Join(engineNames(), " "))
	cache := flags.String("cache", ".cache/conformance", "directory for the installed engines and their logs")
	report := flags.String("report", "infra/docs/conformance.md", "report to write after all engines have run")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	differences, err := readDifferences(knownYAML)
	if err != nil {
		return err
	}
	directory, err := filepath.Abs(*cache)
	if err != nil {
		return fmt.Errorf("find the cache: %w", err)
	}
	run := runner{cache: directory, out: out, known: differences, mustHave: tools.MustHave()}
	results, err := run.all(ctx, chosen)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	writeReport(&table, results, differences)
	fmt.Fprintf(out, "\n%s", table.Bytes())
	if problem := failures(results); problem != nil {
		return problem
	}
	if len(results) < len(engines()) {
		fmt.Fprintf(out, "\nNot all engines have run, so %s is unchanged.\n", *report)
		return nil
	}
	if err := os.WriteFile(*report, table.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// runner runs suites against engines.
type runner struct {
	cache    string
	out      io.Writer
	known    differences
	mustHave bool // an unavailable engine is an error
}

// atOnce is the number of engines that run concurrently: moto, the slowest, is CPU-bound, and the
// others mostly wait.
const atOnce = 3

// all returns the results of all engines. It leaves out unavailable engines unless mustHave is set.
func (r runner) all(ctx context.Context, chosen []engine) ([]result, error) {
	results := make([]*result, len(chosen))
	runs, ctx := errgroup.WithContext(ctx)
	runs.SetLimit(atOnce)
	var printing sync.Mutex
	for i, e := range chosen {
		runs.Go(func() error {
			var log bytes.Buffer
			defer func() {
				printing.Lock()
				defer printing.Unlock()
				_, _ = log.WriteTo(r.out) // an error means that standard output is closed
			}()
			fmt.Fprintf(&log, "=== %s %s\n", e.name, e.version)
			got, err := r.engine(ctx, e, &log)
			if unavailable := (*unavailableError)(nil); errors.As(err, &unavailable) && !r.mustHave {
				fmt.Fprintf(&log, "skipped: %v\n", err)
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			results[i] = &got
			return nil
		})
	}
	if err := runs.Wait(); err != nil {
		return nil, err
	}
	var all []result
	for _, got := range results {
		if got != nil {
			all = append(all, *got)
		}
	}
	return all, nil
}

// engine starts an engine, runs every suite that it supports, and stops it.
func (r runner) engine(ctx context.Context, e engine, out io.Writer) (result, error) {
	running, err := e.start(ctx, r.cache)
	if err != nil {
		return result{}, err
	}
	got := result{engine: e, suites: make(map[string]outcome)}
	for _, s := range suites() {
		if e.name != embedded && !e.serves(s) {
			continue
		}
		if got.suites[s.name], err = r.suite(ctx, e, s, running.url, out); err != nil {
			err = fmt.Errorf("suite %s: %w", s.name, err)
			break
		}
	}
	return got, errors.Join(err, running.stop())
}

// suite runs one suite against an engine and prints the outcome.
func (r runner) suite(ctx context.Context, e engine, s suite, url string, out io.Writer) (outcome, error) {
	begin := time.Now()
	tests, err := s.run(ctx, e.environment(url))
	if err != nil {
		return outcome{}, err
	}
	o := r.known.sort(e.name, s.name, tests)
	fmt.Fprintf(out, "%-10s %s in %.0f s\n", s.name, o, time.Since(begin).Seconds())
	for _, name := range o.gone {
		fmt.Fprintf(out, "  a known difference without a failed test: %s\n", name)
	}
	return o, nil
}

// failures returns an error with each new failure and its output, because CI shows the end of a
// long log.
func failures(results []result) error {
	var failed []string
	for _, r := range results {
		for _, s := range suites() {
			o := r.suites[s.name]
			for _, name := range o.failed {
				failed = append(failed, fmt.Sprintf("%s, suite %s: %s\n%s", r.engine.name, s.name, name, indent(o.printed[name])))
			}
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d tests failed:\n%s", len(failed), strings.Join(failed, ""))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}
