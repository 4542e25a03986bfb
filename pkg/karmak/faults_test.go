package karmak_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// failure calls Families and returns the *Failure of its error.
func failure(t *testing.T, c *karmak.Client, connection relatedro.Connection, ros ...string) *relatedro.Failure {
	t.Helper()
	_, err := c.Families(t.Context(), connection, ros)
	var f *relatedro.Failure
	if !errors.As(err, &f) {
		t.Fatalf("Families: %v, want a *Failure", err)
	}
	return f
}

// struck returns a simulator of threeLevels with the fault, and a client of it. The client waits
// only briefly for an answer that never comes.
func struck(t *testing.T, fault karmaktest.Fault) (*karmaktest.Server, *karmak.Client) {
	t.Helper()
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	strike(t, sim, fault)
	return sim, client(t, sim, func(c *karmak.Config) {
		if fault.Kind == karmaktest.Hang || fault.Kind == karmaktest.Stall || fault.Kind == karmaktest.Latency {
			c.RequestTimeout = 100 * time.Millisecond
		}
	})
}

func TestEveryFaultHasItsReason(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault karmaktest.Fault
		want  relatedro.Reason
		after time.Duration
	}{
		{"429 with seconds", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "30"}, relatedro.RateLimited, 30 * time.Second},
		{"429 with a date", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "+90s"}, relatedro.RateLimited, 80 * time.Second},
		{"429 with a day", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "86400"}, relatedro.RateLimited, time.Hour},
		{"429 without", karmaktest.Fault{Kind: karmaktest.RateLimited}, relatedro.RateLimited, 5 * time.Second},
		{"403 with seconds", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 403, RetryAfter: "30"}, relatedro.RateLimited,
			30 * time.Second},
		{"408", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 408}, relatedro.DMSError, 0},
		{"415", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 415}, relatedro.UnexpectedAnswer, 0},
		{"515", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 515}, relatedro.DMSError, 0},
		{"500", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 500}, relatedro.DMSError, 0},
		{"502", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 502}, relatedro.DMSError, 0},
		{"503 with seconds", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503, RetryAfter: "7"}, relatedro.DMSError,
			7 * time.Second},
		{"504", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 504}, relatedro.DMSError, 0},
		{"an unknown 4xx", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 418}, relatedro.UnexpectedAnswer, 0},
		{"400 that names nothing", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 400}, relatedro.UnexpectedAnswer, 0},
		{"404 that names nothing", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 404}, relatedro.UnexpectedAnswer, 0},
		{"hang", karmaktest.Fault{Kind: karmaktest.Hang}, relatedro.Unreachable, 0},
		{"stall in mid-body", karmaktest.Fault{Kind: karmaktest.Stall}, relatedro.Unreachable, 0},
		{"slow", karmaktest.Fault{Kind: karmaktest.Latency, Latency: time.Minute}, relatedro.Unreachable, 0},
		{"reset", karmaktest.Fault{Kind: karmaktest.Reset}, relatedro.Unreachable, 0},
		{"reset in mid-body", karmaktest.Fault{Kind: karmaktest.ResetBody}, relatedro.Unreachable, 0},
		{"truncated", karmaktest.Fault{Kind: karmaktest.Truncated}, relatedro.UnexpectedAnswer, 0},
		{"wrong JSON", karmaktest.Fault{Kind: karmaktest.WrongJSON}, relatedro.UnexpectedAnswer, 0},
		{"more than a ProcessGUID", karmaktest.Fault{Kind: karmaktest.NotOnlyGUID}, relatedro.UnexpectedAnswer, 0},
		{"HTML", karmaktest.Fault{Kind: karmaktest.HTML}, relatedro.UnexpectedAnswer, 0},
		{"over 8 MiB", karmaktest.Fault{Kind: karmaktest.Oversized}, relatedro.UnexpectedAnswer, 0},
		{"tokens expire at once", karmaktest.Fault{Kind: karmaktest.ExpiredToken}, relatedro.DMSError, 0},
		{"tokens are revoked at once", karmaktest.Fault{Kind: karmaktest.RevokedToken}, relatedro.DMSError, 0},
		{"offline", karmaktest.Fault{Kind: karmaktest.Offline}, relatedro.DealerOffline, 0},
		{"offline with 500", karmaktest.Fault{Kind: karmaktest.Offline, Status: 500}, relatedro.DealerOffline, 0},
		{"not activated, 403", karmaktest.Fault{Kind: karmaktest.NotActivated}, relatedro.NotActivated, 0},
		{"not activated, no view", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 404}, relatedro.NotActivated, 0},
		{"not activated, no column", karmaktest.Fault{Kind: karmaktest.NotActivated, Status: 400}, relatedro.NotActivated, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.fault.Kind != karmaktest.Offline {
				test.fault.Call = karmaktest.CallHeaders
			}
			sim, c := struck(t, test.fault)
			f := failure(t, c, connection, "100")
			if f.Reason != test.want {
				t.Errorf("reason %s (%v), want %s", f.Reason, f.Err, test.want)
			}
			if f.RetryAfter < test.after {
				t.Errorf("RetryAfter %s, want at least %s", f.RetryAfter, test.after)
			}
			sim.ClearFaults()
		})
	}
}

