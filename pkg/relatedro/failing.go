package relatedro

import (
	"context"
	"time"
)

// Failing is what keeps something from being read; zero while nothing does.
type Failing struct {
	Reason Reason
	Since  time.Time // when it was first found
}

// fails keeps why the DMS does not let a connection be read, once a reason. A write that
// fails is made up for by the next run.
func (f *Follower) fails(ctx context.Context, before Followed, why Reason) {
	if !why.ofDMS() || before.Failing.Reason == why {
		return
	}
	before.Failing = Failing{why, f.now().UTC()}
	_ = f.store.SaveFollowed(ctx, before)
}

// ofDMS reports whether the DMS, or our access to it, is the trouble, whatever is asked. What
// is wrong with one RO, or with our own work, is not.
func (r Reason) ofDMS() bool {
	switch r {
	case Unreachable, RateLimited, DMSError, DealerOffline, CredentialsRejected, CredentialsUnavailable, UnexpectedAnswer,
		NotActivated, AccountNotPermitted:
		return true
	}
	return false
}
