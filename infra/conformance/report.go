package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// result is what one engine passed, by suite. A suite that it cannot serve is missing.
type result struct {
	engine engine
	suites map[string]outcome
}

// writeReport writes the table of engines and suites, and under it the reason for each difference that showed.
func writeReport(w io.Writer, results []result, known differences) {
	fmt.Fprint(w, "# What other engines pass\n\n"+
		"Written by `make conformance`, which runs our tests against programs that others wrote to play DynamoDB and SQS.\n"+
		"The table says which tests passed. A test that does not has a reason below; a failure without one fails the run.\n\n")
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
		fmt.Fprintf(w, "- **%s**: %s (`%s`)\n", s.name, s.what, strings.Join(s.packages, " "))
	}
	fmt.Fprint(w, "\nThe engines:\n\n")
	for _, r := range results {
		var services []string
		for _, s := range r.engine.services {
			services = append(services, string(s))
		}
		note := ""
		if r.engine.mixesUp {
			note = "; it mixes up requests that come at the same time, so DynamoDB is asked for one thing at a time"
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
