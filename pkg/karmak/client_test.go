package karmak

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"related-ro/pkg/relatedro"
)

func TestAskedToWaitTwiceWaitsForTheLonger(t *testing.T) {
	a := newAccount(Config{}.withDefaults())
	for _, wait := range []time.Duration{time.Minute, 0} { // of two requests that were on their way together
		a.record(t.Context(), CallHeaders, &relatedro.Failure{Reason: relatedro.RateLimited, RetryAfter: wait})
	}
	if f := a.admit(t.Context(), CallHeaders); f == nil || f.Reason != relatedro.RateLimited || f.RetryAfter < 50*time.Second {
		t.Errorf("failure %v, want rate_limited for about a minute", f)
	}
}

// leftAlone returns an account that failed too often, as it is after the circuit's delay.
func leftAlone(t *testing.T) *account {
	t.Helper()
	a := newAccount(Config{}.withDefaults())
	for range circuitFailures {
		if f := a.admit(t.Context(), CallHeaders); f != nil {
			t.Fatal(f)
		}
		a.record(t.Context(), CallHeaders, &relatedro.Failure{Reason: relatedro.KarmakError})
	}
	a.circuit.HalfOpen()
	return a
}

func TestOthersWaitForTheEndOfATrial(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name   string
		caller context.Context
		came   *relatedro.Failure
		want   relatedro.Reason // of who waited; empty when it may ask
	}{
		{"that shows it well", t.Context(), nil, ""},
		{"that shows it down", t.Context(), &relatedro.Failure{Reason: relatedro.KarmakError}, relatedro.Unreachable},
		{"whose caller went away", gone, &relatedro.Failure{Reason: relatedro.OutOfTime}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := leftAlone(t)
			if f := a.admit(test.caller, CallHeaders); f != nil {
				t.Fatal(f)
			}
			if f := a.admit(gone, CallHeaders); f == nil || f.Reason != relatedro.OutOfTime {
				t.Errorf("failure %v, want out_of_time of whoever cannot wait", f)
			}
			waited := make(chan error)
			go func() {
				if f := a.admit(t.Context(), CallHeaders); f != nil {
					waited <- f
				}
				close(waited)
			}()
			a.record(test.caller, CallHeaders, test.came)
			if got := failureOf(<-waited).Reason; got != test.want {
				t.Errorf("who waited has %q, want %q", got, test.want)
			}
		})
	}
}

func TestRefusedTokenThatHasBeenReplacedIsNotDropped(t *testing.T) {
	in := &signIn{token: "new", until: noon()}
	in.drop("old")
	if in.token != "new" {
		t.Error("the new token is gone")
	}
}

// hanging is a transport that answers nothing until the caller goes away.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// Who waits for another's token call gets no failure that is only the other's.
func TestWhoMadeTheTokenCallGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{BaseURL: base, Credentials: Static("client", "s3cret-value"), Transport: hanging{}, RequestTimeout: time.Hour})
		s, failure := c.session(relatedro.Connection{Account: "acct-1", User: "user-1"})
		if failure != nil {
			t.Fatal(failure)
		}
		leaving, leave := context.WithCancel(t.Context())
		go c.token(leaving, s)
		synctest.Wait()
		staying, end := context.WithCancel(t.Context())
		defer end()
		waited := make(chan error, 1)
		go func() {
			_, err := c.token(staying, s)
			waited <- err
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Errorf("who waited has failed: %v", err)
		default: // makes a call of its own
		}
	})
}

func TestRefusedCredentialsThatHaveBeenReplacedAreNotReadAgain(t *testing.T) {
	reads := 0
	k := newKeyring(func(context.Context) (Credentials, error) {
		reads++
		return Credentials{"client", "new"}, nil
	}, noon)
	for range 2 {
		if keys, err := k.get(t.Context()); err != nil || keys.ClientSecret != "new" {
			t.Errorf("credentials %v, %v", keys, err)
		}
		k.reject(Credentials{"client", "old"})
	}
	if reads != 1 {
		t.Errorf("read %d times, want once", reads)
	}
}
