// Package report writes the measurements of a run as Markdown.
package report

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// Report holds the results of one run.
type Report struct {
	Command  string
	Begun    time.Time
	Took     time.Duration
	Sections []Section
}

// Section describes one measurement.
type Section struct {
	Title  string
	Text   string // the method, and how to read the figures
	Goals  []Goal
	Tables []Table
	Notes  string // conclusions
}

// Table has column headings and rows with one cell per column.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Goal is a figure that should not exceed a limit.
type Goal struct {
	What         string
	Value, Limit float64
	Unit         string // "×", "MB", "round trips", …
}

// Holds reports whether the figure is within the limit.
func (g Goal) Holds() bool { return g.Value <= g.Limit }

// Write writes the report as a Markdown page.
func (r Report) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "# Performance\n\n")
	fmt.Fprintf(b, "Written by `%s` on %s in %.0f s; do not edit. Every figure comes from that one run\n",
		r.Command, r.Begun.UTC().Format("2006-01-02 15:04 UTC"), r.Took.Seconds())
	fmt.Fprint(b, "and was measured alternately with its reference, so that the ratios hold although the machine's speed\ndrifts. ")
	fmt.Fprint(b, "`go run ./infra/checks/bench -only \"cold start\"` prints one section without changing this page.\n\n")
	fmt.Fprintf(b, "Machine: %s.\n\n", machine())

	fmt.Fprint(b, "## Goals\n\n")
	goals := Table{Columns: []string{"goal", "at most", "measured", "met"}}
	for _, s := range r.Sections {
		for _, g := range s.Goals {
			held := "yes"
			if !g.Holds() {
				held = "**no**"
			}
			// One digit more than the limit, so that a near miss shows.
			measured := fmt.Sprintf("%.4g", g.Value)
			goals.Add(g.What, Number(g.Limit)+" "+g.Unit, measured+" "+g.Unit, held)
		}
	}
	goals.write(b)
	for _, s := range r.Sections {
		fmt.Fprintf(b, "\n## %s\n\n%s\n", s.Title, strings.TrimSpace(s.Text))
		for _, t := range s.Tables {
			b.WriteByte('\n')
			t.write(b)
		}
		if s.Notes != "" {
			fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(s.Notes))
		}
	}
	return b.Flush()
}

func (t Table) write(b *bufio.Writer) {
	row := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	row(t.Columns)
	b.WriteByte('|')
	for i := range t.Columns {
		if i == 0 {
			b.WriteString(" --- |")
		} else {
			b.WriteString(" ---: |")
		}
	}
	b.WriteByte('\n')
	for _, cells := range t.Rows {
		row(cells)
	}
}

// Number formats a figure with two to four significant digits.
func Number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	case f >= 0.1 || f == 0:
		return fmt.Sprintf("%.2f", f)
	}
	return fmt.Sprintf("%.2g", f)
}

// Milliseconds formats a duration in milliseconds, without the unit.
func Milliseconds(d time.Duration) string { return Number(d.Seconds() * 1000) }

// Ratio formats a divided by b as "n ×".
func Ratio(a, b time.Duration) string { return Number(a.Seconds()/b.Seconds()) + " ×" }

// machine describes the machine of the run: processors, system and Go version.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s/%s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
