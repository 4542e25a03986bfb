package karmak_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func TestFamiliesShowsROsInAnyState(t *testing.T) {
	opened := time.Date(2026, 11, 20, 8, 15, 0, 0, time.UTC)
	sim := dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "100", Branch: "MAIN", Completed: true, InvoiceNumber: "9001", InvoicedAt: opened},
		karmaktest.RO{Number: "101", Branch: "MAIN", Original: "100", OpenedAt: opened, BillingCustomerName: "Volvo",
			BillingCustomerWarranty: true, TotalCharges: 1284.5},
		karmaktest.RO{Number: "102", Branch: "MAIN", Original: "100", Completed: true},
		karmaktest.RO{
			Number: "103", Branch: "MAIN", Original: "100", Completed: true, OpenedAt: opened, InvoicedAt: opened.Add(time.Hour),
			InvoiceNumber: "9002", BillingCustomerName: "Shop",
		},
		karmaktest.RO{Number: "104", Branch: "MAIN", Original: "100", Voided: true},
	)
	want := []relatedro.RelatedRO{
		{
			RO: "101", MadeFrom: "100", Relation: relatedro.Alternate, Status: relatedro.ROOpen, BillTo: "Volvo", Warranty: true,
			OpenedAt: "2026-11-20T08:15:00", TotalCharges: "1284.50",
		},
		{RO: "102", MadeFrom: "100", Relation: relatedro.Alternate, Status: relatedro.ROCompleted, TotalCharges: "0.00"},
		{
			RO: "103", MadeFrom: "100", Relation: relatedro.Alternate, Status: relatedro.ROInvoiced, BillTo: "Shop", InvoiceNumber: "9002",
			OpenedAt: "2026-11-20T08:15:00", InvoicedAt: "2026-11-20T09:15:00", TotalCharges: "0.00",
		},
		{RO: "104", MadeFrom: "100", Relation: relatedro.Alternate, Status: relatedro.ROOpen, Voided: true, TotalCharges: "0.00"},
	}
	got := families(t, client(t, sim), connection, "100")["100"].Related
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("related ROs (-want +got):\n%s", diff)
	}
}

func TestFamiliesOfAmbiguousBranch(t *testing.T) {
	ros := []karmaktest.RO{
		{Number: "100", Branch: "MAIN"},
		{Number: "100", Branch: "EAST"},
		{Number: "101", Branch: "EAST", Original: "100"},
		{Number: "200", Branch: "MAIN", Original: "100"},
		{Number: "300", Branch: "MAIN"},
	}
	for _, page := range []int{2, 3, 500} {
		t.Run(fmt.Sprint("page of ", page), func(t *testing.T) {
			c := client(t, dealer(t, karmaktest.Config{MaxPageSize: page}, ros...))
			found := families(t, c, connection, "100", "200", "300")
			for _, ro := range []string{"100", "200"} { // 200 was made from one of the two ROs 100
				expectFailure(t, found, ro, relatedro.AmbiguousBranch)
			}
			if f := found["300"].Failure; f != nil {
				t.Errorf("RO 300: %v", f)
			}
			expectFamily(t, families(t, c, atBranch("EAST"), "100"), "100", "101 alternate")
		})
	}
}

func TestFamiliesAtABranchSeesThatBranchAlone(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "90", Branch: "MAIN"},
		karmaktest.RO{Number: "100", Branch: "MAIN", Original: "90", BillingCustomerName: "Volvo"},
		karmaktest.RO{Number: "101", Branch: "EAST", Original: "100"},
		karmaktest.RO{Number: "102", Branch: "EAST", Original: "100"},
		karmaktest.RO{Number: "103", Branch: "MAIN", Original: "101"},
	))
	want := []relatedro.RelatedRO{
		{RO: "100", Relation: relatedro.Original},
		{RO: "102", MadeFrom: "100", Relation: relatedro.Sibling, Status: relatedro.ROOpen, TotalCharges: "0.00"},
	}
	if diff := cmp.Diff(want, families(t, c, atBranch("EAST"), "101")["101"].Related); diff != "" {
		t.Errorf("family of 101 at EAST (-want +got):\n%s", diff)
	}
	expectFailure(t, families(t, c, atBranch("EAST"), "100"), "100", relatedro.RONotFound)
	expectFamily(t, families(t, c, connection, "101"), "101", "90 original", "100 original", "102 sibling", "103 alternate")
}

// A spinoff's spinoff at another branch may belong to its twin.
func TestFamiliesLooksForTwinsOfSpinoffs(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "100", Branch: "MAIN"},
		karmaktest.RO{Number: "101", Branch: "MAIN", Original: "100"},
		karmaktest.RO{Number: "101", Branch: "EAST"},
		karmaktest.RO{Number: "102", Branch: "EAST", Original: "101"},
		karmaktest.RO{Number: "200", Branch: "MAIN"},
		karmaktest.RO{Number: "201", Branch: "MAIN", Original: "200"},
		karmaktest.RO{Number: "202", Branch: "EAST", Original: "201"},
	))
	found := families(t, c, connection, "100", "200")
	expectFailure(t, found, "100", relatedro.AmbiguousBranch)
	expectFamily(t, found, "200", "201 alternate", "202 descendant")
}

