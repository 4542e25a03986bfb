// Command bench measures the product against references that it builds and runs at the same time,
// and writes infra/docs/performance.md.
//
//	go run ./infra/checks/bench          everything, about five minutes on two processors
//	go run ./infra/checks/bench -smoke   counts only, less than a minute; fails if one has grown
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == engines.Argument {
		exit(engines.Serve())
	}
	smoke := flag.Bool("smoke", false, "measure counts only, and fail if one is above its limit")
	root := flag.String("root", ".", "directory of the project")
	only := flag.String("only", "", "part of the names of the sections to run, separated by commas; nothing is written to infra/docs")
	cases := flag.Int("cases", 1_000_000, "cases of the largest table of the growth section; a million takes 5 GB of memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *smoke {
		exit(runSmoke(ctx))
	}
	exit(run(ctx, options{root: *root, only: *only, cases: *cases}))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// options holds the command-line flags.
type options struct {
	root  string
	only  string
	cases int
}

// bench is one run. The sections share its fields.
type bench struct {
	options
	binaries string // directory of the functions' and the references' binaries
}

// section is one named measurement.
type section struct {
	name string
	run  func(context.Context, *bench) (report.Section, error)
}

func sections() []section {
	return []section{
		{"cold start", coldStart},
		{"warm read", warmRead},
		{"batch retrieval", batchRetrieval},
		{"waits", waits},
		{"backlog", backlog},
		{"growth", growth},
	}
}

func (o options) wants(name string) bool {
	for part := range strings.SplitSeq(o.only, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func run(ctx context.Context, o options) error {
	r := report.Report{Command: "make bench", Begun: time.Now()}
	b := &bench{options: o}
	scratch, err := os.MkdirTemp("", "related-ro-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b.binaries = scratch
	for _, s := range sections() {
		if !o.wants(s.name) {
			continue
		}
		begin := time.Now()
		measured, err := s.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(os.Stderr, "%-16s %4.0f s\n", s.name, time.Since(begin).Seconds())
		r.Sections = append(r.Sections, measured)
	}
	r.Sections = append(r.Sections, gains())
	r.Took = time.Since(r.Begun)
	if o.only != "" {
		return r.Write(os.Stdout)
	}
	return writeFile(filepath.Join(o.root, "infra/docs/performance.md"), r.Write)
}

// writeFile replaces a file with the output of write. If write fails, the file stays unchanged.
func writeFile(path string, write func(io.Writer) error) error {
	var content bytes.Buffer
	if err := write(&content); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}
