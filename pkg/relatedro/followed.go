package relatedro

import (
	"context"
	"time"
)

// Followed is the state of a connection that one run leaves for the next.
type Followed struct {
	Connection Connection
	Since      time.Time // start of the last complete run; zero before the first
	SyncedAt   time.Time // when all open cases were last queued
	Seen       []uint64  // fingerprints of the ROs that the last run saw, ascending
	Failing    Failing   // why the last run could not read the connection
	Revision   int64     // number of writes; 0 means not stored
}

// window returns the first day that a run queries: the day before the last complete run. A DMS's
// filters support neither a time of day nor our time zone.
func (f Followed) window(now time.Time) time.Time {
	since := f.Since
	if since.IsZero() || f.lost(now) {
		since = now
	}
	return since.AddDate(0, 0, -1)
}

// lost reports whether the connection has been unreadable for longer than a run looks back.
func (f Followed) lost(now time.Time) bool {
	return !f.Since.IsZero() && now.Sub(f.Since) > FollowBack
}

// inherit gives each connection that was never followed the state of the connection that its dealer
// was moved from, so that no change in between is missed. Of several former connections, the one
// with the earliest state counts.
func (f *Follower) inherit(ctx context.Context, states []Followed, formers map[Connection][]Connection) error {
	for i, s := range states {
		if !s.Since.IsZero() || len(formers[s.Connection]) == 0 {
			continue
		}
		before, err := f.store.Followed(ctx, formers[s.Connection])
		if err != nil {
			return err
		}
		for _, b := range before {
			if !b.Since.IsZero() && (s.Since.IsZero() || b.Since.Before(s.Since)) {
				s.Since, s.Seen = b.Since, b.Seen
			}
		}
		states[i] = s
	}
	return nil
}
