package relatedro

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"
)

// Rank says who asks an account first where several want to. The higher goes first.
type Rank int

// The ranks. Nobody waits for a look at what has changed; somebody waits for a refresh.
const (
	RankFollow Rank = iota + 1
	RankBatch
	RankPerson
)

// Claim is what somebody wants to have of an account's lease.
type Claim struct {
	Account string
	Holder  string // of this claim alone, so that a repeated request of it finds its own lease
	Rank    Rank
	Now     time.Time
	Until   time.Time
}

// Lease is how an account's lease stands: who has the account to itself, and who waits
// for it.
type Lease struct {
	HeldUntil   time.Time // zero while nobody has it
	WantedBy    Rank      // those below it stand back
	WantedUntil time.Time // zero while nobody waits
}

// ErrLeased is that another has the lease, or one of higher rank waits for it.
var ErrLeased = errors.New("leased to another")

// LeaseStore lends each account to one holder at a time, over all functions and
// processes. A time further ahead than FarAhead is of a clock that was wrong and does not
// count.
type LeaseStore interface {
	// TakeLease gives the account to the holder until c.Until, with a number that grows
	// with each holder, or returns ErrLeased. It ends the waiting of c's rank and those
	// below it: who still waits says so again.
	TakeLease(ctx context.Context, c Claim) (fence int64, err error)

	// WantLease keeps those of a lower rank from taking the lease until c.Until, unless a
	// higher rank does so already.
	WantLease(ctx context.Context, c Claim) error

	// Lease returns how the lease stands, strongly consistent.
	Lease(ctx context.Context, account string) (Lease, error)

	// ReleaseLease ends the lease that has the number. Another's lease stays.
	ReleaseLease(ctx context.Context, account string, fence int64) error
}

// Limits of leases.
const (
	// FarAhead is later than any lease ends, or any waiting.
	FarAhead = 2 * time.Minute

	longestHold   = time.Minute
	leaseMargin   = 2 * time.Second        // from the end of the holder's context to that of its lease: clocks differ
	releaseWithin = time.Second            // else it ends by itself
	shortestPoll  = 25 * time.Millisecond  // of who waits, doubling
	longestPoll   = 250 * time.Millisecond // about as long as a DMS takes for an answer
)

// patience is how long a rank waits for its turn: a person at most half of VerifyWithin,
// a batch for a group of another function to end.
func (r Rank) patience() time.Duration {
	if r == RankPerson {
		return VerifyWithin / 2
	}
	return 2 * time.Second
}

// free reports whether a rank may try to take the lease.
func (l Lease) free(rank Rank, now time.Time) bool {
	return !ahead(l.HeldUntil, now) && (!ahead(l.WantedUntil, now) || l.WantedBy <= rank)
}

// wanted reports whether lower ranks than this one stand back already.
func (l Lease) wanted(rank Rank, now time.Time) bool {
	return ahead(l.WantedUntil, now) && l.WantedBy >= rank
}

func ahead(until, now time.Time) bool { return until.After(now) && !until.After(now.Add(FarAhead)) }

// turns lets one at a time ask an account: its dealer works all day on the database that
// the DMS reads.
type turns struct {
	store LeaseStore
	now   func() time.Time
}

// alone calls ask while it has the account to itself. The context that ask is given ends
// before the lease does. An error means that ask was not called: a *Failure of
// AccountBusy after waiting as long as the rank may, or the store's.
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
		_ = t.store.ReleaseLease(ctx, account, fence) // it ends by itself, too
	}()
	ask(asking)
	return nil
}

// take takes the account's lease until a moment after ctx, which has a deadline, and waits
// for it if it must.
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

// await returns when c may be tried again.
func (t turns) await(ctx context.Context, c Claim) error {
	for pause := shortestPoll; ; pause = min(2*pause, longestPoll) {
		lease, err := t.store.Lease(ctx, c.Account)
		c.Now = t.now()
		if err == nil && lease.free(c.Rank, c.Now) {
			return nil
		}
		if end, _ := ctx.Deadline(); err == nil && !lease.wanted(c.Rank, c.Now) {
			c.Until = c.Now.Add(time.Until(end))
			err = t.store.WantLease(ctx, c)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return &Failure{Reason: AccountBusy, NotAsked: true}
		case <-time.After(pause/2 + mathrand.N(pause)):
		}
	}
}
