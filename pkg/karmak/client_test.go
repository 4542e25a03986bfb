package karmak

import (
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

func TestAskedToWaitTwiceWaitsForTheLonger(t *testing.T) {
	a := newAccount(Config{}.withDefaults())
	for _, wait := range []time.Duration{time.Minute, 0} { // of two requests that were on their way together
		a.record(t.Context(), CallHeaders, &relatedro.Failure{Reason: relatedro.RateLimited, RetryAfter: wait})
	}
	if f := a.admit(CallHeaders); f == nil || f.Reason != relatedro.RateLimited || f.RetryAfter < 50*time.Second {
		t.Errorf("failure %v, want rate_limited for about a minute", f)
	}
}
