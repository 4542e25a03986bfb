package karmak_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// data is an account's ROs in the form that the reference search below reads.
type data struct {
	ros      []karmaktest.RO
	byNumber map[string][]karmaktest.RO
	children map[string][]karmaktest.RO
}

func newData(ros []karmaktest.RO) data {
	d := data{ros: ros, byNumber: map[string][]karmaktest.RO{}, children: map[string][]karmaktest.RO{}}
	for _, ro := range ros {
		d.byNumber[ro.Number] = append(d.byNumber[ro.Number], ro)
		if ro.Original != "" {
			d.children[ro.Original] = append(d.children[ro.Original], ro)
		}
	}
	return d
}

func (d data) parent(n string) string {
	if rows := d.byNumber[n]; len(rows) > 0 && rows[0].Original != n {
		return rows[0].Original
	}
	return ""
}

// component returns every number connected to the number, including itself.
func (d data) component(number string) map[string]bool {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(n string) {
		if n == "" || seen[n] {
			return
		}
		seen[n] = true
		for _, row := range d.byNumber[n] {
			visit(row.Original)
		}
		for _, child := range d.children[n] {
			visit(child.Number)
		}
	}
	visit(number)
	return seen
}

// family returns the expected result of Families for a number that has a family.
func (d data) family(number string) map[string]relatedro.Relation {
	ancestors := map[string]bool{}
	for n := d.parent(number); n != "" && n != number && !ancestors[n]; n = d.parent(n) {
		ancestors[n] = true
	}
	found := map[string]relatedro.Relation{}
	for n := range d.component(number) {
		switch {
		case n == number:
		case ancestors[n]:
			found[n] = relatedro.Original
		case d.parent(n) == number:
			found[n] = relatedro.Alternate
		case ancestors[d.parent(n)]:
			found[n] = relatedro.Sibling
		default:
			found[n] = relatedro.Descendant
		}
	}
	return found
}

// pages returns the bound that Families documents for a list of rows.
func pages(rows, page int) int {
	if rows == 0 {
		return 1
	}
	return (rows+page-1)/page + 1
}

// cost returns the bound that Families documents at a branch, for lists that fit into one URL.
func (d data) cost(numbers []string, page int) int {
	count := func(rows []karmaktest.RO) (n int) {
		for _, row := range rows {
			n += 1 + row.Duplicates
		}
		return n
	}
	total := 0
	known, expanded, next := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, n := range numbers {
		next[n] = true
	}
	for len(next) > 0 {
		headerRows, spinoffRows, headers := 0, 0, 0
		found, made := map[string]bool{}, map[string]bool{}
		for n := range next {
			expanded[n] = true
			spinoffRows += count(d.children[n])
			for _, row := range d.children[n] {
				found[row.Number], made[row.Number] = true, true
			}
		}
		for n := range next {
			if !known[n] {
				known[n] = true
				headers++
				made[n] = true
				for _, row := range d.byNumber[n] {
					found[row.Original] = true
				}
			}
		}
		total += pages(spinoffRows, page)
		for n := range made { // the spinoffs are looked up together with the headers
			headerRows += count(d.byNumber[n])
			known[n] = true
		}
		if headers > 0 {
			total += pages(headerRows, page)
		}
		next = map[string]bool{}
		for n := range found {
			if n != "" && !expanded[n] {
				next[n] = true
			}
		}
	}
	return total
}

// drawROs draws a forest with circles, loops, rows shown several times and originals without a row.
// Numbers are unique if there is one branch.
func drawROs(t *rapid.T, branches []string) []karmaktest.RO {
	n := rapid.IntRange(1, 24).Draw(t, "ROs")
	number := func(label string) string { return fmt.Sprint(rapid.IntRange(1, n+2).Draw(t, label)) }
	var ros []karmaktest.RO
	for i := range n {
		ro := karmaktest.RO{
			Number:     fmt.Sprint(i + 1),
			Branch:     rapid.SampledFrom(branches).Draw(t, "branch"),
			Duplicates: rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 3}).Draw(t, "duplicates"),
		}
		if rapid.IntRange(0, 3).Draw(t, "is a spinoff") > 0 {
			ro.Original = number("original")
		}
		ros = append(ros, ro)
	}
	if len(branches) > 1 {
		for range rapid.IntRange(0, 3).Draw(t, "twins") {
			ro := karmaktest.RO{Number: number("twin"), Branch: rapid.SampledFrom(branches).Draw(t, "twin's branch")}
			if !slices.ContainsFunc(ros, func(o karmaktest.RO) bool { return o.Number == ro.Number && o.Branch == ro.Branch }) {
				ros = append(ros, ro)
			}
		}
	}
	return ros
}

// accounts adds an account to a simulator for every check.
type accounts struct {
	*karmaktest.Server
	added int
}

