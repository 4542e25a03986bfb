package karmak_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// Every form of an answer has the same meaning.
func TestEveryFormOfAnAnswerMeansTheSame(t *testing.T) {
	opened := day(2026, 11, 20)
	ros := []karmaktest.RO{
		{Number: "100", Branch: "MAIN", Completed: true, InvoiceNumber: "9001", OpenedAt: opened, InvoicedAt: opened, TotalCharges: 1284.5},
		{Number: "101", Branch: "MAIN", Original: "100", OpenedAt: opened, BillingCustomerName: "Volvo", BillingCustomerWarranty: true},
		{Number: "102", Branch: "MAIN", Original: "100", Completed: true, OpenedAt: opened, Voided: true},
	}
	want := []relatedro.RelatedRO{
		{RO: "100", Relation: relatedro.Original, Status: relatedro.ROInvoiced, InvoiceNumber: "9001", OpenedAt: "2026-11-20",
			InvoicedAt: "2026-11-20", TotalCharges: "1284.50"},
		{RO: "102", MadeFrom: "100", Relation: relatedro.Sibling, Status: relatedro.ROCompleted, OpenedAt: "2026-11-20", Voided: true,
			TotalCharges: "0.00"},
	}
	sim := dealer(t, karmaktest.Config{})
	rapid.Check(t, func(t *rapid.T) {
		if err := sim.AddAccount(karmaktest.Account{ID: account, Users: []string{user}, ROs: ros,
			Rendering: drawRendering(t)}); err != nil {
			t.Fatal(err)
		}
		c := fresh(sim)
		defer c.Close()
		found, err := c.Families(t.Context(), atBranch("MAIN"), []string{"101", "999"})
		if err != nil {
			t.Fatal(err)
		}
		got := found["101"].Related
		for i := range got {
			got[i].OpenedAt, _, _ = strings.Cut(got[i].OpenedAt, "T")
			got[i].InvoicedAt, _, _ = strings.Cut(got[i].InvoicedAt, "T")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("related ROs (-want +got):\n%s", diff)
		}
		if f := found["999"].Failure; f == nil || f.Reason != relatedro.RONotFound {
			t.Errorf("RO 999: %v, want ro_not_found", f)
		}
		if got := c.CheckActivation(t.Context(), atBranch("MAIN")); got.State != relatedro.Active {
			t.Errorf("CheckActivation: %+v, want active", got)
		}
	})
}

// An object that holds more than a ProcessGUID is not an empty result, on later pages either.
func TestFurtherPageThatIsNoResult(t *testing.T) {
	ros, _ := forest(1, 5)
	sim := dealer(t, karmaktest.Config{MaxPageSize: 5}, ros...)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.NotOnlyGUID, Call: karmaktest.CallHeaders, After: 3})
	f := families(t, client(t, sim), atBranch("MAIN"), "50000")["50000"].Failure
	if f == nil || f.Reason != relatedro.UnexpectedAnswer {
		t.Errorf("failure %v, want unexpected_answer", f)
	}
}

func TestTokenRefusedWith400IsReplaced(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	changeAccount(t, sim, func(a *karmaktest.Account) { a.Rules.BadToken = 400 })
	c := client(t, sim)
	families(t, c, connection, "100")
	sim.RevokeTokens("")
	if n := len(families(t, c, connection, "100")["100"].Related); n != 5 {
		t.Errorf("%d related ROs, want 5", n)
	}
	sim.RevokeTokens("")
	if got := c.CheckActivation(t.Context(), connection); got.State != relatedro.Active {
		t.Errorf("CheckActivation: %+v, want active", got)
	}
}

func TestEachAccountHasItsOwnPages(t *testing.T) {
	ros, _ := forest(1, 180)
	sim := dealer(t, karmaktest.Config{}, ros...)
	other := relatedro.Connection{Account: "acct-2", User: user}
	if err := sim.AddAccount(karmaktest.Account{ID: other.Account, Users: []string{user}, ROs: ros, MaxPageSize: 100}); err != nil {
		t.Fatal(err)
	}
	c := client(t, sim)
	for _, connection := range []relatedro.Connection{connection, other, connection, other} {
		if n := len(families(t, c, connection, "50000")["50000"].Related); n != 180 {
			t.Errorf("account %s: %d related ROs, want 180", connection.Account, n)
		}
	}
}

// The page maximum may change while the process is warm, even in the middle of a list.
func TestPageMaximumMayChange(t *testing.T) {
	for _, test := range []struct{ before, after int }{{500, 100}, {500, 7}, {100, 10}, {10, 1}, {100, 500}, {30, 500}} {
		for _, change := range []int{1, 2, 3, 5} {
			if test.after > test.before && change == 1 {
				// A change right between a page and the one that proves it complete cannot be
				// detected.
				continue
			}
			t.Run(fmt.Sprintf("%d to %d after %d look-ups", test.before, test.after, change), func(t *testing.T) {
				ros, _ := forest(1, 230)
				lookups := 0
				var sim *karmaktest.Server
				set := func(most int) {
					changeAccount(t, sim, func(a *karmaktest.Account) { a.MaxPageSize = most })
				}
				sim = dealer(t, karmaktest.Config{Observe: func(r karmaktest.Request) {
					if r.Call == karmaktest.CallHeaders {
						if lookups++; lookups == change {
							set(test.after)
						}
					}
				}}, ros...)
				c := client(t, sim)
				set(test.before)
				for range 2 {
					if n := len(families(t, c, atBranch("MAIN"), "50000")["50000"].Related); n != 230 {
						t.Errorf("%d related ROs, want 230", n)
					}
				}
			})
		}
	}
}

// The rows of one number come in any order, so the second of two branches may be missed if a page
// ends between them.
func TestTwinAtTheEndOfAPage(t *testing.T) {
	for twin := 50096; twin <= 50104; twin++ {
		ros, _ := forest(1, 150)
		for i := range ros {
			if ros[i].Number == fmt.Sprint(twin) {
				ros[i].Branch = "EAST"
			}
		}
		sim := dealer(t, karmaktest.Config{MaxPageSize: 100},
			append(ros, karmaktest.RO{Number: fmt.Sprint(twin), Branch: "WEST", Original: "50000"})...)
		expectFailure(t, families(t, client(t, sim), connection, "50000"), "50000", relatedro.AmbiguousBranch)
	}
}

func TestPauseHoldsAcrossCalls(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := client(t, sim)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.RateLimited, Call: karmaktest.CallHeaders})
	first := failure(t, c, connection, "100")
	if first.Reason != relatedro.RateLimited || first.RetryAfter != 5*time.Second {
		t.Errorf("failure %v, RetryAfter %s, want rate_limited after 5 s", first, first.RetryAfter)
	}
	before := sim.Counts().Total
	if f := failure(t, c, connection, "900"); f.Reason != relatedro.RateLimited || f.RetryAfter < 4*time.Second {
		t.Errorf("failure %v, RetryAfter %s, want rate_limited for the rest of 5 s", f, f.RetryAfter)
	}
	if n := sim.Counts().Total - before; n != 0 {
		t.Errorf("%d requests during the pause, want none", n)
	}
}
