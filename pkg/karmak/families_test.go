package karmak_test

import (
	"fmt"
	"slices"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// expectFamily compares the family of an RO with the wanted lines of "number relation".
func expectFamily(t testing.TB, found map[string]relatedro.Family, ro string, want ...string) {
	t.Helper()
	var got []string
	for _, r := range found[ro].Related {
		got = append(got, r.RO+" "+string(r.Relation))
	}
	if found[ro].Failure != nil || !slices.Equal(got, want) {
		t.Errorf("RO %s: %v, %q, want %q", ro, found[ro].Failure, got, want)
	}
}

// expectFailure checks that the family of an RO failed for the reason.
func expectFailure(t testing.TB, found map[string]relatedro.Family, ro string, want relatedro.Reason) {
	t.Helper()
	if f := found[ro].Failure; f == nil || f.Reason != want {
		t.Errorf("RO %s: %v, want %s", ro, f, want)
	}
}

func expectLookups(t testing.TB, sim *karmaktest.Server, want int) {
	t.Helper()
	if n := sim.Counts().Lookups(); n != want {
		t.Errorf("%d look-ups, want %d", n, want)
	}
}

func expectAtMost(t testing.TB, sim *karmaktest.Server, lookups int) {
	t.Helper()
	if n := sim.Counts().Lookups(); n > lookups {
		t.Errorf("%d look-ups, want at most %d", n, lookups)
	}
}

// threeLevels returns a family three levels deep.
func threeLevels() []karmaktest.RO {
	return []karmaktest.RO{
		{Number: "100", Branch: "MAIN"},
		{Number: "110", Branch: "MAIN", Original: "100"},
		{Number: "120", Branch: "MAIN", Original: "100"},
		{Number: "111", Branch: "MAIN", Original: "110"},
		{Number: "1111", Branch: "MAIN", Original: "111"},
		{Number: "121", Branch: "MAIN", Original: "120"},
		{Number: "900", Branch: "MAIN"},
	}
}

func TestFamiliesRelations(t *testing.T) {
	for _, test := range []struct {
		name, ro string
		want     []string
	}{
		{"from the first", "100", []string{"110 alternate", "111 descendant", "120 alternate", "121 descendant", "1111 descendant"}},
		{"from a spinoff", "110", []string{"100 original", "111 alternate", "120 sibling", "121 descendant", "1111 descendant"}},
		{"from a spinoff's spinoff", "111", []string{"100 original", "110 original", "120 sibling", "121 descendant", "1111 alternate"}},
		{"from the last", "1111", []string{"100 original", "110 original", "111 original", "120 sibling", "121 descendant"}},
		{"alone", "900", []string{}},
	} {
		for _, page := range []int{1, 2, 3, 500} {
			t.Run(fmt.Sprintf("%s/page of %d", test.name, page), func(t *testing.T) {
				c := client(t, dealer(t, karmaktest.Config{MaxPageSize: page}, threeLevels()...))
				for _, connection := range []relatedro.Connection{connection, atBranch("MAIN")} {
					expectFamily(t, families(t, c, connection, test.ro), test.ro, test.want...)
				}
			})
		}
	}
}

func TestFamiliesHasEveryNumberAsked(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{}, threeLevels()...))
	got := families(t, c, connection, "100", "1111", "404", "1,2", "100")
	if len(got) != 4 {
		t.Errorf("got %d families, want 4", len(got))
	}
	for _, ro := range []string{"404", "1,2"} {
		expectFailure(t, got, ro, relatedro.RONotFound)
	}
	if n := len(got["1111"].Related); n != 5 {
		t.Errorf("1111 has %d related ROs, want 5", n)
	}
}

// forest returns n ROs with some spinoffs each, and the numbers of the n.
func forest(n, spinoffs int) (ros []karmaktest.RO, numbers []string) {
	for i := range n {
		number := fmt.Sprint(50000 + i*10)
		numbers = append(numbers, number)
		ros = append(ros, karmaktest.RO{Number: number, Branch: "MAIN"})
		for j := range spinoffs {
			ros = append(ros, karmaktest.RO{Number: fmt.Sprint(50001 + i*10 + j), Branch: "MAIN", Original: number})
		}
	}
	return slices.Clip(ros), numbers
}