func (a *accounts) draw(t *rapid.T, ros []karmaktest.RO, pages ...int) (page int, connection relatedro.Connection) {
	page = rapid.SampledFrom(pages).Draw(t, "page maximum")
	a.added++
	connection = relatedro.Connection{Account: fmt.Sprintf("acct-%d", a.added+1), User: user}
	err := a.AddAccount(karmaktest.Account{
		ID: connection.Account, Users: []string{user}, ROs: ros, MaxPageSize: page, Rendering: drawRendering(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return page, connection
}

func drawRendering(t *rapid.T) karmaktest.Rendering {
	return karmaktest.Rendering{
		NoRows:   rapid.SampledFrom([]string{"guid", "array", "null", "empty", "204"}).Draw(t, "no rows"),
		Numbers:  rapid.SampledFrom([]string{"int", "string", "mixed", "number", "decimal"}).Draw(t, "numbers"),
		Booleans: rapid.SampledFrom([]string{"bool", "int", "minus", "decimal", "yn"}).Draw(t, "booleans"),
		Dates:    rapid.SampledFrom([]string{"zoneless", "rfc3339", "space", "day", "us", "us-time"}).Draw(t, "dates"),
		NoDate: rapid.SampledFrom([]string{"", "0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "9999-12-31"}).Draw(t,
			"no date"),
		Empty:         rapid.SampledFrom([]string{"null", "missing", "blank"}).Draw(t, "empty"),
		ByteOrderMark: rapid.Bool().Draw(t, "byte order mark"),
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func drawNumbers(t *rapid.T, ros []karmaktest.RO) []string {
	var numbers []string
	for _, ro := range ros {
		numbers = append(numbers, ro.Number)
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(numbers), 1, -1, rapid.ID[string]).Draw(t, "ROs at hand")
}

func relationsByNumber(t *rapid.T, f relatedro.Family) map[string]relatedro.Relation {
	found := map[string]relatedro.Relation{}
	for _, r := range f.Related {
		if _, twice := found[r.RO]; twice {
			t.Errorf("RO %s is listed twice", r.RO)
		}
		found[r.RO] = r.Relation
	}
	return found
}

func TestFamiliesIsAPlainSearchWithinItsCost(t *testing.T) {
	sim := accounts{Server: dealer(t, karmaktest.Config{})}
	rapid.Check(t, func(t *rapid.T) {
		ros := drawROs(t, []string{"MAIN"})
		numbers := drawNumbers(t, ros)
		page, connection := sim.draw(t, ros, 1, 2, 3, 10, 500)
		if rapid.Bool().Draw(t, "at the branch") {
			connection.Branch = "MAIN"
		}
		c := fresh(sim.Server)
		defer c.Close()
		found, err := c.Families(t.Context(), connection, numbers)
		if err != nil {
			t.Fatal(err)
		}
		d := newData(ros)
		for _, n := range numbers {
			if found[n].Failure != nil {
				t.Fatalf("RO %s: %v", n, found[n].Failure)
			}
			if diff := cmp.Diff(d.family(n), relationsByNumber(t, found[n])); diff != "" {
				t.Errorf("family of %s (-want +got):\n%s", n, diff)
			}
		}
		if bound, n := d.cost(numbers, page), sim.Counts().Accounts[connection.Account][karmaktest.CallHeaders]; n > bound &&
			(connection.Branch != "" || page == 500) {
			t.Errorf("%d look-ups, want at most %d", n, bound)
		}
	})
}

// The known numbers of a case may belong to this family, to another one, or to none. The result
// must be the same.
func TestKnownNumbersChangeNoFamily(t *testing.T) {
	sim := accounts{Server: dealer(t, karmaktest.Config{})}
	rapid.Check(t, func(t *rapid.T) {
		ros := drawROs(t, []string{"MAIN"})
		numbers := drawNumbers(t, ros)
		_, connection := sim.draw(t, ros, 1, 2, 10, 500)
		if rapid.Bool().Draw(t, "at the branch") {
			connection.Branch = "MAIN"
		}
		known := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(append(numbers, "NULL")), rapid.StringMatching(`[0-9A-Z-]{1,6}`)), 0,
			8).Draw(t, "known")
		c := fresh(sim.Server)
		defer c.Close()
		want, err := c.Families(t.Context(), connection, numbers)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Families(t.Context(), connection, numbers, known...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(relatedro.Failure{}, "Err")); diff != "" {
			t.Errorf("with %q known (-without +with):\n%s", known, diff)
		}
	})
}

// Without a branch, a family must fail if the given number exists at several branches. It must
// never be wrong if it holds no such number.
func TestFamiliesDistinguishesBranches(t *testing.T) {
	sim := accounts{Server: dealer(t, karmaktest.Config{})}
	rapid.Check(t, func(t *rapid.T) {
		ros := drawROs(t, []string{"MAIN", "EAST"})
		numbers := drawNumbers(t, ros)
		_, connection := sim.draw(t, ros, 100, 500)
		c := fresh(sim.Server)
		defer c.Close()
		found, err := c.Families(t.Context(), connection, numbers)
		if err != nil {
			t.Fatal(err)
		}
		d := newData(ros)
		for _, n := range numbers {
			ambiguous := found[n].Failure != nil && found[n].Failure.Reason == relatedro.AmbiguousBranch
			twins := slices.DeleteFunc(slices.Collect(maps.Keys(d.component(n))), func(m string) bool { return len(d.byNumber[m]) < 2 })
			switch {
			case len(d.byNumber[n]) > 1 && !ambiguous:
				t.Errorf("RO %s is at two branches: %v, want ambiguous_branch", n, found[n].Failure)
			case len(twins) > 0: // it may be seen or not
			case found[n].Failure != nil:
				t.Errorf("RO %s: %v", n, found[n].Failure)
			default:
				if diff := cmp.Diff(d.family(n), relationsByNumber(t, found[n])); diff != "" {
					t.Errorf("family of %s (-want +got):\n%s", n, diff)
				}
			}
		}
	})
}
