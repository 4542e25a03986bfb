package karmak

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/relatedro"
)

const base = "https://api.karmak.io"

func TestQueryURL(t *testing.T) {
	q := query{kind: CallSpinoffs, column: originColumn, numbers: []string{"50123", "A-7"}, branch: "Main & East", size: 500}
	got := q.url(base+unityViews, 3)
	if strings.ContainsAny(got, "+|[] ") {
		t.Errorf("URL %s is not fully encoded", got)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/api/unity/v1/unityapi/frw/RepairOrderHeader"; u.Path != want {
		t.Errorf("path %s, want %s", u.Path, want)
	}
	for name, want := range map[string]string{
		"filter":   "OriginalRONumber[IN]50123|A-7,Branch[EQ]Main & East",
		"page":     "3",
		"pagesize": "500",
	} {
		if got := u.Query()[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q once", name, got, want)
		}
	}
	if u.Query().Has("sort") || !strings.HasPrefix(u.Query().Get("select"), "RONumber,") {
		t.Errorf("URL %s has sort, or lacks select", got)
	}
}

func TestQueryIsCutToTheLengthOfAURL(t *testing.T) {
	for _, test := range []struct {
		name   string
		number func(int) string
		branch string
		count  int
	}{
		{"one", func(int) string { return "50123" }, "", 1},
		{"five digits", func(i int) string { return fmt.Sprint(50000 + i) }, "", 1000},
		{"longest", func(i int) string { return strings.Repeat("Z", relatedro.MaxROLength-3) + fmt.Sprint(100+i) }, "", 300},
		{"longest, dearest branch", func(i int) string { return strings.Repeat("Z", relatedro.MaxROLength-3) + fmt.Sprint(100+i) },
			strings.Repeat("&", maxBranch), 300},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := query{column: originColumn, branch: test.branch, size: pageSize}
			for i := range test.count {
				q.numbers = append(q.numbers, test.number(i))
			}
			var all []string
			for _, part := range q.cut(base) {
				if n := len(part.url(base+unityViews, 99_999)); n > 2000 {
					t.Errorf("a URL has %d characters", n)
				}
				all = append(all, part.numbers...)
			}
			if !slices.Equal(all, q.numbers) {
				t.Errorf("the parts hold %d numbers, want all %d in order", len(all), len(q.numbers))
			}
		})
	}
}

func TestQueryIsCutAsLittleAsPossible(t *testing.T) {
	q := query{column: originColumn, size: 500}
	for i := range 1000 {
		q.numbers = append(q.numbers, fmt.Sprint(50000+i))
	}
	parts := q.cut(base)
	for _, part := range parts[:len(parts)-1] {
		if n := len(part.url(base+unityViews, 1)); n < 1980 {
			t.Errorf("a URL before the last one has only %d characters", n)
		}
	}
}

func TestAskable(t *testing.T) {
	for number, want := range map[string]bool{
		"50123": true, "A-7": true, strings.Repeat("1", 32): true,
		"": false, "1,2": false, "1|2": false, "1[2": false, "1]2": false, "1 2": false, "NULL": false, "null": false,
		strings.Repeat("1", 33): false, "é": false, "1\n": false,
	} {
		if got := askable(number); got != want {
			t.Errorf("askable(%q) = %t, want the opposite", number, got)
		}
	}
	for branch, want := range map[string]bool{
		"": true, "MAIN": true, "Main St. & 5th": true, "A=B": true,
		"A,B": false, "A|B": false, "A[": false, "A]": false, "NULL": false, " A": false, "A\n": false,
		strings.Repeat("A", maxBranch+1): false,
	} {
		if got := branchAskable(branch); got != want {
			t.Errorf("branchAskable(%q) = %t, want the opposite", branch, got)
		}
	}
}

func TestIsInteger(t *testing.T) {
	for number, want := range map[string]bool{
		"50123": true, "0050123": true, "2147483647": true, "2147483648": false, "10000000000": false, "R50123": false, "-5": false,
		"": false,
	} {
		if got := isInteger(number); got != want {
			t.Errorf("isInteger(%q) = %t, want the opposite", number, got)
		}
	}
}

// A filter must decode to the numbers and branch that were encoded.
func FuzzFilter(f *testing.F) {
	f.Fuzz(func(t *testing.T, first, second, branch string) {
		q := query{column: originColumn, size: 500}
		for _, n := range []string{first, second} {
			if askable(n) {
				q.numbers = append(q.numbers, n)
			}
		}
		if branchAskable(branch) {
			q.branch = branch
		}
		for _, part := range q.cut(base) {
			raw := part.url(base+unityViews, 1)
			if len(raw) > 2000 {
				t.Errorf("the URL has %d characters", len(raw))
			}
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			values, err := url.ParseQuery(u.RawQuery)
			if err != nil || u.Fragment != "" || len(values) != 4 || len(values["filter"]) != 1 {
				t.Fatalf("query %q: %v", u.RawQuery, err)
			}
			terms := strings.Split(values.Get("filter"), ",")
			numbers := strings.Split(strings.TrimPrefix(terms[0], "OriginalRONumber[IN]"), "|")
			if !slices.Equal(numbers, part.numbers) {
				t.Errorf("numbers %q decode as %q", part.numbers, numbers)
			}
			if q.branch == "" && len(terms) == 1 || len(terms) == 2 && terms[1] == "Branch[EQ]"+q.branch {
				continue
			}
			t.Errorf("branch %q decodes as %q", q.branch, terms[1:])
		}
	})
}
