package dmstest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

// find returns the families of the ROs at a branch, requested in one call.
func (s Subject) find(t *testing.T, branch string, ns ...int) map[string]relatedro.Family {
	t.Helper()
	ros := make([]string, len(ns))
	for i, n := range ns {
		ros[i] = s.Number(n)
	}
	found, err := s.DMS.Families(t.Context(), s.Connection(branch), ros)
	if err != nil {
		t.Fatalf("Families: %v", err)
	}
	if len(found) != len(ros) {
		t.Errorf("%d families for %d numbers", len(found), len(ros))
	}
	return found
}

// expect compares a family with the wanted ROs and relations, such as "2 alternate".
func (s Subject) expect(t *testing.T, f relatedro.Family, want ...string) {
	t.Helper()
	if f.Failure != nil {
		t.Fatalf("family failed: %v", f.Failure)
	}
	for i, w := range want {
		var n int
		var relation string
		if _, err := fmt.Sscan(w, &n, &relation); err != nil {
			t.Fatal(err)
		}
		want[i] = s.Number(n) + " " + relation
	}
	var got []string
	for _, ro := range f.Related {
		got = append(got, ro.RO+" "+string(ro.Relation))
	}
	if !slices.Equal(got, want) {
		t.Errorf("related ROs are %q, want %q in this order", got, want)
	}
}

func families(t *testing.T, s Subject) {
	for n, want := range map[int][]string{
		1: {"2 alternate", "3 alternate", "4 descendant"},
		2: {"1 original", "3 sibling", "4 alternate"},
		3: {"1 original", "2 sibling", "4 descendant"},
		4: {"1 original", "2 original", "3 sibling"},
		5: nil,
	} {
		s.expect(t, s.find(t, "A", n)[s.Number(n)], want...)
	}
}

func severalAtOnce(t *testing.T, s Subject) {
	before := s.Queries()
	s.find(t, "A", 1)
	alone := s.Queries() - before
	found := s.find(t, "A", 1, 4, 5)
	together := s.Queries() - before - alone
	s.expect(t, found[s.Number(1)], "2 alternate", "3 alternate", "4 descendant")
	s.expect(t, found[s.Number(4)], "1 original", "2 original", "3 sibling")
	s.expect(t, found[s.Number(5)])
	if alone == 0 || together >= 3*alone {
		t.Errorf("%d queries for three numbers, %d for one", together, alone)
	}
}

// knownBefore checks that numbers from earlier families do not change the result.
func knownBefore(t *testing.T, s Subject) {
	for name, known := range map[string][]int{"right": {2, 3, 4}, "another family's": {5}, "gone": {98}} {
		numbers := make([]string, len(known))
		for i, n := range known {
			numbers[i] = s.Number(n)
		}
		found, err := s.DMS.Families(t.Context(), s.Connection("A"), []string{s.Number(1)}, numbers...)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %d families, %v", name, len(found), err)
		}
		s.expect(t, found[s.Number(1)], "2 alternate", "3 alternate", "4 descendant")
	}
}

func fields(t *testing.T, s Subject) {
	f := s.find(t, "A", 1)[s.Number(1)]
	own, warranty, internal := f.Own, f.Related[0], f.Related[1]
	if own.RO != s.Number(1) || own.MadeFrom != "" || own.Relation != "" || own.BillTo != "Acme Freight" ||
		own.Status != relatedro.ROInvoiced || own.InvoiceNumber != "88012" {
		t.Errorf("the RO itself: %+v", own)
	}
	if warranty.MadeFrom != s.Number(1) || warranty.BillTo != "Volvo Warranty" || !warranty.Warranty || warranty.Voided ||
		warranty.Status != relatedro.ROOpen {
		t.Errorf("the warranty RO: %+v", warranty)
	}
	if internal.Warranty || !internal.Voided {
		t.Errorf("the internal RO: %+v", internal)
	}
	if !warranty.FirstSeenAt.IsZero() || !warranty.GoneSince.IsZero() {
		t.Errorf("the DMS sets FirstSeenAt or GoneSince, which only a case knows: %+v", warranty)
	}
}

