package relatedro

import (
	"context"
	"time"
)

// Followed is what a run has left of a connection for the next run.
type Followed struct {
	Over     Connection
	Since    time.Time // when the last run that read everything began; zero before the first
	SyncedAt time.Time // when all open cases were last put into the queue
	Seen     []uint64  // fingerprints of the ROs that the last run saw, ascending
	Failing  Failing   // what kept the last run from reading the connection
	Revision int64     // counts writes; 0 is not stored
}

// window returns the day from which on a run asks: the day before the last run that read
// everything. Filters of a DMS know neither a time of day nor our zone.
func (f Followed) window(now time.Time) time.Time {
	since := f.Since
	if since.IsZero() || f.lost(now) {
		since = now
	}
	return since.AddDate(0, 0, -1)
}

// lost reports whether the connection could not be read for longer than a run looks back.
func (f Followed) lost(now time.Time) bool {
	return !f.Since.IsZero() && now.Sub(f.Since) > FollowBack
}

// inherit gives connections that were never followed what was last seen over those that
// their dealers were moved from: nothing that has changed since is missed. Of several that
// is what was seen first.
func (f *Follower) inherit(ctx context.Context, states []Followed, formers map[Connection][]Connection) error {
	for i, s := range states {
		if !s.Since.IsZero() || len(formers[s.Over]) == 0 {
			continue
		}
		before, err := f.store.Followed(ctx, formers[s.Over])
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
