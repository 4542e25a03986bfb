package karmak_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// data is an account's ROs as the plain search below reads them.
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

// component returns everything that hangs together with the number, itself included.
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

// family is what Families must return for a number that has one.
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

// pages is the bound that Families documents for a list of rows.
func pages(rows, page int) int {
	n := rows/page + 1
	if 0 < rows && rows < page {
		n++
	}
	return n
}

// cost is the bound that Families documents, for lists that fit into one URL.
func (d data) cost(numbers []string, page int) int {
	count := func(rows []karmaktest.RO) (n int) {
		for _, row := range rows {
			n += 1 + row.Duplicates
		}
		return n
	}
	total := 0
	known, headed, expanded := map[string]bool{}, map[string]bool{}, map[string]bool{}
	next := map[string]bool{}
	for _, n := range numbers {
		next[n] = true
	}
	for len(next) > 0 {
		headerRows, spinoffRows, headers := 0, 0, 0
		found := map[string]bool{}
		for n := range next {
			if !known[n] && !headed[n] {
				headed[n] = true
				headers++
				headerRows += count(d.byNumber[n])
				for _, row := range d.byNumber[n] {
					found[row.Original] = true
				}
			}
			spinoffRows += count(d.children[n])
			for _, row := range d.children[n] {
				found[row.Number] = true
			}
			expanded[n] = true
		}
		if headers > 0 {
			total += pages(headerRows, page)
		}
		total += pages(spinoffRows, page)
		for n := range next { // rows of spinoffs are known without asking
			for _, row := range d.children[n] {
				known[row.Number] = true
				found[row.Original] = true
			}
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

// drawROs draws a forest with circles, loops, rows shown several times and originals
// that are not there. Numbers are unique unless there are several branches.
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

// simulators serves each page maximum; every check adds an account of its own.
type simulators struct {
	byPage map[int]*karmaktest.Server
	used   int
}

func newSimulators(t *testing.T) *simulators {
	s := &simulators{byPage: map[int]*karmaktest.Server{}}
	for _, page := range []int{1, 2, 3, 10, 500} {
		s.byPage[page] = dealer(t, karmaktest.Config{MaxPageSize: page})
	}
	return s
}

func (s *simulators) draw(t *rapid.T, ros []karmaktest.RO) (*karmaktest.Server, int, relatedro.Connection) {
	page := rapid.SampledFrom([]int{1, 2, 3, 10, 500}).Draw(t, "page maximum")
	s.used++
	over := relatedro.Connection{Account: fmt.Sprintf("acct-%d", s.used+1), User: user}
	err := s.byPage[page].AddAccount(karmaktest.Account{
		ID: over.Account, Users: []string{user}, ROs: ros,
		Rendering: karmaktest.Rendering{
			Numbers:  rapid.SampledFrom([]string{"number", "string", "mixed"}).Draw(t, "numbers"),
			Booleans: rapid.SampledFrom([]string{"bool", "int", "yn"}).Draw(t, "booleans"),
			Empty:    rapid.SampledFrom([]string{"null", "missing", "blank"}).Draw(t, "empty"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.byPage[page], page, over
}

func drawNumbers(t *rapid.T, ros []karmaktest.RO) []string {
	var numbers []string
	for _, ro := range ros {
		numbers = append(numbers, ro.Number)
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(numbers), 1, -1, rapid.ID[string]).Draw(t, "ROs at hand")
}

// paged is what a list cost and brought.
type paged struct{ lookups, rows int }

// lists returns the account's look-ups by list: by URL without the page.
func lists(sim *karmaktest.Server, account string) map[string]paged {
	found := map[string]paged{}
	for _, r := range sim.Requests() {
		if r.Account == account && r.Call == karmaktest.CallHeaders {
			list, _, _ := strings.Cut(r.URL, "&page=")
			had := found[list]
			found[list] = paged{had.lookups + 1, had.rows + r.Rows}
		}
	}
	return found
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
	sims := newSimulators(t)
	rapid.Check(t, func(t *rapid.T) {
		ros := drawROs(t, []string{"MAIN"})
		numbers := drawNumbers(t, ros)
		sim, page, over := sims.draw(t, ros)
		if rapid.Bool().Draw(t, "at the branch") {
			over.Branch = "MAIN"
		}
		c := fresh(sim)
		defer c.Close()
		found, err := c.Families(t.Context(), over, numbers)
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
		lookups := 0
		for list, had := range lists(sim, over.Account) {
			lookups += had.lookups
			if most := pages(had.rows, page); had.lookups > most {
				t.Errorf("%d look-ups for the %d rows of %s, want at most %d", had.lookups, had.rows, list, most)
			}
		}
		if counted := sim.Counts().Accounts[over.Account][karmaktest.CallHeaders]; lookups != counted {
			t.Fatalf("%d look-ups recorded, %d counted", lookups, counted)
		}
		// At 10 a number may be put off, and then be a step late, which cost does not
		// follow.
		if most := d.cost(numbers, page); lookups > most && page != 10 {
			t.Errorf("%d look-ups, want at most %d", lookups, most)
		}
	})
}

// Without a branch, a family with a number of several branches must fail where the
// number is the one at hand, and must never be wrong where it holds no such number.
func TestFamiliesTellsBranchesApart(t *testing.T) {
	sims := newSimulators(t)
	rapid.Check(t, func(t *rapid.T) {
		ros := drawROs(t, []string{"MAIN", "EAST"})
		numbers := drawNumbers(t, ros)
		sim, _, over := sims.draw(t, ros)
		c := fresh(sim)
		defer c.Close()
		found, err := c.Families(t.Context(), over, numbers)
		if err != nil {
			t.Fatal(err)
		}
		d := newData(ros)
		for _, n := range numbers {
			ambiguous := found[n].Failure != nil && found[n].Failure.Reason == relatedro.AmbiguousBranch
			twins := slices.DeleteFunc(slices.Collect(maps.Keys(d.component(n))), func(m string) bool { return len(d.byNumber[m]) < 2 })
			switch {
			case len(d.byNumber[n]) > 1 && !ambiguous:
				t.Errorf("RO %s is at two branches, but did not fail as such: %v", n, found[n].Failure)
			case len(twins) > 0: // may be seen or not
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
