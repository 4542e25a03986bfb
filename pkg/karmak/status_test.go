package karmak_test

import (
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func TestStatus(t *testing.T) {
	sim := dealer(t, karmaktest.Config{})
	c := client(t, sim)
	got, err := c.Status(t.Context(), over)
	if want := (karmak.Status{Online: true, FusionVersion: "3.61.4.0", BridgeVersion: "3.61.4.0"}); err != nil || got != want {
		t.Errorf("Status: %+v, %v, want %+v", got, err, want)
	}
	if err := sim.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Status(t.Context(), over); err != nil || got.Online {
		t.Errorf("Status: %+v, %v, want offline", got, err)
	}
}

func TestCheckActivation(t *testing.T) {
	for _, test := range []struct {
		name    string
		fault   karmaktest.Fault
		state   relatedro.ActivationState
		version string
		says    string
	}{
		{"active", karmaktest.Fault{}, relatedro.Active, "3.61.4.0", "Karmak Fusion 3.61.4.0 is online, and alternate RO numbers are active"},
		{"403", karmaktest.Fault{Kind: karmaktest.NotActivated}, relatedro.Inactive, "3.61.4.0", "ask Karmak to check both"},
		{"no view", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 404}, relatedro.Inactive, "3.61.4.0", "ask Karmak to check both"},
		{"no column", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 400}, relatedro.Inactive, "3.61.4.0", "ask Karmak to check both"},
		{"offline", karmaktest.Fault{Kind: karmaktest.Offline}, relatedro.ActivationUnreachable, "3.61.4.0", "offline"},
		{
			"no answer", karmaktest.Fault{Kind: karmaktest.Hang, Call: karmaktest.CallStatus},
			relatedro.ActivationUnreachable, "", "could not be reached",
		},
		{
			"look-up fails", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 500, Call: karmaktest.CallHeaders},
			relatedro.ActivationUnreachable, "3.61.4.0", "answered with an error",
		},
		{"busy", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "9"}, relatedro.ActivationUnreachable, "", "asked us to wait"},
		{
			"strange status", karmaktest.Fault{Kind: karmaktest.WrongJSON, Call: karmaktest.CallStatus},
			relatedro.ActivationUnreachable, "", "could not be read",
		},
		{
			"strange rows", karmaktest.Fault{Kind: karmaktest.WrongJSON, Call: karmaktest.CallHeaders},
			relatedro.ActivationUnreachable, "3.61.4.0", "could not be read",
		},
		{
			"token refused", karmaktest.Fault{Kind: karmaktest.RevokedToken},
			relatedro.ActivationUnreachable, "", "answered with an error",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := dealer(t, karmaktest.Config{}, threeLevels()...)
			if test.fault.Kind != "" {
				if err := sim.SetFault(test.fault); err != nil {
					t.Fatal(err)
				}
			}
			c := client(t, sim, func(c *karmak.Config) {
				if test.fault.Kind == karmaktest.Hang {
					c.RequestTimeout = 100 * time.Millisecond
				}
			})
			got := c.CheckActivation(t.Context(), over)
			if got.State != test.state || got.FusionVersion != test.version || !strings.Contains(got.Message, test.says) {
				t.Errorf("CheckActivation: %+v, want %s of version %q saying %q", got, test.state, test.version, test.says)
			}
		})
	}
}

func TestCheckActivationOfAccountsNotOpen(t *testing.T) {
	c := client(t, dealer(t, karmaktest.Config{}))
	for _, over := range []relatedro.Connection{{Account: "other", User: user}, {}} {
		got := c.CheckActivation(t.Context(), over)
		if got.State != relatedro.ActivationUnreachable || !strings.Contains(got.Message, "does not let us read") {
			t.Errorf("CheckActivation over %+v: %+v", over, got)
		}
	}
}

func TestCheckActivationOfAnEmptyAccount(t *testing.T) {
	sim := dealer(t, karmaktest.Config{})
	if got := client(t, sim).CheckActivation(t.Context(), over); got.State != relatedro.Active {
		t.Errorf("CheckActivation: %+v, want active", got)
	}
	if n := sim.Counts().Total; n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// A person who has just started the server again is told so, although retrievals
// leave the account alone.
func TestStatusIsAskedWhileTheAccountIsLeftAlone(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.Offline})
	c := client(t, sim)
	untilLeftAlone(t, sim, c)
	sim.ClearFaults()
	if got, err := c.Status(t.Context(), over); err != nil || !got.Online {
		t.Errorf("Status: %+v, %v, want online", got, err)
	}
}