func TestFamiliesListsNumbersThatCannotBeLookedUp(t *testing.T) {
	long := strings.Repeat("9", relatedro.MaxROLength+1)
	sim := dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "100", Original: "1,2"},
		karmaktest.RO{Number: "101", Original: "100"},
		karmaktest.RO{Number: "1|2", Original: "100"},
		karmaktest.RO{Number: "NULL", Original: "100"},
		karmaktest.RO{Number: long, Original: "100"},
		karmaktest.RO{Number: "200", Original: "199"}, // 199 has no row
	)
	found := families(t, client(t, sim), connection, "100", "200")
	expectFamily(t, found, "100", "1,2 original", "101 alternate", "1|2 alternate", "NULL alternate", long+" alternate")
	if diff := cmp.Diff([]relatedro.RelatedRO{{RO: "199", Relation: relatedro.Original}}, found["200"].Related); diff != "" {
		t.Errorf("family of 200 (-want +got):\n%s", diff)
	}
	for _, r := range sim.Requests() {
		if r.Status >= 400 {
			t.Errorf("status %d for %s", r.Status, r.URL)
		}
	}
}

func TestFamiliesTakesNumbersWithLeadingZerosForTheSame(t *testing.T) {
	sim := dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "0050"}, karmaktest.RO{Number: "51", Original: "50"}, karmaktest.RO{Number: "52", Original: "0050"})
	found := families(t, client(t, sim), connection, "050", "50", "51")
	for _, ro := range []string{"050", "50"} {
		expectFamily(t, found, ro, "51 alternate", "52 alternate")
	}
	expectFamily(t, found, "51", "50 original", "52 sibling")
}

func TestFamiliesRunningInACircle(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{},
		karmaktest.RO{Number: "1", Original: "3"}, karmaktest.RO{Number: "2", Original: "1"}, karmaktest.RO{Number: "3", Original: "2"},
		karmaktest.RO{Number: "4", Original: "4"}))
	found := families(t, c, connection, "1", "4")
	expectFamily(t, found, "1", "2 original", "3 original")
	expectFamily(t, found, "4")
}

func TestFamiliesThatDoNotEnd(t *testing.T) {
	var ros []karmaktest.RO
	for i := range 2100 { // one RO with too many spinoffs
		ros = append(ros, karmaktest.RO{Number: fmt.Sprint(10_000 + i), Original: "1"})
	}
	for i := range 120 { // a chain of spinoffs that is too long
		ros = append(ros, karmaktest.RO{Number: fmt.Sprint(20_001 + i), Original: fmt.Sprint(20_000 + i)})
	}
	ros = append(ros, karmaktest.RO{Number: "1"}, karmaktest.RO{Number: "2"}, karmaktest.RO{Number: "3", Original: "2"},
		karmaktest.RO{Number: "20000"})
	found := families(t, client(t, dealer(t, karmaktest.Config{}, ros...)), connection, "1", "2", "20000")
	for _, ro := range []string{"1", "20000"} {
		expectFailure(t, found, ro, relatedro.FamilyTooLarge)
	}
	expectFamily(t, found, "2", "3 alternate")
}

func TestFamiliesAtABranchThatFiltersCannotCarry(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "1", Branch: "St. John's & 5th, EAST"})
	if f := failure(t, client(t, sim), atBranch("St. John's & 5th, EAST"), "1"); f.Reason != relatedro.AccountNotPermitted {
		t.Errorf("failure %v, want account_not_permitted", f)
	}
	if n := sim.Counts().Total; n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestFamiliesAtABranchWithSpaces(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "1", Branch: "St. John's & 5th +1%"},
		karmaktest.RO{Number: "2", Branch: "St. John's & 5th +1%", Original: "1"})
	expectFamily(t, families(t, client(t, sim), atBranch("St. John's & 5th +1%"), "1"), "1", "2 alternate")
}

func TestFamiliesOfNothing(t *testing.T) {
	sim := dealer(t, karmaktest.Config{})
	if found := families(t, client(t, sim), connection); len(found) != 0 || sim.Counts().Total != 0 {
		t.Errorf("%v after %d requests, want an empty map and no request", found, sim.Counts().Total)
	}
}

func ExampleClient_Families() {
	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
	defer sim.Close()
	sim.AddAccount(karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}, ROs: []karmaktest.RO{
		{Number: "50123", Branch: "MAIN"},
		{Number: "50124", Branch: "MAIN", Original: "50123", BillingCustomerName: "Volvo", BillingCustomerWarranty: true},
	}})

	c := karmak.New(karmak.Config{BaseURL: sim.URL, Credentials: karmak.Static("id", "secret")})
	defer c.Close()
	connection := relatedro.Connection{Account: "acct-1", User: "user-1", Branch: "MAIN"}
	found, err := c.Families(context.Background(), connection, []string{"50123", "50124"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ro := range []string{"50123", "50124"} {
		for _, r := range found[ro].Related {
			fmt.Printf("%s: %s is its %s, %s, billed to %q\n", ro, r.RO, r.Relation, r.Status, r.BillTo)
		}
	}
	// Output:
	// 50123: 50124 is its alternate, open, billed to "Volvo"
	// 50124: 50123 is its original, open, billed to ""
}
