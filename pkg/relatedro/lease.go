package relatedro

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"
)

// Rank is the priority of a request for an account. The higher rank goes first.
type Rank int

// The ranks. RankPerson is for requests that a person waits for; RankFollow is for the search for
// changes, which never has anyone waiting.
const (
	RankFollow Rank = iota + 1
	RankBatch
	RankPerson
)

// Claim is a request for an account's lease.
type Claim struct {
	Account string
	// Holder is unique to this claim, so that a repeated request finds its own lease.
	Holder string
	Rank   Rank
	Now    time.Time
	Until  time.Time
}

// Lease is the state of an account's lease: how long it is held, and which rank waits for it.
type Lease struct {
	HeldSince   time.Time // zero while it is free, like HeldUntil
	HeldUntil   time.Time
	WantedBy    Rank      // lower ranks yield
	WantedUntil time.Time // zero while no rank waits
}

// ErrLeased means that another holder has the lease or a higher rank waits for it.
var ErrLeased = errors.New("leased to another")

// LeaseStore lends each account to one holder at a time, across all functions and processes. It
// ignores a time more than FarAhead in the future, because only a wrong clock can have written it.
type LeaseStore interface {
	// TakeLease gives the account to c.Holder until c.Until and returns a fencing number that grows
	// with each holder, or it returns ErrLeased. It clears the waiting of c.Rank and all lower
	// ranks; claims that are still waiting must call WantLease again.
	TakeLease(ctx context.Context, c Claim) (fence int64, err error)

	// WantLease keeps lower ranks from taking the lease until c.Until, unless a higher rank already
	// does so.
	WantLease(ctx context.Context, c Claim) error

	// Lease returns the state of the lease, read with strong consistency.
	Lease(ctx context.Context, account string) (Lease, error)

	// ReleaseLease ends the lease with the given number. It leaves another holder's lease alone.
	ReleaseLease(ctx context.Context, account string, fence int64) error
}

// Limits of leases.
const (
	// FarAhead is longer than any lease or wait can last.
	FarAhead = 2 * time.Minute

	longestHold = time.Minute
	// leaseMargin is the time from the end of the holder's context to the end of its lease, because
	// clocks differ.
	leaseMargin   = 2 * time.Second
	releaseWithin = time.Second            // after that, the lease expires on its own
	shortestPoll  = 25 * time.Millisecond  // first pause of a waiting claim; doubles each time
	longestPoll   = 250 * time.Millisecond // about as long as a DMS takes to answer
)

// patience is how long a rank waits for its turn. A person waits at most half of VerifyWithin; a
// batch waits long enough for another function's group to end.
func (r Rank) patience() time.Duration {
	if r == RankPerson {
		return VerifyWithin / 2
	}
	return 3 * time.Second
}

// free reports whether a claim of the given rank may try to take the lease.
func (l Lease) free(rank Rank, now time.Time) bool {
	return !ahead(l.HeldUntil, now) && (!ahead(l.WantedUntil, now) || l.WantedBy <= rank)
}

// slow reports whether the holder has had the lease for longer than a batch waits. Four look-ups of
// a DMS that answers within 0.7 s end sooner.
func (l Lease) slow(now time.Time) bool {
	return ahead(l.HeldUntil, now) && now.Sub(l.HeldSince) >= RankBatch.patience()
}

// wanted reports whether ranks below the given one already yield.
func (l Lease) wanted(rank Rank, now time.Time) bool {
	return ahead(l.WantedUntil, now) && l.WantedBy >= rank
}

func ahead(until, now time.Time) bool { return until.After(now) && !until.After(now.Add(FarAhead)) }

// turns serializes requests to an account: the DMS reads the database that the dealer works on all
// day.
type turns struct {
	store LeaseStore
	now   func() time.Time
}

// alone calls ask while it holds the account's lease. The context passed to ask ends before the
// lease does. An error means that ask was not called: a *Failure of AccountBusy once the rank's
// patience has run out, or the store's error.
func (t turns) alone(ctx context.Context, account string, rank Rank, ask func(context.Context)) error {
	asking, cancel := context.WithTimeout(ctx, longestHold)
	defer cancel()
	fence, err := t.take(asking, account, rank)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
		defer cancel()
		_ = t.store.ReleaseLease(ctx, account, fence) // otherwise it expires
	}()
	ask(asking)
	return nil
}

// take acquires the account's lease until shortly after the end of ctx, which has a deadline, and
// waits for it if necessary.
func (t turns) take(ctx context.Context, account string, rank Rank) (fence int64, err error) {
	end, _ := ctx.Deadline()
	waiting, cancel := context.WithTimeout(ctx, rank.patience())
	defer cancel()
	c := Claim{Account: account, Holder: rand.Text(), Rank: rank}
	for {
		c.Now = t.now()
		c.Until = c.Now.Add(time.Until(end) + leaseMargin)
		if fence, err = t.store.TakeLease(ctx, c); !errors.Is(err, ErrLeased) {
			return fence, err
		}
		if err := t.await(waiting, c); err != nil {
			return 0, err
		}
	}
}

// await returns when c may try again. Only a person waits for a slow account: a batch has other
// messages, and others need it.
func (t turns) await(ctx context.Context, c Claim) error {
	for pause := shortestPoll; ; pause = min(2*pause, longestPoll) {
		lease, err := t.store.Lease(ctx, c.Account)
		c.Now = t.now()
		if err == nil {
			switch {
			case lease.free(c.Rank, c.Now):
				return nil
			case c.Rank != RankPerson && lease.slow(c.Now):
				return busy(c.Account, true)
			case !lease.wanted(c.Rank, c.Now):
				end, _ := ctx.Deadline()
				c.Until = c.Now.Add(time.Until(end))
				err = t.store.WantLease(ctx, c)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return busy(c.Account, false)
		case <-time.After(pause/2 + mathrand.N(pause)):
		}
	}
}

func busy(account string, slow bool) *Failure {
	return &Failure{Reason: AccountBusy, NotAsked: true, Busy: &Busy{account, slow}}
}
