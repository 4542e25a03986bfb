package karmak_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// clock is a time that tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func tokenCalls(sim *karmaktest.Server) int { return sim.Counts().Calls[karmaktest.CallToken] }

func TestTokenIsFetchedOnceForAll(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	strike(t, sim, karmaktest.Fault{
		Kind: karmaktest.Latency, Latency: 20 * time.Millisecond, Call: karmaktest.CallToken,
	})
	c := client(t, sim)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { families(t, c, connection, "100") })
	}
	all.Wait()
	if n := tokenCalls(sim); n != 1 {
		t.Errorf("%d token calls, want 1", n)
	}
}

func TestTokenIsReplacedBeforeItExpires(t *testing.T) {
	clock := newClock()
	sim := dealer(t, karmaktest.Config{Now: clock.Now}, threeLevels()...)
	c := client(t, sim, func(c *karmak.Config) { c.Now = clock.Now })
	for _, step := range []struct {
		advance time.Duration
		calls   int
	}{{0, 1}, {58 * time.Minute, 1}, {90 * time.Second, 2}, {time.Minute, 2}} {
		clock.advance(step.advance)
		families(t, c, connection, "100")
		if n := tokenCalls(sim); n != step.calls {
			t.Errorf("after another %s: %d token calls, want %d", step.advance, n, step.calls)
		}
	}
}

func TestEachUserHasATokenOfItsOwn(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	if err := sim.AddAccount(karmaktest.Account{ID: account, Users: []string{user, "user-2"}}); err != nil {
		t.Fatal(err)
	}
	c := client(t, sim)
	families(t, c, connection, "100")
	families(t, c, relatedro.Connection{Account: account, User: "user-2"}, "100")
	families(t, c, atBranch("MAIN"), "100")
	if n := tokenCalls(sim); n != 2 {
		t.Errorf("%d token calls, want 2", n)
	}
}

func TestAccountNotOpenToUs(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := client(t, sim)
	for _, connection := range []relatedro.Connection{
		{Account: "other", User: user}, {Account: account, User: "other"}, {Account: account}, {User: user},
	} {
		if f := failure(t, c, connection, "100"); f.Reason != relatedro.AccountNotPermitted {
			t.Errorf("over %+v: %v, want account_not_permitted", connection, f)
		}
	}
	families(t, c, connection, "100") // others are not affected
}

// store has our credentials, and counts how often they are read.
type store struct {
	secret string
	err    error
	reads  int
}

func (s *store) read(context.Context) (karmak.Credentials, error) {
	s.reads++
	return karmak.Credentials{ClientID: "client", ClientSecret: s.secret}, s.err
}

// clientOf returns a client that reads its credentials from the store, by the clock.
func clientOf(t *testing.T, sim *karmaktest.Server, s *store, clock *clock) *karmak.Client {
	t.Helper()
	return client(t, sim, func(c *karmak.Config) { c.Credentials, c.Now = s.read, clock.Now })
}

func TestRotatedSecretIsReadAgain(t *testing.T) {
	clock, store := newClock(), &store{secret: "s3cret-value"}
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := clientOf(t, sim, store, clock)
	families(t, c, connection, "100")
	families(t, c, connection, "100")
	if store.reads != 1 {
		t.Errorf("the credentials were read %d times, want once", store.reads)
	}

	sim.RotateSecret("n3w-value")
	sim.RevokeTokens("")
	store.secret = "n3w-value"
	clock.advance(2 * time.Minute)
	families(t, c, connection, "100")
	if store.reads != 2 {
		t.Errorf("the credentials were read %d times, want twice", store.reads)
	}
}

func TestRefusedCredentialsAreReadOnceAMinute(t *testing.T) {
	for name, test := range map[string]struct {
		err    error            // of every read but the first
		reason relatedro.Reason // of the failure after every read but the first
		calls  int              // token calls
	}{
		"and refused again":  {nil, relatedro.CredentialsRejected, 3},
		"and not to be read": {context.DeadlineExceeded, relatedro.CredentialsUnavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			clock, store := newClock(), &store{secret: "wrong"}
			sim := dealer(t, karmaktest.Config{}, threeLevels()...)
			c := clientOf(t, sim, store, clock)
			for _, step := range []struct {
				advance time.Duration
				reads   int
				want    relatedro.Reason
			}{
				{0, 1, relatedro.CredentialsRejected},
				{30 * time.Second, 1, relatedro.CredentialsRejected},
				{30 * time.Second, 2, test.reason},
				{59 * time.Second, 2, relatedro.CredentialsRejected},
				{time.Second, 3, test.reason},
			} {
				clock.advance(step.advance)
				f := failure(t, c, connection, "100")
				if f.Reason != step.want || store.reads != step.reads {
					t.Errorf("after another %s: %v and %d reads, want %s and %d", step.advance, f, store.reads, step.want, step.reads)
				}
				if f.Reason == relatedro.CredentialsRejected && (f.RetryAfter <= 0 || f.RetryAfter > time.Minute) {
					t.Errorf("after another %s: RetryAfter %s, want at most a minute", step.advance, f.RetryAfter)
				}
				store.err = test.err
			}
			if n := tokenCalls(sim); n != test.calls {
				t.Errorf("%d token calls, want %d", n, test.calls)
			}
		})
	}
}

func TestCredentialsThatCannotBeRead(t *testing.T) {
	store := &store{secret: "s3cret-value", err: context.DeadlineExceeded}
	c := clientOf(t, dealer(t, karmaktest.Config{}, threeLevels()...), store, newClock())
	if f := failure(t, c, connection, "100"); f.Reason != relatedro.CredentialsUnavailable {
		t.Errorf("failure %v, want credentials_unavailable", f)
	}
	store.err = nil
	families(t, c, connection, "100")
}
