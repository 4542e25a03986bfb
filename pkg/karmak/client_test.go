package karmak

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"related-ro/pkg/relatedro"
)

func TestPausesGrowUntilALookUpIsAnswered(t *testing.T) {
	a := newAccount(Config{}.withDefaults())
	limited := func(said time.Duration) time.Duration {
		f := &relatedro.Failure{Reason: relatedro.RateLimited, RetryAfter: said}
		a.record(t.Context(), request{kind: CallHeaders}, f)
		if got := a.admit(CallHeaders); got == nil || got.Reason != relatedro.RateLimited || got.RetryAfter > f.RetryAfter ||
			got.RetryAfter < f.RetryAfter-time.Second {
			t.Errorf("failure %v, want rate_limited for %s", got, f.RetryAfter)
		}
		return f.RetryAfter
	}
	for i, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		if got := limited(0); got != want {
			t.Errorf("pause %d is %s, want %s", i+1, got, want)
		}
	}
	if got := limited(time.Minute); got != time.Minute {
		t.Errorf("pause is %s, want a minute", got)
	}
	for range 100 {
		limited(0)
	}
	if got := limited(0); got != maxRetryAfter {
		t.Errorf("the longest pause is %s, want %s", got, maxRetryAfter)
	}
	a.record(t.Context(), request{kind: CallToken}, nil) // from the cloud, not the dealer's server
	if got := limited(0); got != maxRetryAfter {
		t.Errorf("after a token call the pause is %s, want %s", got, maxRetryAfter)
	}
	a.record(t.Context(), request{kind: CallHeaders}, nil)
	if got := limited(0); got != firstPause {
		t.Errorf("after an answer the pause is %s, want %s", got, firstPause)
	}
}

// trialDue returns an account that failed too often, in its state after the circuit's delay.
func trialDue(t *testing.T) *account {
	t.Helper()
	a := newAccount(Config{}.withDefaults())
	for range circuitFailures {
		if f := a.admit(CallHeaders); f != nil {
			t.Fatal(f)
		}
		a.record(t.Context(), request{kind: CallHeaders}, &relatedro.Failure{Reason: relatedro.DMSError})
	}
	a.circuit.HalfOpen()
	return a
}

func TestTrialDecidesForTheNext(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name   string
		caller context.Context
		came   *relatedro.Failure
		want   relatedro.Reason // of the next request; empty when it is admitted
	}{
		{"that shows it well", t.Context(), nil, ""},
		{"that shows it down", t.Context(), &relatedro.Failure{Reason: relatedro.DMSError}, relatedro.Unreachable},
		{"whose caller went away", gone, &relatedro.Failure{Reason: relatedro.OutOfTime}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := trialDue(t)
			if f := a.admit(CallHeaders); f != nil {
				t.Fatal(f)
			}
			a.record(test.caller, request{kind: CallHeaders}, test.came)
			var err error
			if f := a.admit(CallHeaders); f != nil {
				err = f
			}
			if got := failureOf(err).Reason; got != test.want {
				t.Errorf("the next request has reason %q, want %q", got, test.want)
			}
		})
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	a := newAccount(Config{}.withDefaults())
	if f := a.turn.take(t.Context()); f != nil {
		t.Fatal(f)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if f := a.turn.take(ctx); f == nil || f.Reason != relatedro.OutOfTime {
		t.Errorf("failure %v, want out_of_time", f)
	}
}

func TestRefusedTokenThatHasBeenReplacedIsNotDropped(t *testing.T) {
	c, l, replaced := New(Config{Now: noon}), &login{turn: make(turn, 1)}, &token{"new", noon().Add(time.Hour)}
	l.token.Store(&token{"old", noon().Add(time.Hour)})
	refused, err := (&unity{c: c, login: l}).access(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.token.Store(replaced)
	refused.drop()
	if l.token.Load() != replaced {
		t.Error("the new token was dropped")
	}
}

// hanging is a transport that never answers and returns when the caller's context ends.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A goroutine that waits for another's token call does not share the other's cancellation.
func TestCallerOfTheTokenCallGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{BaseURL: base, Credentials: Static("client", "s3cret-value"), Transport: hanging{}, RequestTimeout: time.Hour})
		s, failure := c.session(relatedro.Connection{Account: "acct-1", User: "user-1"})
		if failure != nil {
			t.Fatal(failure)
		}
		leaving, leave := context.WithCancel(t.Context())
		go s.face.access(leaving)
		synctest.Wait()
		staying, end := context.WithCancel(t.Context())
		defer end()
		waited := make(chan error, 1)
		go func() {
			_, err := s.face.access(staying)
			waited <- err
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Errorf("the waiting goroutine failed: %v", err)
		default: // it makes its own call
		}
	})
}

func TestRefusedCredentialsThatHaveBeenReplacedAreNotReadAgain(t *testing.T) {
	reads := 0
	k := newKeyring(func(context.Context) (Credentials, error) {
		reads++
		return Credentials{ClientID: "client", ClientSecret: "new"}, nil
	}, noon)
	for range 2 {
		if keys, err := k.get(t.Context()); err != nil || keys.ClientSecret != "new" {
			t.Errorf("credentials %v, %v", keys, err)
		}
		k.reject(Credentials{ClientID: "client", ClientSecret: "old"})
	}
	if reads != 1 {
		t.Errorf("credentials read %d times, want once", reads)
	}
}
