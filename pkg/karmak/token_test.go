package karmak_test

import (
	"context"
	"sync"
	"sync/atomic"
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

func TestRotatedSecretIsReadAgain(t *testing.T) {
	clock := newClock()
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	secret, reads := "s3cret-value", 0
	c := client(t, sim, func(c *karmak.Config) {
		c.Now = clock.Now
		c.Credentials = func(context.Context) (karmak.Credentials, error) {
			reads++
			return karmak.Credentials{ClientID: "client", ClientSecret: secret}, nil
		}
	})
	families(t, c, connection, "100")
	families(t, c, connection, "100")
	if reads != 1 {
		t.Errorf("the credentials were read %d times, want once", reads)
	}

	sim.RotateSecret("n3w-value")
	sim.RevokeTokens("")
	secret = "n3w-value"
	clock.advance(2 * time.Minute)
	families(t, c, connection, "100")
	if reads != 2 {
		t.Errorf("the credentials were read %d times, want twice", reads)
	}
}

func TestRefusedCredentialsAreReadOnceAMinute(t *testing.T) {
	clock := newClock()
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	var reads atomic.Int32
	c := client(t, sim, func(c *karmak.Config) {
		c.Now = clock.Now
		c.Credentials = func(context.Context) (karmak.Credentials, error) {
			reads.Add(1)
			return karmak.Credentials{ClientID: "client", ClientSecret: "wrong"}, nil
		}
	})
	for _, step := range []struct {
		advance time.Duration
		reads   int32
	}{{0, 1}, {30 * time.Second, 1}, {31 * time.Second, 2}, {time.Second, 2}} {
		clock.advance(step.advance)
		f := failure(t, c, connection, "100")
		if f.Reason != relatedro.CredentialsRejected || f.RetryAfter <= 0 || f.RetryAfter > time.Minute {
			t.Errorf("failure %v after %s, want credentials_rejected within a minute", f, f.RetryAfter)
		}
		if n := reads.Load(); n != step.reads {
			t.Errorf("after another %s: read %d times, want %d", step.advance, n, step.reads)
		}
		if n := tokenCalls(sim); n != int(step.reads) {
			t.Errorf("after another %s: %d token calls, want %d", step.advance, n, step.reads)
		}
	}
}

func TestRefusedCredentialsThatCannotBeReadAgainAreTriedOnceAMinute(t *testing.T) {
	clock := newClock()
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	reads := 0
	c := client(t, sim, func(c *karmak.Config) {
		c.Now = clock.Now
		c.Credentials = func(context.Context) (karmak.Credentials, error) {
			if reads++; reads > 1 {
				return karmak.Credentials{}, context.DeadlineExceeded
			}
			return karmak.Credentials{ClientID: "client", ClientSecret: "wrong"}, nil
		}
	})
	for _, step := range []struct {
		advance time.Duration
		reads   int
		reason  relatedro.Reason
	}{
		{0, 1, relatedro.CredentialsRejected},
		{time.Minute, 2, relatedro.CredentialsUnavailable},
		{59 * time.Second, 2, relatedro.CredentialsRejected},
		{time.Second, 3, relatedro.CredentialsUnavailable},
	} {
		clock.advance(step.advance)
		if f := failure(t, c, connection, "100"); f.Reason != step.reason {
			t.Errorf("failure %v, want %s", f, step.reason)
		}
		if reads != step.reads {
			t.Errorf("after another %s: read %d times, want %d", step.advance, reads, step.reads)
		}
	}
	if n := tokenCalls(sim); n != 1 {
		t.Errorf("%d token calls with refused credentials, want 1", n)
	}
}

func TestCredentialsThatCannotBeRead(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	fails := true
	c := client(t, sim, func(c *karmak.Config) {
		c.Credentials = func(context.Context) (karmak.Credentials, error) {
			if fails {
				return karmak.Credentials{}, context.DeadlineExceeded
			}
			return karmak.Credentials{ClientID: "client", ClientSecret: "s3cret-value"}, nil
		}
	})
	if f := failure(t, c, connection, "100"); f.Reason != relatedro.CredentialsUnavailable {
		t.Errorf("failure %v, want credentials_unavailable", f)
	}
	fails = false
	families(t, c, connection, "100")
}
