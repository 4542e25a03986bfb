package karmak_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// twoDealers returns a simulator with two accounts, the first of which has the fault.
func twoDealers(t *testing.T, fault karmaktest.Fault) (*karmaktest.Server, relatedro.Connection) {
	t.Helper()
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	err := sim.AddAccount(karmaktest.Account{ID: "acct-2", Users: []string{user}, ROs: threeLevels()})
	if err != nil {
		t.Fatal(err)
	}
	fault.Account = account
	strike(t, sim, fault)
	return sim, relatedro.Connection{Account: "acct-2", User: user}
}

// untilCircuitOpens calls Families until a call makes no request, and returns that call's failure.
func untilCircuitOpens(t *testing.T, sim *karmaktest.Server, c *karmak.Client) *relatedro.Failure {
	t.Helper()
	for range 20 {
		before := sim.Counts().Total
		f := failure(t, c, connection, "100")
		if sim.Counts().Total == before {
			return f
		}
	}
	t.Fatal("the circuit never opens")
	return nil
}

func TestDeadServerOpensTheCircuit(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault karmaktest.Fault
		want  relatedro.Reason
	}{
		{"5xx", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503, Call: karmaktest.CallHeaders}, relatedro.Unreachable},
		{"no answer", karmaktest.Fault{Kind: karmaktest.ResetBody, Call: karmaktest.CallHeaders}, relatedro.Unreachable},
		{"offline", karmaktest.Fault{Kind: karmaktest.Offline}, relatedro.DealerOffline},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim, other := twoDealers(t, test.fault)
			c := client(t, sim)
			f := untilCircuitOpens(t, sim, c)
			if f.Reason != test.want || f.RetryAfter <= 0 || f.RetryAfter > 12*time.Second || !f.NotAsked {
				t.Errorf("failure %v after %s, want %s within the circuit's delay", f, f.RetryAfter, test.want)
			}
			families(t, c, other, "100") // other dealers are not affected
		})
	}
}

// Our own deadline is not the dealer's trouble: it does not open the circuit, and has its own
// reason.
func TestOwnDeadlineDoesNotOpenTheCircuit(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.Hang, Call: karmaktest.CallHeaders})
	c := client(t, sim)
	for range 12 { // more than enough to open a circuit
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := c.Families(ctx, connection, []string{"100"})
		cancel()
		if failureReason(err) != relatedro.OutOfTime {
			t.Fatalf("failure %v, want out_of_time", err)
		}
	}
	sim.ClearFaults()
	families(t, c, connection, "100")
}

func TestServerThatIsBackIsAskedAgain(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.StatusError, Status: 500, Call: karmaktest.CallHeaders})
	c := client(t, sim, func(c *karmak.Config) { c.CircuitDelay = 20 * time.Millisecond })
	untilCircuitOpens(t, sim, c)
	sim.ClearFaults()
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.Latency, Latency: 20 * time.Millisecond})
	lookups, trials := sim.Counts().Lookups(), 0
	for t.Context().Err() == nil {
		found, err := c.Families(t.Context(), connection, []string{"100"})
		if err == nil {
			if n := len(found["100"].Related); n != 5 {
				t.Errorf("%d related ROs, want 5", n)
			}
			return
		}
		if n := sim.Counts().Lookups(); n > lookups {
			lookups = n
			if trials++; trials > 1 { // one may be refused before the trial
				t.Fatalf("two trials failed although the server is back: %v", err)
			}
		}
	}
}

func TestServerThatIsBackIsNotOfflineAnyMore(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.Offline})
	c := client(t, sim, func(c *karmak.Config) { c.CircuitDelay = 20 * time.Millisecond })
	untilCircuitOpens(t, sim, c)
	sim.ClearFaults()
	for t.Context().Err() == nil {
		if _, err := c.Families(t.Context(), connection, []string{"100"}); err == nil {
			break
		}
	}
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.ResetBody, Call: karmaktest.CallHeaders})
	if f := untilCircuitOpens(t, sim, c); f.Reason != relatedro.Unreachable {
		t.Errorf("failure %v, want unreachable", f)
	}
}

func TestRefusalsDoNotOpenTheCircuit(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.NotActivated})
	c := client(t, sim)
	for range 15 {
		if f := failure(t, c, connection, "100"); f.Reason != relatedro.NotActivated {
			t.Fatalf("failure %v, want not_activated", f)
		}
	}
	sim.ClearFaults()
	families(t, c, connection, "100")
}

