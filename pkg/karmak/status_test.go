package karmak_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func TestCheckActivation(t *testing.T) {
	for _, test := range []struct {
		name    string
		fault   karmaktest.Fault
		state   relatedro.ActivationState
		version string
		says    string
	}{
		{"active", karmaktest.Fault{}, relatedro.Active, "3.61.4.0",
			"Karmak Fusion 3.61.4.0 is online, and alternate RO numbers are active"},
		{"403", karmaktest.Fault{Kind: karmaktest.NotActivated}, relatedro.Inactive, "3.61.4.0", "ask Karmak to check both"},
		{"no view", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 404}, relatedro.Inactive, "3.61.4.0",
			"ask Karmak to check both"},
		{"no column", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 400}, relatedro.Inactive, "3.61.4.0",
			"ask Karmak to check both"},
		{"offline", karmaktest.Fault{Kind: karmaktest.Offline}, relatedro.ActivationUnreachable, "3.61.4.0", "offline"},
		{"status without an answer", karmaktest.Fault{Kind: karmaktest.Hang, Call: karmaktest.CallStatus}, relatedro.Active, "",
			"are active"},
		{"status that fails", karmaktest.Fault{Kind: karmaktest.StatusError, Call: karmaktest.CallStatus}, relatedro.Active, "",
			"are active"},
		{"strange status", karmaktest.Fault{Kind: karmaktest.WrongJSON, Call: karmaktest.CallStatus}, relatedro.Active, "", "are active"},
		{
			"status that says offline of a server that works", karmaktest.Fault{Kind: karmaktest.Offline, Call: karmaktest.CallStatus},
			relatedro.Active, "3.61.4.0", "are active",
		},
		{
			"look-up fails", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 500, Call: karmaktest.CallHeaders},
			relatedro.ActivationUnreachable, "3.61.4.0", "answered with an error",
		},
		{"busy", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "9"}, relatedro.ActivationUnreachable, "", "asked us to wait"},
		{
			"strange rows", karmaktest.Fault{Kind: karmaktest.WrongJSON, Call: karmaktest.CallHeaders},
			relatedro.ActivationUnreachable, "3.61.4.0", "could not be read",
		},
		{
			"more than a ProcessGUID", karmaktest.Fault{Kind: karmaktest.NotOnlyGUID, Call: karmaktest.CallHeaders},
			relatedro.ActivationUnreachable, "3.61.4.0", "could not be read",
		},
		{
			"token refused", karmaktest.Fault{Kind: karmaktest.RevokedToken},
			relatedro.ActivationUnreachable, "", "answered with an error",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, c := struck(t, test.fault)
			got := c.CheckActivation(t.Context(), connection)
			if got.State != test.state || got.Version != test.version || !strings.Contains(got.Message, test.says) {
				t.Errorf("CheckActivation: %+v, want %s of version %q saying %q", got, test.state, test.version, test.says)
			}
		})
	}
}

func TestCheckActivationOfAccountsNotOpen(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{}))
	for _, connection := range []relatedro.Connection{{Account: "other", User: user}, {}} {
		got := c.CheckActivation(t.Context(), connection)
		if got.State != relatedro.ActivationUnreachable || !strings.Contains(got.Message, "does not let us read") {
			t.Errorf("CheckActivation over %+v: %+v", connection, got)
		}
	}
}

func TestCheckActivationOfAnEmptyAccount(t *testing.T) {
	sim := dealer(t, karmaktest.Config{})
	if got := client(t, sim).CheckActivation(t.Context(), connection); got.State != relatedro.Active {
		t.Errorf("CheckActivation: %+v, want active", got)
	}
	if n := sim.Counts().Total; n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// The activation check returns the version even if the account's circuit is open.
func TestStatusPassesAnOpenCircuit(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.Offline})
	c := client(t, sim)
	untilCircuitOpens(t, sim, c)
	got := c.CheckActivation(t.Context(), connection)
	if got.Version != "3.61.4.0" || !strings.Contains(got.Message, "offline") {
		t.Errorf("CheckActivation: %+v, want the version and that the server is offline", got)
	}
}

func TestStatusURLIsRemembered(t *testing.T) {
	for rule, counts := range map[string][2]int{"current": {1, 1}, "older": {2, 1}, "both": {1, 1}, "none": {2, 2}} {
		sim := dealer(t, karmaktest.Config{})
		changeAccount(t, sim, func(a *karmaktest.Account) { a.Rules.StatusPath = rule })
		c := client(t, sim)
		for i, want := range counts {
			sim.ResetCounts()
			got := c.CheckActivation(t.Context(), connection)
			if got.State != relatedro.Active || (got.Version == "") != (rule == "none") {
				t.Errorf("%s: %+v, want active", rule, got)
			}
			if n := sim.Counts().Calls[karmaktest.CallStatus]; n != want {
				t.Errorf("%s: check %d made %d status requests, want %d", rule, i+1, n, want)
			}
		}
	}
}

func ExampleClient_CheckActivation() {
	sim := karmaktest.Start(karmaktest.Config{ClientID: "id", ClientSecret: "secret"})
	defer sim.Close()
	sim.AddAccount(karmaktest.Account{ID: "acct-1", Users: []string{"user-1"}, FusionVersion: "3.62.1.0"})

	c := karmak.New(karmak.Config{BaseURL: sim.URL, Credentials: karmak.Static("id", "secret")})
	defer c.Close()
	for _, account := range []string{"acct-1", "acct-2"} {
		a := c.CheckActivation(context.Background(), relatedro.Connection{Account: account, User: "user-1"})
		fmt.Println(a.State, "-", a.Message)
	}
	// Output:
	// active - Karmak Fusion 3.62.1.0 is online, and alternate RO numbers are active for this account.
	// unreachable - Karmak does not let us read this account with this user. Please check the Karmak account and user of this location.
}
