package karmak_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// Touched returns the ROs of the day and later, each once, in the fewest requests that the view's
// pages allow.
func TestTouched(t *testing.T) {
	for _, test := range []struct {
		touched, page, requests int
		whole                   bool
	}{
		{touched: 0, page: 500, requests: 1, whole: true},
		{touched: 99, page: 500, requests: 1, whole: true},
		{touched: 100, page: 500, requests: 2, whole: true},
		{touched: 499, page: 500, requests: 2, whole: true},
		{touched: 250, page: 100, requests: 3, whole: true},
		{touched: 2000, page: 100, requests: 20, whole: false},
	} {
		t.Run(fmt.Sprintf("%d of pages of %d", test.touched, test.page), func(t *testing.T) {
			var ros []karmaktest.RO
			for i := range test.touched {
				ros = append(ros, karmaktest.RO{Number: fmt.Sprint(1000 + i), Branch: "MAIN", LastUpdate: day(2026, 11, 24).Add(time.Hour)})
			}
			ros = append(ros,
				karmaktest.RO{Number: "1", Branch: "MAIN", LastUpdate: day(2026, 11, 23).Add(23 * time.Hour)},
				karmaktest.RO{Number: "2", Branch: "ELSEWHERE", LastUpdate: day(2026, 11, 24)})
			sim := dealer(t, karmaktest.Config{MaxPageSize: test.page}, ros...)
			got, whole, err := client(t, sim).Touched(t.Context(), atBranch("MAIN"), day(2026, 11, 24).Add(13*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != test.touched || whole != test.whole {
				t.Errorf("%d ROs, whole %t, want %d, %t", len(got), whole, test.touched, test.whole)
			}
			expectLookups(t, sim, test.requests)
			if slices.ContainsFunc(got, func(ro relatedro.RelatedRO) bool { return ro.RO == "1" || ro.RO == "2" }) {
				t.Error("the result has an RO of an earlier day or of another branch")
			}
		})
	}
}

// A dealer that fails costs one request.
func TestTouchedIsNotRetried(t *testing.T) {
	sim := dealer(t, karmaktest.Config{})
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.Offline})
	c := client(t, sim)
	if _, _, err := c.Touched(t.Context(), connection, day(2026, 11, 24)); err == nil {
		t.Fatal("no error for a dealer that is offline")
	}
	if n := sim.Counts().Total - sim.Counts().Calls[karmaktest.CallToken]; n != 1 {
		t.Errorf("%d requests after the token call, want 1", n)
	}
}
