package karmak

import (
	"context"
	"testing"
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

// leftAlone returns an account that failed too often, and may be tried again already.
func leftAlone(t *testing.T) *account {
	t.Helper()
	a := newAccount(Config{CircuitDelay: time.Nanosecond}.withDefaults())
	for range circuitFailures {
		if f := a.admit(t.Context(), CallHeaders); f != nil {
			t.Fatal(f)
		}
		a.record(t.Context(), CallHeaders, &relatedro.Failure{Reason: relatedro.KarmakError})
	}
	return a
}

func TestOthersWaitForTheEndOfATrial(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	down := &relatedro.Failure{Reason: relatedro.KarmakError}
	for _, test := range []struct {
		name   string
		caller context.Context
		came   *relatedro.Failure
	}{
		{"that shows it well", t.Context(), nil},
		{"that shows it down", t.Context(), down},
		{"whose caller went away", gone, &relatedro.Failure{Reason: relatedro.OutOfTime}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := leftAlone(t)
			if f := a.admit(test.caller, CallHeaders); f != nil {
				t.Fatal(f)
			}
			if f := a.admit(gone, CallHeaders); f == nil || f.Reason != relatedro.OutOfTime {
				t.Errorf("failure %v, want out_of_time of whoever cannot wait", f)
			}
			waited := make(chan *relatedro.Failure)
			go func() { waited <- a.admit(t.Context(), CallHeaders) }()
			a.record(test.caller, CallHeaders, test.came)
			if f := <-waited; f != nil { // the delay has passed again
				t.Errorf("failure %v of who waited", f)
			}
		})
	}
}
