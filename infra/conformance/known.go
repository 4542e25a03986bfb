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

// differences are the known ones of each engine, in the order of known.yaml.
type differences map[string][]difference

// difference is one way in which an engine is not as AWS is.
type difference struct {
	Suite  string
	Reason string
	// Tests fail for that reason. A name that ends in /* stands for all subtests.
	Tests []string
}

// covers says whether the name of a difference stands for a test.
func covers(name, test string) bool {
	parent, all := strings.CutSuffix(name, "*")
	return name == test || all && strings.HasPrefix(test, parent)
}

// readDifferences reads known.yaml and refuses what names no engine or suite, has no reason or names a test twice.
func readDifferences(text []byte) (differences, error) {
	var known differences
	if err := yaml.Unmarshal(text, &known); err != nil {
		return nil, fmt.Errorf("known.yaml: %w", err)
	}
	var problems []error
	for engine, list := range known {
		if !slices.Contains(engineNames(), engine) {
			problems = append(problems, fmt.Errorf("known.yaml: there is no engine %s", engine))
		}
		seen := make(map[string]bool)
		for _, d := range list {
			if !slices.ContainsFunc(suites(), func(s suite) bool { return s.name == d.Suite }) {
				problems = append(problems, fmt.Errorf("known.yaml: %s: there is no suite %q", engine, d.Suite))
			}
			if d.Reason == "" || len(d.Tests) == 0 {
				problems = append(problems, fmt.Errorf("known.yaml: %s: a difference needs a reason and tests", engine))
			}
			for _, name := range d.Tests {
				if seen[d.Suite+name] {
					problems = append(problems, fmt.Errorf("known.yaml: %s: %s is there twice", engine, name))
				}
				seen[d.Suite+name] = true
			}
		}
	}
	return known, errors.Join(problems...)
}

// outcome is how the tests of one suite ended with one engine.
type outcome struct {
	passed int
	// differ are the tests that failed by a known difference, failed those that failed for no reason that is known, and
	// gone the names in known.yaml that no failed test has. All are sorted.
	differ, failed, gone []string
	printed              map[string]string // by those that failed
}

// cell is the outcome in the report. It has no number of tests that passed, which changes with every new test.
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

// String says it in numbers.
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

// sort tells the known failures from the others.
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
