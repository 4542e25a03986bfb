package karmak_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// failed returns the numbers that failed for the reason. It reports an error for a failure with
// another reason, and for a family without the wanted number of related ROs.
func failed(t *testing.T, found map[string]relatedro.Family, related int, reason relatedro.Reason) []string {
	t.Helper()
	var numbers []string
	for ro, f := range found {
		switch {
		case f.Failure != nil && f.Failure.Reason == reason:
			numbers = append(numbers, ro)
		case f.Failure != nil:
			t.Errorf("RO %s: %v", ro, f.Failure)
		case len(f.Related) != related:
			t.Errorf("RO %s has %d related ROs, want %d", ro, len(f.Related), related)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func TestOnlyTheBrokenNumberFails(t *testing.T) {
	ros, numbers := forest(50, 1)
	for _, fault := range []karmaktest.Fault{
		{Kind: karmaktest.StatusError, Status: 400},
		{Kind: karmaktest.StatusError, Status: 408},
		{Kind: karmaktest.StatusError, Status: 500},
		{Kind: karmaktest.StatusError, Status: 515},
		{Kind: karmaktest.HTML},
		{Kind: karmaktest.NotOnlyGUID},
	} {
		for _, broken := range [][]int{{0}, {17}, {49}, {3, 40}, {24, 25}} {
			t.Run(fmt.Sprint(fault.Kind, fault.Status, broken), func(t *testing.T) {
				t.Parallel()
				sim := dealer(t, karmaktest.Config{}, ros...)
				want := relatedro.UnexpectedAnswer
				if fault.Kind == karmaktest.StatusError && fault.Status != 400 {
					want = relatedro.DMSError
				}
				var wrong []string
				for _, i := range broken {
					fault := fault
					fault.RO = numbers[i]
					strike(t, sim, fault)
					wrong = append(wrong, numbers[i])
				}
				// The status wrongly reports the server offline.
				strike(t, sim, karmaktest.Fault{Kind: karmaktest.Offline, Call: karmaktest.CallStatus})
				c := client(t, sim)
				for range 5 { // the circuit must stay closed
					sim.ResetCounts()
					if got := failed(t, families(t, c, atBranch("MAIN"), numbers...), 1, want); !slices.Equal(got, wrong) {
						t.Errorf("%v failed, want %v", got, wrong)
					}
					expectAtMost(t, sim, 40)
				}
			})
		}
	}
}

func TestServerThatIsDownIsNotAskedForEachNumber(t *testing.T) {
	_, numbers := forest(50, 1)
	for _, fault := range []karmaktest.Fault{
		{Kind: karmaktest.StatusError, Status: 400}, {Kind: karmaktest.StatusError, Status: 408},
		{Kind: karmaktest.StatusError, Status: 500},
		{Kind: karmaktest.StatusError, Status: 515}, {Kind: karmaktest.HTML},
	} {
		sim := dealer(t, karmaktest.Config{})
		fault.Call = karmaktest.CallHeaders
		strike(t, sim, fault)
		failure(t, client(t, sim), atBranch("MAIN"), numbers...)
		if n := sim.Counts().Lookups(); n > 8 {
			t.Errorf("%s %d: %d look-ups, want at most 8", fault.Kind, fault.Status, n)
		}
	}
}

func TestSmallerPageAfterATimeout(t *testing.T) {
	ros, _ := forest(1, 1)
	sim := dealer(t, karmaktest.Config{}, ros...)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.StatusError, Status: 408, Call: karmaktest.CallHeaders, Times: 1})
	if n := len(families(t, client(t, sim), atBranch("MAIN"), "50000")["50000"].Related); n != 1 {
		t.Errorf("%d related ROs, want 1", n)
	}
	if requested := sim.Requests(); !strings.Contains(requested[1].URL, "pagesize=500") ||
		!strings.Contains(requested[2].URL, "pagesize=100") {
		t.Errorf("requested %s, then %s, want a smaller page", requested[1].URL, requested[2].URL)
	}
}

func TestBadRowsDoNotFailTheirNeighbours(t *testing.T) {
	ros, numbers := forest(50, 1)
	cell := func(column, value string) map[string]json.RawMessage {
		return map[string]json.RawMessage{column: json.RawMessage(value)}
	}
	for i := range ros {
		switch ros[i].Number {
		case "50000":
			ros[i].Malformed = cell("IsBillingCustomerWarranty", `"?"`)
		case "50011":
			ros[i].Malformed = cell("RODateInvoiced", `"soon"`)
		case "50020":
			ros[i].Malformed = cell("OriginalRONumber", `{}`)
		}
	}
	ros = append(ros, karmaktest.RO{Number: "70000", Branch: "MAIN", Original: "50030", Malformed: cell("RONumber", `null`)})
	sim := dealer(t, karmaktest.Config{}, ros...)
	var output bytes.Buffer
	unread := 0
	c := client(t, sim, func(c *karmak.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&output, nil))
		c.Observe = func(call karmak.Call) { unread += call.Unread }
	})
	got := failed(t, families(t, c, atBranch("MAIN"), numbers...), 1, relatedro.UnexpectedAnswer)
	if want := []string{"50020"}; !slices.Equal(got, want) { // its original is unknown
		t.Errorf("%v failed, want %v", got, want)
	}
	for _, want := range []string{"RODateInvoiced is no date", "no RONumber", "IsBillingCustomerWarranty is neither yes nor no"} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("the log lacks %q: %s", want, output.String())
		}
	}
	if unread < 4 {
		t.Errorf("Observe reported %d unreadable cells and rows, want at least 4", unread)
	}
	if strings.Contains(output.String(), "soon") {
		t.Errorf("a value is in the log: %s", output.String())
	}
}

func TestManyLargeFamiliesAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 20,000 rows in sequence")
	}
	const each = 900
	var ros []karmaktest.RO
	var numbers []string
	for i := range 23 {
		number := fmt.Sprint(1_000_000 + i*1000)
		numbers = append(numbers, number)
		ros = append(ros, karmaktest.RO{Number: number, Branch: "MAIN"})
		for j := range each {
			ros = append(ros, karmaktest.RO{Number: fmt.Sprint(1_000_001 + i*1000 + j), Branch: "MAIN", Original: number})
		}
	}
	failed(t, families(t, client(t, dealer(t, karmaktest.Config{}, ros...)), atBranch("MAIN"), numbers...), each, "")
}

func TestNumberThatNoIntegerCanBe(t *testing.T) {
	ros, numbers := forest(10, 1)
	for _, status := range []int{200, 400, 500, 515} {
		for _, oddOnly := range []bool{false, true} {
			t.Run(fmt.Sprint(status, oddOnly), func(t *testing.T) {
				sim := dealer(t, karmaktest.Config{}, ros...)
				changeAccount(t, sim, func(a *karmaktest.Account) { a.Rules.BadNumber = status })
				c := client(t, sim)
				odd := []string{"10000000000", "R50999"}
				requested := odd
				if !oddOnly {
					requested = slices.Concat(numbers, odd)
				}
				for range 3 {
					sim.ResetCounts()
					if got := failed(t, families(t, c, atBranch("MAIN"), requested...), 1, relatedro.RONotFound); !slices.Equal(got, odd) {
						t.Errorf("not found: %v, want %v", got, odd)
					}
					expectAtMost(t, sim, 6)
				}
			})
		}
	}
}

func TestLettersAreAskedForWithoutCase(t *testing.T) {
	sim := dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "R50999", Branch: "MAIN"}, karmaktest.RO{Number: "R51000", Branch: "MAIN", Original: "R50999"},
		karmaktest.RO{Number: "50123", Branch: "MAIN"})
	found := families(t, client(t, sim), atBranch("MAIN"), "r50999", "r51000", "R50999", "50123")
	for ro, want := range map[string][]string{
		"r50999": {"R51000 alternate"}, "R50999": {"R51000 alternate"}, "r51000": {"R50999 original"}, "50123": {},
	} {
		expectFamily(t, found, ro, want...)
	}
}
