package relatedro

import (
	"context"
	"time"
)

// Failing is why something cannot be read; zero while it can.
type Failing struct {
	Reason Reason
	Since  time.Time // when the failure was first seen
}

// fails stores why the DMS does not let a connection be read, once per reason. If the write fails,
// the next run makes up for it.
func (f *Follower) fails(ctx context.Context, before Followed, reason Reason) {
	if !reason.ofDMS() || before.Failing.Reason == reason {
		return
	}
	before.Failing = Failing{reason, f.now().UTC()}
	_ = f.store.SaveFollowed(ctx, before)
}

// ofDMS reports whether the reason lies with the DMS or our access to it and so affects every
// request. A problem with one RO, or in our own work, does not.
func (r Reason) ofDMS() bool {
	switch r {
	case Unreachable, RateLimited, DMSError, DealerOffline, CredentialsRejected, CredentialsUnavailable, UnexpectedAnswer,
		NotActivated, AccountNotPermitted:
		return true
	}
	return false
}
