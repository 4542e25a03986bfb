package main

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed known.yaml
var knownYAML []byte

// differences are the known differences of each engine, in the order of known.yaml.
type differences map[string][]difference

// difference is one deviation of an engine from AWS.
type difference struct {
	Suite  string
	Reason string
	// Tests are the tests that fail for this reason. A name that ends in /* covers all subtests.
	Tests []string
}

// covers reports whether a name in a difference covers the test.
func covers(name, test string) bool {
	parent, all := strings.CutSuffix(name, "*")
	return name == test || all && strings.HasPrefix(test, parent)
}

// readDifferences parses known.yaml and rejects an unknown engine or suite, a missing reason, and a
// test listed twice.
func readDifferences(text []byte) (differences, error) {
	var known differences
	if err := yaml.Unmarshal(text, &known); err != nil {
		return nil, fmt.Errorf("known.yaml: %w", err)
	}
	var problems []error
	for engine, list := range known {
		if !slices.Contains(engineNames(), engine) {
			problems = append(problems, fmt.Errorf("known.yaml: no engine %s", engine))
		}
		seen := make(map[string]bool)
		for _, d := range list {
			if !slices.ContainsFunc(suites(), func(s suite) bool { return s.name == d.Suite }) {
				problems = append(problems, fmt.Errorf("known.yaml: %s: no suite %q", engine, d.Suite))
			}
			if d.Reason == "" || len(d.Tests) == 0 {
				problems = append(problems, fmt.Errorf("known.yaml: %s: a difference needs a reason and tests", engine))
			}
			for _, name := range d.Tests {
				if seen[d.Suite+name] {
					problems = append(problems, fmt.Errorf("known.yaml: %s: %s is listed twice", engine, name))
				}
				seen[d.Suite+name] = true
			}
		}
	}
	return known, errors.Join(problems...)
}

// outcome is the result of one suite with one engine.
type outcome struct {
	passed int
	// differ lists the tests that failed because of a known difference; failed lists all other
	// failed tests; gone lists the names in known.yaml that cover no failed test. All are sorted.
	differ, failed, gone []string
	printed              map[string]string // output of the failed tests, by name
}

// cell returns the outcome for the report's table. It omits the number of passed tests, which
// changes with every new test.
func (o outcome) cell() string {
	switch bad := len(o.differ) + len(o.failed); {
	case bad == 0:
		return "all"
	case len(o.failed) == 0:
		return fmt.Sprintf("all but %d", bad)
	default:
		return fmt.Sprintf("all but %d, %d of them NEW", bad, len(o.failed))
	}
}

// String returns the outcome in numbers.
func (o outcome) String() string {
	parts := []string{fmt.Sprintf("%d passed", o.passed)}
	if len(o.differ) > 0 {
		parts = append(parts, fmt.Sprintf("%d differ", len(o.differ)))
	}
	if len(o.failed) > 0 {
		parts = append(parts, fmt.Sprintf("%d FAILED", len(o.failed)))
	}
	return strings.Join(parts, ", ")
}

// sort separates known failures from new ones.
func (d differences) sort(engine, suite string, tests map[string]test) outcome {
	var known []string
	for _, difference := range d[engine] {
		if difference.Suite == suite {
			known = append(known, difference.Tests...)
		}
	}
	o := outcome{printed: make(map[string]string)}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		isKnown := slices.ContainsFunc(known, func(k string) bool { return covers(k, name) })
		switch {
		case tests[name].passed:
			o.passed++
		case isKnown:
			o.differ = append(o.differ, name)
		default:
			o.failed = append(o.failed, name)
			o.printed[name] = tests[name].output
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(o.differ, func(name string) bool { return covers(k, name) }) {
			o.gone = append(o.gone, k)
		}
	}
	slices.Sort(o.gone)
	return o
}
