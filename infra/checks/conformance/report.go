package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// result holds one engine's outcomes by suite. Suites that the engine does not support are missing.
type result struct {
	engine engine
	suites map[string]outcome
}

// writeReport writes the table of engines and suites, followed by the reason for each difference
// that occurred.
func writeReport(w io.Writer, results []result, known differences) {
	fmt.Fprint(w, "# Conformance of other engines\n\n"+
		"Written by `make conformance`, which runs our tests against third-party emulators of DynamoDB and SQS.\n"+
		"The table shows which tests passed. Each failed test has a reason below; a failure without a reason fails the run.\n\n")
	header, rule := "| engine |", "| --- |"
	for _, s := range suites() {
		header += " " + s.name + " |"
		rule += " --- |"
	}
	fmt.Fprintf(w, "%s\n%s\n", header, rule)
	for _, r := range results {
		fmt.Fprintf(w, "| %s |", strings.TrimSpace(r.engine.name+" "+r.engine.version))
		for _, s := range suites() {
			cell := "–"
			if o, ok := r.suites[s.name]; ok {
				cell = o.cell()
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nThe suites:\n\n")
	for _, s := range suites() {
		fmt.Fprintf(w, "- **%s**: %s (`%s`)\n", s.name, s.subject, strings.Join(s.packages, " "))
	}
	fmt.Fprint(w, "\nThe engines:\n\n")
	for _, r := range results {
		var services []string
		for _, s := range r.engine.services {
			services = append(services, string(s))
		}
		note := ""
		if r.engine.mixesUp {
			note = "; it does not isolate concurrent requests, so DynamoDB requests are sent one at a time"
		}
		fmt.Fprintf(w, "- **%s**: %s, from %s%s\n", r.engine.name, strings.Join(services, " and "), r.engine.origin, note)
	}
	for _, r := range results {
		writeDifferences(w, r, known[r.engine.name])
	}
}

func writeDifferences(w io.Writer, r result, known []difference) {
	heading := "\n## Where " + r.engine.name + " differs\n\n"
	for _, d := range known {
		shown := slices.DeleteFunc(slices.Clone(d.Tests), func(name string) bool {
			return slices.Contains(r.suites[d.Suite].gone, name)
		})
		if len(shown) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s- %s (%s: `%s`)\n", heading, d.Reason, d.Suite, strings.Join(shown, "`, `"))
		heading = ""
	}
}