func TestFaultsOfTheTokenCall(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault karmaktest.Fault
		want  relatedro.Reason
	}{
		{"429", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "30"}, relatedro.RateLimited},
		{"503", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503}, relatedro.DMSError},
		{"hang", karmaktest.Fault{Kind: karmaktest.Hang}, relatedro.Unreachable},
		{"reset in mid-body", karmaktest.Fault{Kind: karmaktest.ResetBody}, relatedro.Unreachable},
		{"truncated", karmaktest.Fault{Kind: karmaktest.Truncated}, relatedro.UnexpectedAnswer},
		{"HTML", karmaktest.Fault{Kind: karmaktest.HTML}, relatedro.UnexpectedAnswer},
		{"wrong JSON", karmaktest.Fault{Kind: karmaktest.WrongJSON}, relatedro.UnexpectedAnswer},
		{"404", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 404}, relatedro.UnexpectedAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.fault.Call = karmaktest.CallToken
			sim, c := struck(t, test.fault)
			if f := failure(t, c, connection, "100"); f.Reason != test.want {
				t.Errorf("reason %s (%v), want %s", f.Reason, f.Err, test.want)
			}
			expectLookups(t, sim, 0)
		})
	}
}

func TestPassingFaultsAreRetried(t *testing.T) {
	for _, fault := range []karmaktest.Fault{
		{Kind: karmaktest.RateLimited, RetryAfter: "1"},
		{Kind: karmaktest.StatusError, Status: 400},
		{Kind: karmaktest.StatusError, Status: 408},
		{Kind: karmaktest.StatusError, Status: 502},
		{Kind: karmaktest.StatusError, Status: 503},
		{Kind: karmaktest.StatusError, Status: 504},
		{Kind: karmaktest.ResetBody},
		{Kind: karmaktest.ExpiredToken},
		{Kind: karmaktest.RevokedToken},
	} {
		for _, page := range []int{1, 2, 3, 500} {
			t.Run(fmt.Sprintf("%s %d/page of %d", fault.Kind, fault.Status, page), func(t *testing.T) {
				t.Parallel()
				sim := dealer(t, karmaktest.Config{MaxPageSize: page}, threeLevels()...)
				fault := fault
				fault.Call, fault.Times = karmaktest.CallHeaders, 1
				strike(t, sim, fault)
				if n := len(families(t, client(t, sim), connection, "100")["100"].Related); n != 5 {
					t.Errorf("%d related ROs, want 5", n)
				}
			})
		}
	}
}

func TestPermanentFaultsAreNotRetried(t *testing.T) {
	for _, fault := range []karmaktest.Fault{
		{Kind: karmaktest.StatusError, Status: 500},
		{Kind: karmaktest.StatusError, Status: 418},
		{Kind: karmaktest.NotActivated},
		{Kind: karmaktest.HTML},
		{Kind: karmaktest.RateLimited},
		{Kind: karmaktest.RateLimited, RetryAfter: "30"},
		{Kind: karmaktest.Hang},
	} {
		t.Run(fmt.Sprint(fault.Kind, fault.Status), func(t *testing.T) {
			fault.Call = karmaktest.CallHeaders
			sim, c := struck(t, fault)
			failure(t, c, connection, "100")
			expectLookups(t, sim, 1)
		})
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	sim, c := struck(t, karmaktest.Fault{Kind: karmaktest.RevokedToken, Call: karmaktest.CallHeaders})
	c.CheckActivation(t.Context(), connection)
	got := sim.Counts().Calls
	want := map[string]int{karmaktest.CallToken: 2, karmaktest.CallHeaders: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAnswerMayHave8MiB(t *testing.T) {
	for size, want := range map[int]relatedro.ActivationState{8 << 20: relatedro.Active, 8<<20 + 1: relatedro.ActivationUnreachable} {
		c := client(t, dealer(t, karmaktest.Config{}), func(c *karmak.Config) {
			c.Transport = fixedBody("[]" + strings.Repeat(" ", size-len("[]")))
		})
		if got := c.CheckActivation(t.Context(), connection); got.State != want {
			t.Errorf("answer of %d bytes: %+v, want %s", size, got, want)
		}
	}
}

func TestDeadlineOfTheCallerHolds(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := client(t, sim)
	// Fetch the token first: a token call could use up the short deadline below.
	families(t, c, connection, "900")
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.Hang, Call: karmaktest.CallHeaders})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := c.Families(ctx, connection, []string{"100"})
	if failureReason(err) != relatedro.OutOfTime {
		t.Errorf("Families: %v, want out_of_time", err)
	}
}

func TestCanceledCallerIsOutOfTime(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, sim).Families(ctx, connection, []string{"100"})
	if failureReason(err) != relatedro.OutOfTime {
		t.Errorf("Families: %v, want out_of_time", err)
	}
	if n := sim.Counts().Total; n != 0 {
		t.Errorf("%d requests after the context ended, want none", n)
	}
}

func TestServerThatIgnoresPageNumbers(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := client(t, sim, func(c *karmak.Config) { c.Transport = fixedBody(`[{"RONumber":"100","OriginalRONumber":"100"}]`) })
	if f := failure(t, c, connection, "100"); f.Reason != relatedro.UnexpectedAnswer {
		t.Errorf("failure %v, want unexpected_answer", f)
	}
}
