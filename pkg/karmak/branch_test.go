package karmak_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// branchDealer has ROs at MAIN, a new branch WEST and a closed branch EAST.
func branchDealer(t *testing.T, rules karmaktest.Rules) *karmaktest.Server {
	t.Helper()
	sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "100", Branch: "MAIN"})
	changeAccount(t, sim, func(a *karmaktest.Account) {
		a.FusionVersion, a.Rules = "3.62.0.0", rules
		a.Branches = []karmaktest.Branch{
			{ID: "1", Code: "WEST", Name: "Karmak of Springfield"}, {ID: "2", Code: "MAIN", Name: "Karmak of Carlinville"},
			{ID: "3", Code: "EAST", Name: "Closed", Inactive: true},
		}
	})
	return sim
}

func TestBranches(t *testing.T) {
	got, err := client(t, branchDealer(t, karmaktest.Rules{})).Branches(t.Context(), connection)
	want := []relatedro.Branch{{Code: "MAIN", Name: "Karmak of Carlinville"}, {Code: "WEST", Name: "Karmak of Springfield"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Branches: %v (-want +got):\n%s", err, diff)
	}
	for status, want := range map[int]relatedro.Reason{403: relatedro.AccountNotPermitted, 404: relatedro.UnexpectedAnswer} {
		_, err := client(t, branchDealer(t, karmaktest.Rules{Branches: status})).Branches(t.Context(), connection)
		if failureReason(err) != want {
			t.Errorf("Branches refused with %d: %v, want %s", status, err, want)
		}
	}
}

func TestCheckActivationOfABranch(t *testing.T) {
	for _, test := range []struct {
		name   string
		rules  karmaktest.Rules
		fault  karmaktest.Kind
		branch string
		want   relatedro.ActivationState
	}{
		{"right", karmaktest.Rules{}, "", "MAIN", relatedro.Active},
		{"right but for case", karmaktest.Rules{}, "", "main", relatedro.Active},
		{"new, without ROs", karmaktest.Rules{}, "", "WEST", relatedro.Active},
		{"closed", karmaktest.Rules{}, "", "EAST", relatedro.Inactive},
		{"wrong", karmaktest.Rules{}, "", "01", relatedro.Inactive},
		{"right, list refused", karmaktest.Rules{Branches: 403}, "", "MAIN", relatedro.Active},
		{"wrong, list refused", karmaktest.Rules{Branches: 403}, "", "01", relatedro.Inactive},
		{"wrong, older Fusion", karmaktest.Rules{Branches: 404}, "", "01", relatedro.Inactive},
		{"right, list unreadable", karmaktest.Rules{}, karmaktest.NotOnlyGUID, "MAIN", relatedro.Active},
		{"wrong, list fails", karmaktest.Rules{}, karmaktest.StatusError, "01", relatedro.Inactive},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := branchDealer(t, test.rules)
			strike(t, sim, karmaktest.Fault{Kind: test.fault, Call: karmaktest.CallBranches})
			got := client(t, sim).CheckActivation(t.Context(), atBranch(test.branch))
			if got.State != test.want || (test.want == relatedro.Inactive) != strings.Contains(got.Message, "choose the branch") {
				t.Errorf("CheckActivation: %+v, want %s", got, test.want)
			}
			expectAtMost(t, sim, 2)
		})
	}
}

func TestCheckActivationOfABranchWithoutAnyRO(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}) // its Fusion lists no branches
	if got := client(t, sim).CheckActivation(t.Context(), atBranch("MAIN")); got.State != relatedro.Active {
		t.Errorf("CheckActivation: %+v, want active", got)
	}
}
