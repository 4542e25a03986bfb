package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeTests(t *testing.T) {
	const output = `{"Action":"run","Test":"TestA"}
{"Action":"output","Test":"TestA/one","Output":"why\n"}
{"Action":"fail","Test":"TestA/one"}
{"Action":"pass","Test":"TestA/two"}
{"Action":"fail","Test":"TestA"}
{"Action":"pass","Test":"TestB/one/deep"}
{"Action":"pass","Test":"TestB/one"}
{"Action":"pass","Test":"TestB"}
{"Action":"pass","Test":"TestC/one"}
{"Action":"fail","Test":"TestC"}
{"Action":"output","Output":"FAIL\n"}
{"Action":"fail"}
`
	tests, rest, err := decodeTests(strings.NewReader(output))
	if err != nil || rest != "FAIL\n" {
		t.Errorf("rest %q, error %v", rest, err)
	}
	want := map[string]test{
		"TestA/one": {output: "why\n"}, "TestA/two": {passed: true},
		"TestB/one/deep": {passed: true},
		"TestC/one":      {passed: true}, "TestC": {}, // failed although its subtest passed
	}
	if diff := cmp.Diff(want, tests, cmp.AllowUnexported(test{})); diff != "" {
		t.Errorf("tests (-want +got):\n%s", diff)
	}
}

func TestDecodeTestsRejectsOtherOutput(t *testing.T) {
	if _, _, err := decodeTests(strings.NewReader("no JSON")); err == nil {
		t.Error("no error")
	}
}

func TestSortSeparatesKnownFromNew(t *testing.T) {
	known := differences{"moto": {
		{Suite: "queue", Reason: "one", Tests: []string{"TestA", "TestB/*", "TestGone", "TestGone/*"}},
		{Suite: "store", Reason: "another suite's", Tests: []string{"TestNew"}},
	}}
	got := known.sort("moto", "queue", map[string]test{
		"TestA": {}, "TestB/one": {}, "TestB/two": {passed: true}, "TestBelow": {}, "TestNew": {output: "why"}, "TestGone": {passed: true},
	})
	want := outcome{
		passed: 2, differ: []string{"TestA", "TestB/one"}, failed: []string{"TestBelow", "TestNew"},
		gone:    []string{"TestGone", "TestGone/*"},
		printed: map[string]string{"TestBelow": "", "TestNew": "why"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestReadDifferences(t *testing.T) {
	if _, err := readDifferences(knownYAML); err != nil {
		t.Errorf("known.yaml itself: %v", err)
	}
	for name, text := range map[string]string{
		"no such engine":  "goaws: [{suite: queue, reason: r, tests: [TestA]}]",
		"no such suite":   "moto: [{suite: other, reason: r, tests: [TestA]}]",
		"no reason":       "moto: [{suite: queue, tests: [TestA]}]",
		"no tests":        "moto: [{suite: queue, reason: r}]",
		"same test twice": "moto: [{suite: queue, reason: r, tests: [TestA, TestA]}]",
		"no YAML":         "moto: [",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readDifferences([]byte(text)); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) != len(engines()) {
		t.Errorf("%d engines for an empty list of names, error %v", len(all), err)
	}
	some, err := choose(" elasticmq  moto ")
	if err != nil || len(some) != 2 || some[0].name != "elasticmq" || some[1].name != "moto" {
		t.Errorf("got %v, %v", some, err)
	}
	if _, err := choose("goaws"); err == nil || !strings.Contains(err.Error(), "dynamodb-local") {
		t.Errorf("error %v must list the engines", err)
	}
}

func TestReportShowsReasonsOfDifferences(t *testing.T) {
	known := differences{"moto": {
		{Suite: "queue", Reason: "it is so", Tests: []string{"TestA", "TestGone"}},
		{Suite: "queue", Reason: "it was so", Tests: []string{"TestGone2"}},
	}}
	moto := engines()[slices.Index(engineNames(), "moto")]
	var out bytes.Buffer
	writeReport(&out, []result{{engine: moto, suites: map[string]outcome{
		"queue": {passed: 3, differ: []string{"TestA"}, gone: []string{"TestGone", "TestGone2"}},
	}}}, known)
	for _, part := range []string{"| moto 5.2.5 | – | – | all but 1 | – | – |", "from PyPI moto[server]; it does not isolate",
		"## Where moto differs", "- it is so (queue: `TestA`)"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the report does not contain %q:\n%s", part, out.String())
		}
	}
	if strings.Contains(out.String(), "it was so") {
		t.Error("the report lists a difference without a failed test")
	}
}

func TestCellCountsFailures(t *testing.T) {
	for want, o := range map[string]outcome{
		"all": {passed: 3}, "all but 2": {differ: []string{"TestA", "TestB"}},
		"all but 3, 1 of them NEW": {differ: []string{"TestA", "TestB"}, failed: []string{"TestC"}},
	} {
		if got := o.cell(); got != want {
			t.Errorf("%+v is %q, want %q", o, got, want)
		}
	}
}

func TestFailuresNameTheTestAndItsOutput(t *testing.T) {
	known := differences{"moto": {{Suite: "queue", Reason: "it is so", Tests: []string{"TestA"}}}}
	moto := engine{name: "moto"}
	results := func(tests map[string]test) []result {
		return []result{{moto, map[string]outcome{"queue": known.sort("moto", "queue", tests)}}}
	}
	if err := failures(results(map[string]test{"TestA": {output: "no reason\n"}})); err != nil {
		t.Errorf("known differences: %v", err)
	}
	err := failures(results(map[string]test{"TestA": {}, "TestB/one": {output: "why\nand how\n"}, "TestC": {passed: true, output: "fine"}}))
	want := "1 tests failed:\nmoto, suite queue: TestB/one\n    why\n    and how\n"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