func TestRefusedTokensDoNotOpenTheCircuit(t *testing.T) {
	sim, _ := twoDealers(t, karmaktest.Fault{Kind: karmaktest.RevokedToken, Call: karmaktest.CallHeaders})
	c := client(t, sim)
	for range 15 {
		failure(t, c, connection, "100")
	}
	sim.ClearFaults()
	families(t, c, connection, "100")
}

func TestPauseHoldsForTheAccount(t *testing.T) {
	sim, other := twoDealers(t, karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "60", Call: karmaktest.CallHeaders, Times: 1})
	c := client(t, sim)
	failure(t, c, connection, "100")
	before := sim.Counts().Total
	f := failure(t, c, connection, "100")
	if f.Reason != relatedro.RateLimited || f.RetryAfter < 50*time.Second {
		t.Errorf("failure %v after %s, want rate_limited for about a minute", f, f.RetryAfter)
	}
	if n := sim.Counts().Total - before; n != 0 {
		t.Errorf("%d requests during the pause, want none", n)
	}
	families(t, c, other, "100")
}

func TestAccountGetsOneRequestAtATime(t *testing.T) {
	ros, numbers := forest(20, 1)
	sim := dealer(t, karmaktest.Config{MaxPageSize: 5}, ros...)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.Latency, Latency: 2 * time.Millisecond})
	c := client(t, sim)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { families(t, c, connection, numbers...) })
		all.Go(func() { c.CheckActivation(t.Context(), connection) })
	}
	all.Wait()
	if n := sim.Counts().MostAtOnce[account]; n != 1 {
		t.Errorf("%d requests at once, want 1", n)
	}
	for _, r := range sim.Requests() {
		if strings.Contains(r.URL, "sort=") || r.Call == karmaktest.CallHeaders && !strings.Contains(r.URL, "select=") {
			t.Errorf("%s has sort, or lacks select", r.URL)
		}
	}
}

// failAtOnce calls Families n times at once, and expects each call to fail.
func failAtOnce(t *testing.T, c *karmak.Client, n int, ros ...string) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := c.Families(t.Context(), connection, ros); err == nil {
				t.Error("Families succeeded")
			}
		})
	}
	all.Wait()
}

func TestStrugglingServerIsNotHitHarder(t *testing.T) {
	ros, numbers := forest(500, 1)
	sim := dealer(t, karmaktest.Config{}, ros...)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503, Call: karmaktest.CallHeaders})
	failAtOnce(t, client(t, sim), 20, numbers...)
	expectAtMost(t, sim, 5)
}

func TestPauseHoldsForAllCallers(t *testing.T) {
	sim, c := struck(t, karmaktest.Fault{Kind: karmaktest.RateLimited, Call: karmaktest.CallHeaders})
	failAtOnce(t, c, 100, "100")
	expectLookups(t, sim, 1)
}

func TestEveryAttemptIsObserved(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503, Call: karmaktest.CallToken, Times: 1})
	var mu sync.Mutex
	var calls []karmak.Call
	c := client(t, sim, func(c *karmak.Config) {
		c.Observe = func(call karmak.Call) {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, call)
		}
	})
	families(t, c, atBranch("MAIN"), "900")
	if len(calls) != 4 || len(calls) != sim.Counts().Total {
		t.Fatalf("Observe received %d calls, want 4: %+v", len(calls), calls)
	}
	first, second := calls[0], calls[1]
	if first.Kind != karmak.CallToken || first.Attempt != 1 || first.Status != 503 || first.Outcome != relatedro.DMSError {
		t.Errorf("first call %+v", first)
	}
	if second.Kind != karmak.CallToken || second.Attempt != 2 || second.Status != 200 || second.Outcome != "" {
		t.Errorf("second call %+v", second)
	}
}

func TestValidateNamesEveryInvalidField(t *testing.T) {
	err := karmak.Config{BaseURL: "ftp://karmak", RequestTimeout: -1}.Validate()
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) || len(all.Unwrap()) != 3 {
		t.Errorf("Validate: %v, want 3 errors", err)
	}
	good := karmak.Config{BaseURL: "https://api.karmak.io", Credentials: karmak.Static("a", "b")}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
}
