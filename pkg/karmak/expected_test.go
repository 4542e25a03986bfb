package karmak_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func alternate(number int, customer, name string) karmaktest.Task {
	return karmaktest.Task{Number: number, AlternateBillingCustomer: customer, AlternateBillingCompanyName: name}
}

func expected(customer, name string, tasks int) relatedro.Expected {
	return relatedro.Expected{Customer: relatedro.Customer{Number: customer, Name: name}, Tasks: tasks}
}

// Every form of Karmak's answers gives the same result, in one look-up.
func TestExpectedNamesBillingCustomersOfTasks(t *testing.T) {
	for name, rendering := range map[string]karmaktest.Rendering{
		"as published": {}, "text": {Numbers: "string", Empty: "missing", NoRows: "array"},
		"decimals": {Numbers: "decimal", Empty: "blank"},
	} {
		t.Run(name, func(t *testing.T) {
			sim := dealer(t, karmaktest.Config{},
				karmaktest.RO{Number: "50123", Branch: "MAIN", Duplicates: 1, Tasks: []karmaktest.Task{
					{Number: 1}, alternate(2, "9001", "Freightliner Warranty"), alternate(3, "9014", "Cummins Warranty"),
					alternate(4, "9001", "Freightliner Warranty"),
				}},
				karmaktest.RO{Number: "50123", Branch: "ELSEWHERE", Tasks: []karmaktest.Task{alternate(1, "1", "Another")}},
				karmaktest.RO{Number: "50130", Branch: "MAIN", Tasks: []karmaktest.Task{{Number: 1}}})
			changeAccount(t, sim, func(a *karmaktest.Account) { a.Rendering = rendering })
			got := client(t, sim).Expected(t.Context(), atBranch("MAIN"), []string{"50123", "50130", "0050123", "77777", "not,askable"})
			list := []relatedro.Expected{expected("9014", "Cummins Warranty", 1), expected("9001", "Freightliner Warranty", 2)}
			want := map[string][]relatedro.Expected{"50123": list, "50130": nil, "0050123": list, "77777": nil}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if n := sim.Counts().Calls[karmaktest.CallTasks]; n != 1 {
				t.Errorf("%d look-ups, want one", n)
			}
		})
	}
}

// A failed look-up leaves the result unknown, costs one request, and does not affect other requests
// to the account.
func TestExpectedDoesNotAffectTheAccount(t *testing.T) {
	for name, f := range map[string]karmaktest.Fault{
		"refused": {Kind: karmaktest.StatusError, Status: 403}, "no such view": {Kind: karmaktest.StatusError, Status: 404},
		"wrong": {Kind: karmaktest.StatusError, Status: 400}, "failing": {Kind: karmaktest.StatusError, Status: 500},
		"away":    {Kind: karmaktest.StatusError, Status: 504},
		"cut off": {Kind: karmaktest.Reset}, "no list": {Kind: karmaktest.NotOnlyGUID},
	} {
		t.Run(name, func(t *testing.T) {
			sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "50123",
				Tasks: []karmaktest.Task{alternate(1, "9001", "Freightliner Warranty")}})
			f.Call = karmaktest.CallTasks
			strike(t, sim, f)
			var calls []karmak.Call
			c := client(t, sim, func(cfg *karmak.Config) {
				cfg.Observe = func(call karmak.Call) {
					if call.Kind == karmak.CallTasks {
						calls = append(calls, call)
					}
				}
			})
			for range 10 {
				if got := c.Expected(t.Context(), connection, []string{"50123"}); len(got) != 0 {
					t.Errorf("got %v", got)
				}
			}
			if len(calls) != 10 || calls[0].Outcome == "" {
				t.Errorf("calls %+v", calls)
			}
			if f := families(t, c, connection, "50123")["50123"]; f.Failure != nil {
				t.Errorf("Families fails afterwards: %v", f.Failure)
			}
		})
	}
}

// Karmak does not publish whether the view has a branch column. Without one, the result for a
// branch's RO is unknown.
func TestExpectedWithoutBranchesOfTasks(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "50123", Branch: "MAIN",
		Tasks: []karmaktest.Task{alternate(1, "9001", "Freightliner Warranty")}})
	changeAccount(t, sim, func(a *karmaktest.Account) { a.Rules.NoTaskBranch = true })
	c := client(t, sim)
	if got := c.Expected(t.Context(), atBranch("MAIN"), []string{"50123"}); len(got) != 0 {
		t.Errorf("at a branch: %v", got)
	}
	if got := c.Expected(t.Context(), connection, []string{"50123"}); len(got["50123"]) != 1 {
		t.Errorf("without a branch: %v", got)
	}
}

// A number that is not an integer gets its own look-up, and fails alone.
func TestExpectedOfNumbersThatAreNoIntegers(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "50123",
		Tasks: []karmaktest.Task{alternate(1, "9001", "Freightliner Warranty")}})
	got := client(t, sim).Expected(t.Context(), connection, []string{"R50999", "50123"})
	if diff := cmp.Diff(map[string][]relatedro.Expected{"50123": {expected("9001", "Freightliner Warranty", 1)}}, got); diff != "" {
		t.Error(diff)
	}
}

// Many tasks arrive in pages, and a long list of customers is cut.
func TestExpectedOfManyTasks(t *testing.T) {
	ro := karmaktest.RO{Number: "50123"}
	for i := range 250 {
		ro.Tasks = append(ro.Tasks, alternate(i, fmt.Sprint("W", i%20), fmt.Sprintf("Warranty %02d", i%20)))
	}
	sim := dealer(t, karmaktest.Config{MaxPageSize: 100}, ro)
	list := client(t, sim).Expected(t.Context(), connection, []string{"50123"})["50123"]
	if len(list) != relatedro.MostExpected || list[0].Name != "Warranty 00" {
		t.Fatalf("got %v", list)
	}
	if n := sim.Counts().Calls[karmaktest.CallTasks]; n != 3 {
		t.Errorf("%d look-ups", n)
	}
}

// The look-up selects only the columns that it needs.
func TestExpectedSelectsFewColumns(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "50123"})
	client(t, sim).Expected(t.Context(), atBranch("MAIN"), []string{"50123"})
	requests := sim.Requests()
	requested, err := url.Parse(requests[len(requests)-1].URL)
	if err != nil {
		t.Fatal(err)
	}
	q := requested.Query()
	if got, want := q.Get("select"), "RONumber,TaskNumber,AlternateBillingCustomer,AlternateBillingCompanyName"; got != want {
		t.Errorf("selects %s", got)
	}
	if got, want := q.Get("filter"), "RONumber[IN]50123,Branch[EQ]MAIN,AlternateBillingCustomer[NE]NULL"; got != want {
		t.Errorf("filters %s", got)
	}
}

// The billing customers of a family count all ROs except voided ones.
func TestFamilyHasItsBillingCustomers(t *testing.T) {
	sim := dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "1", BillingCustomerNumber: "2207", BillingCustomerName: "Acme"},
		karmaktest.RO{Number: "2", Original: "1", BillingCustomerNumber: "9001", BillingCustomerName: "Freightliner Warranty"},
		karmaktest.RO{Number: "3", Original: "1", BillingCustomerNumber: "9014", BillingCustomerName: "Cummins Warranty", Voided: true})
	got := families(t, client(t, sim), connection, "1")["1"].Billed
	want := []relatedro.Customer{{Number: "2207", Name: "Acme"}, {Number: "9001", Name: "Freightliner Warranty"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
