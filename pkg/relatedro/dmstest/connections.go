package dmstest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/relatedro"
)

func activation(t *testing.T, s Subject) {
	for _, branch := range []string{"", "A", "B"} {
		if a := s.DMS.CheckActivation(t.Context(), s.Connection(branch)); a.State != relatedro.Active || a.Message == "" ||
			!a.CheckedAt.IsZero() {
			t.Errorf("branch %q: %+v, want active with a sentence", branch, a)
		}
	}
	if a := s.DMS.CheckActivation(t.Context(), s.Connection("C")); a.State != relatedro.Inactive || a.Message == "" {
		t.Errorf("a branch that the account does not have: %+v, want not_activated with a sentence", a)
	}
}

func listOfBranches(t *testing.T, s Subject) {
	found, err := s.DMS.Branches(t.Context(), s.Connection("B"))
	if !s.ListsBranches {
		if f := asFailure(t, err); f.Reason != relatedro.BranchesUnlisted {
			t.Errorf("Branches: %v, want branches_unlisted", f)
		}
		return
	}
	var codes []string
	for _, b := range found {
		codes = append(codes, b.Code)
	}
	if err != nil || !slices.Equal(codes, []string{"A", "B"}) {
		t.Errorf("Branches: %q, %v, want A and B", codes, err)
	}
}

func connections(t *testing.T, s Subject) {
	for _, branch := range []string{"", "A"} {
		if missing, wrong := s.DMS.CheckConnection(s.Connection(branch)); len(missing)+len(wrong) > 0 {
			t.Errorf("branch %q: missing %v, wrong %v", branch, missing, wrong)
		}
	}
	missing, wrong := s.DMS.CheckConnection(relatedro.Connection{Kind: s.Connection("").Kind})
	if len(missing) == 0 || len(wrong) > 0 {
		t.Errorf("empty connection: missing %v, wrong %v", missing, wrong)
	}
	foreign := s.Connection("A")
	foreign.Account = "a b"
	_, wrong = s.DMS.CheckConnection(foreign)
	if len(wrong) == 0 {
		t.Error("an account with a blank is accepted")
	}
	for _, err := range append(missing, wrong...) {
		if err.Field == "" || strings.Contains(err.Field, ".") {
			t.Errorf("%v does not name a field of the connection", err)
		}
	}
	// A connection that cannot be used fails as the location's own fault, without a panic.
	_, err := s.DMS.Families(t.Context(), relatedro.Connection{}, []string{s.Number(1)})
	if f := asFailure(t, err); f.Reason != relatedro.AccountNotPermitted {
		t.Errorf("over an empty connection: %v, want account_not_permitted", f)
	}
}

// foreign checks that a refused account counts neither as our own fault, which would delay every
// other account, nor as a missing RO.
func foreign(t *testing.T, s Subject) {
	_, err := s.DMS.Families(t.Context(), s.Foreign, []string{s.Number(1)})
	if f := asFailure(t, err); f.Reason != relatedro.AccountNotPermitted && f.Reason != relatedro.NotActivated {
		t.Errorf("Families: %v, want account_not_permitted or not_activated", f)
	}
	_, _, err = s.Feed.Touched(t.Context(), s.Foreign, Today)
	asFailure(t, err)
	if a := s.DMS.CheckActivation(t.Context(), s.Foreign); a.State == relatedro.Active || a.Message == "" {
		t.Errorf("CheckActivation: %+v", a)
	}
	s.expect(t, s.find(t, "A", 5)[s.Number(5)]) // other accounts are unaffected
}

func outOfTime(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.DMS.Families(ctx, s.Connection("A"), []string{s.Number(1)})
	if f := asFailure(t, err); f.Reason != relatedro.OutOfTime {
		t.Errorf("Families: %v, want out_of_time", f)
	}
	if a := s.DMS.CheckActivation(ctx, s.Connection("A")); a.State != relatedro.ActivationUnreachable || a.Message == "" {
		t.Errorf("CheckActivation: %+v", a)
	}
}

// sentences checks that every reason for a failed retrieval has a sentence for service managers.
func sentences(t *testing.T, s Subject) {
	if s.DMS.Name() == "" || !strings.HasSuffix(s.DMS.Setup(), ".") {
		t.Errorf("Name %q, Setup %q, want a name and a sentence", s.DMS.Name(), s.DMS.Setup())
	}
	for _, reason := range []relatedro.Reason{
		relatedro.Unreachable, relatedro.RateLimited, relatedro.DMSError, relatedro.DealerOffline, relatedro.CredentialsRejected,
		relatedro.CredentialsUnavailable, relatedro.UnexpectedAnswer, relatedro.StoreUnavailable, relatedro.AccountBusy,
		relatedro.OutOfTime, relatedro.RONotFound, relatedro.NotActivated, relatedro.AccountNotPermitted, relatedro.AmbiguousBranch,
		relatedro.FamilyTooLarge, relatedro.LocationDisabled, relatedro.ConnectionChanged,
	} {
		sentence := s.DMS.Sentence(s.Connection("A"), reason)
		if !strings.HasSuffix(sentence, ".") || sentence == relatedro.Reason("").Sentence() {
			t.Errorf("%s: %q", reason, sentence)
		}
	}
}