// otherSpellings checks that the family is under the requested number, while its numbers are
// spelled as the DMS writes them.
func otherSpellings(t *testing.T, s Subject) {
	if s.Spelled == nil {
		t.Skip("the DMS's numbers have only one spelling")
	}
	spelled := s.Spelled(1)
	if relatedro.CanonicalRO(spelled) != relatedro.CanonicalRO(s.Number(1)) {
		t.Fatalf("%s and %s are different numbers by the product's rule", spelled, s.Number(1))
	}
	found, err := s.DMS.Families(t.Context(), s.Connection("A"), []string{spelled})
	if err != nil {
		t.Fatal(err)
	}
	s.expect(t, found[spelled], "2 alternate", "3 alternate", "4 descendant")
	if own := found[spelled].Own.RO; own != s.Number(1) {
		t.Errorf("the RO itself is %s", own)
	}
}

func unknownAndImpossible(t *testing.T, s Subject) {
	const impossible = "1,2|3[EQ]"
	requested := []string{s.Number(99), impossible, s.Number(1)}
	found, err := s.DMS.Families(t.Context(), s.Connection("A"), requested)
	if err != nil {
		t.Fatal(err)
	}
	for _, ro := range requested[:2] {
		if f := found[ro].Failure; f == nil || f.Reason != relatedro.RONotFound {
			t.Errorf("%s: %v, want ro_not_found", ro, f)
		}
	}
	s.expect(t, found[s.Number(1)], "2 alternate", "3 alternate", "4 descendant")
}

func branches(t *testing.T, s Subject) {
	s.expect(t, s.find(t, "A", 6)[s.Number(6)])
	s.expect(t, s.find(t, "B", 6)[s.Number(6)], "7 alternate")
	if f := s.find(t, "B", 1)[s.Number(1)].Failure; f == nil || f.Reason != relatedro.RONotFound {
		t.Errorf("another branch's RO: %v, want ro_not_found", f)
	}
}

func ambiguous(t *testing.T, s Subject) {
	found := s.find(t, "", 6, 1)
	if f := found[s.Number(6)].Failure; f == nil || f.Reason != relatedro.AmbiguousBranch {
		t.Errorf("a number at two branches: %v, want ambiguous_branch", f)
	}
	s.expect(t, found[s.Number(1)], "2 alternate", "3 alternate", "4 descendant")
}

// expected checks the customers named by tasks. A number that was not requested, or could not be
// queried, has no entry.
func expected(t *testing.T, s Subject) {
	found := s.DMS.Expected(t.Context(), s.Connection("A"), []string{s.Number(5), s.Number(1)})
	named, ok := found[s.Number(5)]
	if len(named) != 1 || named[0].Name != "Paccar Warranty" || named[0].Tasks != 1 {
		t.Errorf("expected for the RO without relatives: %+v, %t", named, ok)
	}
	if named, ok := found[s.Number(1)]; len(named) > 0 || !ok || len(found) != 2 {
		t.Errorf("expected for an RO without such a task: %+v, %t, for %d numbers", named, ok, len(found))
	}
	if found := s.DMS.Expected(t.Context(), s.Foreign, []string{s.Number(5)}); len(found) > 0 {
		t.Errorf("expected at an account that is not open to us: %+v", found)
	}
}

func touched(t *testing.T, s Subject) {
	expect := func(since time.Time, world ...RO) {
		t.Helper()
		ros, whole, err := s.Feed.Touched(t.Context(), s.Connection("A"), since)
		if err != nil || !whole {
			t.Fatalf("Touched: %v, whole %t", err, whole)
		}
		var got, want []string
		for _, ro := range ros {
			got = append(got, fmt.Sprintf("%s made from %q %s", ro.RO, ro.MadeFrom, ro.Relation))
		}
		for _, ro := range world {
			original := ""
			if ro.MadeFrom != 0 {
				original = s.Number(ro.MadeFrom)
			}
			want = append(want, fmt.Sprintf("%s made from %q ", s.Number(ro.N), original))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("touched since %s: %q, want %q", since, got, want)
		}
	}
	atA := slices.DeleteFunc(world(), func(ro RO) bool { return ro.Branch != "A" })
	expect(Today.AddDate(0, 0, -1), atA...)
	added := RO{N: 8, MadeFrom: 5, Branch: "A"}
	s.Add(added)
	expect(Today.AddDate(0, 0, -1), append(atA, added)...)
	expect(Today.AddDate(1, 0, 0))
}

// asFailure returns the *Failure that every error of a DMS must be.
func asFailure(t *testing.T, err error) *relatedro.Failure {
	t.Helper()
	var f *relatedro.Failure
	if !errors.As(err, &f) {
		t.Fatalf("the error is not a *Failure: %v", err)
	}
	return f
}
