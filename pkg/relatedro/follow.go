package relatedro

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"
)

// Limits of following that people notice.
const (
	// FollowFor is how long a case is followed after its last export or close.
	FollowFor = 90 * 24 * time.Hour
	// FollowBack is the longest time that a run looks back. If a connection could not be read for
	// longer, its open cases are fetched again instead.
	FollowBack = 14 * 24 * time.Hour
)

// Night reports whether it is night, from 1 to 5 o'clock, at a dealer in the time zone of now.
func Night(now time.Time) bool { return now.Hour() >= 1 && now.Hour() < 5 }

const (
	connectionsAtOnce = 50               // connections followed in parallel in one run
	connectionBudget  = 20 * time.Second // time limit for one connection in one run
)

// Feed is the part of a DMS that following needs.
type Feed interface {
	// Touched returns the connection's ROs that the DMS has touched since the day of since, in the
	// dealer's time zone, that day included. Each RO is returned once and without a relation. whole
	// is false if there were more ROs than one look-up may read. An error is a *Failure.
	Touched(ctx context.Context, connection Connection, since time.Time) (ros []RelatedRO, whole bool, err error)
}

// FollowStore is the part of the store that following needs.
type FollowStore interface {
	LeaseStore

	// EnabledLocations returns the settings of the enabled locations.
	EnabledLocations(ctx context.Context) ([]Settings, error)

	// Followed returns the state of each connection, with only Connection set if nothing is stored.
	Followed(ctx context.Context, connections []Connection) ([]Followed, error)

	// SaveFollowed writes the state with Revision+1. It returns ErrStale if the stored revision
	// differs from f.Revision.
	SaveFollowed(ctx context.Context, f Followed) error

	// SaveChecked records, for each location, that at the given time its cases either agreed with
	// the DMS or had been queued for a refresh.
	SaveChecked(ctx context.Context, locations []string, at time.Time) error

	// LinksTo is CaseReader.LinksTo.
	LinksTo(ctx context.Context, location, ro string, prefix bool, after string, limit int) (links []Link, next string, err error)

	// Load is CaseStore.Load.
	Load(ctx context.Context, keys Keys) (Loaded, error)

	// OpenCases returns the location's cases that have an open family and whose first event is no
	// older than since.
	OpenCases(ctx context.Context, location string, since time.Time) ([]CaseKey, error)
}

// fingerprint returns a hash of the RO's visible values. A touch that changes none of them, such as
// a technician punching in, leaves it the same. TotalCharges is left out because it changes with
// every part and labor hour added; the nightly sync brings it up to date.
func fingerprint(ro RelatedRO) uint64 {
	h := fnv.New64a()
	for _, s := range [...]string{
		CanonicalRO(ro.RO), CanonicalRO(ro.MadeFrom), string(ro.Status), ro.BillTo, ro.InvoiceNumber, ro.OpenedAt, ro.InvoicedAt,
	} {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	h.Write([]byte{flagByte(ro.Warranty), flagByte(ro.Voided)})
	return h.Sum64()
}

func flagByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// changed returns the ROs that differ from those that the previous run saw.
func (f Followed) changed(ros []RelatedRO) []RelatedRO {
	return slices.DeleteFunc(slices.Clone(ros), func(ro RelatedRO) bool {
		_, found := slices.BinarySearch(f.Seen, fingerprint(ro))
		return found
	})
}

func fingerprints(ros []RelatedRO) []uint64 {
	seen := make([]uint64, len(ros))
	for i, ro := range ros {
		seen[i] = fingerprint(ro)
	}
	slices.Sort(seen)
	return slices.Compact(seen)
}

// Agrees reports whether the case agrees with the DMS about an RO. An RO made from one of the
// case's family belongs to the family, so a case that does not list it disagrees.
func (c Case) Agrees(ro RelatedRO) bool {
	number, from := CanonicalRO(ro.RO), CanonicalRO(ro.MadeFrom)
	if number == CanonicalRO(c.RO) {
		return fingerprint(c.Own) == fingerprint(ro)
	}
	related := CanonicalRO(c.RO) == from && from != ""
	for _, r := range c.Related {
		switch CanonicalRO(r.RO) {
		case number:
			return r.GoneSince.IsZero() && fingerprint(r) == fingerprint(ro)
		case from:
			related = true
		}
	}
	return !related
}

// Follows reports whether a change to the case's family in the DMS is fetched automatically. A case
// is followed for FollowFor after its last export or close, or after its hand-over if it has
// neither. With an open warranty RO, which people watch in a list, it is followed for openFor.
func (c Case) Follows(now time.Time) bool {
	last, period := c.FirstEventAt, FollowFor
	if c.takenIn() {
		last = c.Stated.OccurredAt
	}
	if c.OpenWarrantyCount() > 0 {
		period = openFor
	}
	return now.Sub(last) <= period
}

// open reports whether the case's family can still change: at least one of its ROs is neither
// invoiced nor voided, or no RO has been found yet.
func (c Case) open() bool {
	return c.Own.RO == "" || c.Own.open() || slices.ContainsFunc(c.Related, RelatedRO.open)
}

func (r RelatedRO) open() bool {
	return r.Status != ROInvoiced && !r.Voided && r.GoneSince.IsZero()
}

// Follower finds the changes in the DMS since its last run and requests a refresh of each case
// whose list disagrees. It does not change cases itself.
type Follower struct {
	store   FollowStore
	dms     Feed
	turns   turns
	queue   Refresher
	now     func() time.Time
	night   func(time.Time) bool
	observe func(Follow)
}

// FollowConfig configures a Follower.
type FollowConfig struct {
	Store FollowStore
	DMS   Feed
	Queue Refresher
	Now   func() time.Time
	// Night reports whether a time is outside the dealers' business hours. Once a night, all open
	// cases of a connection are fetched again.
	Night func(time.Time) bool
	// Observe receives the report on each connection, from several goroutines at once.
	Observe func(Follow)
}

// Follow is the report of one run on one connection.
type Follow struct {
	Locations []string
	Changed   int  // ROs that the DMS has touched lately, with visible changes
	Refreshes int  // cases queued for a refresh
	Synced    bool // all open cases are among them
	// Behind is the time since the start of the last complete run; 0 after a complete run.
	Behind  time.Duration
	Failure *Failure // nil if the run succeeded
}

// NewFollower returns a Follower.
func NewFollower(c FollowConfig) *Follower {
	return &Follower{
		store: c.Store, dms: c.DMS, turns: turns{c.Store, c.Now}, queue: c.Queue, now: c.Now, night: c.Night, observe: c.Observe,
	}
}

// Run follows each connection of an enabled location once, those that have waited longest first. A
// later run catches up on a connection that failed or that ctx left no time for. An error means
// that no connection could be followed.
//
// A run does not see an RO that changes and changes back before the next run. A case fetched in
// between shows the interim values until the night, when all open cases are fetched again.
func (f *Follower) Run(ctx context.Context) error {
	enabled, err := f.store.EnabledLocations(ctx)
	if err != nil {
		return fmt.Errorf("list the enabled locations: %w", err)
	}
	locations, formers := make(map[Connection][]string), make(map[Connection][]Connection)
	for _, s := range enabled {
		locations[s.Connection] = append(locations[s.Connection], s.Location)
		if s.Former != (Connection{}) {
			formers[s.Connection] = append(formers[s.Connection], s.Former)
		}
	}
	states, err := f.store.Followed(ctx, slices.Collect(maps.Keys(locations)))
	if err == nil {
		err = f.inherit(ctx, states, formers)
	}
	if err != nil {
		return fmt.Errorf("read what the last run saw: %w", err)
	}
	slices.SortFunc(states, func(a, b Followed) int { return a.Since.Compare(b.Since) })
	inParallel(states, connectionsAtOnce, func(before Followed) {
		report := f.connection(ctx, before, locations[before.Connection])
		report.Locations = locations[before.Connection]
		if report.Failure != nil {
			f.fails(ctx, before, report.Failure.Reason)
			if !before.Since.IsZero() {
				report.Behind = f.now().Sub(before.Since)
			}
		}
		f.observe(report)
	})
	return nil
}

// connection follows one connection.
func (f *Follower) connection(ctx context.Context, before Followed, locations []string) (report Follow) {
	if !inTime(ctx) {
		report.Failure = &Failure{Reason: OutOfTime}
		return report
	}
	ctx, cancel := context.WithTimeout(ctx, connectionBudget)
	defer cancel()
	start := f.now().UTC()
	ros, whole, err := f.touched(ctx, before.Connection, before.window(start))
	if err != nil {
		report.Failure = asFailure(err, Unreachable)
		return report
	}
	changed := before.changed(ros)
	report.Changed = len(changed)
	report.Synced = before.SyncedAt.IsZero() || !whole || before.lost(start) || f.syncDue(before, start)
	refreshes, err := f.refreshes(ctx, locations, changed, report.Synced)
	if err == nil {
		report.Refreshes, err = len(refreshes), f.queue.SendRefreshes(ctx, refreshes)
	}
	if err == nil {
		next := before
		next.Since, next.Seen, next.Failing = start, fingerprints(ros), Failing{}
		if report.Synced {
			next.SyncedAt = start
		}
		err = f.keep(ctx, before, next, locations)
	}
	if err != nil {
		report.Failure = asFailure(err, StoreUnavailable)
	}
	return report
}

// touched queries the DMS when no other function wants the account.
func (f *Follower) touched(ctx context.Context, connection Connection, since time.Time) (ros []RelatedRO, whole bool, err error) {
	notAsked := f.turns.alone(ctx, connection.Account, RankFollow, func(ctx context.Context) {
		ros, whole, err = f.dms.Touched(ctx, connection, since)
	})
	return ros, whole, cmp.Or(notAsked, err)
}

// refreshes returns a refresh for each followed case that disagrees with the DMS about one of the
// changed ROs. If all is set, it also returns one for each open case.
func (f *Follower) refreshes(ctx context.Context, locations []string, changed []RelatedRO, all bool) ([]Event, error) {
	var keys []CaseKey
	for _, location := range locations {
		found, err := f.concerned(ctx, location, changed, all)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	loaded, err := f.store.Load(ctx, Keys{Cases: keys})
	if err != nil {
		return nil, err
	}
	now := f.now().UTC()
	var refreshes []Event
	for key, c := range loaded.Cases {
		disagrees := func(ro RelatedRO) bool { return !c.Agrees(ro) }
		if c.RO != "" && c.Follows(now) && (all && c.open() || slices.ContainsFunc(changed, disagrees)) {
			ev := refreshOf(key, Facts{RO: c.RO, CaseNumber: c.Number, Asset: c.Asset}, now)
			ev.Cause = TriggerFollow
			refreshes = append(refreshes, ev)
		}
	}
	return refreshes, nil
}

// openFor is the maximum age of a case's first event for the case to be found among the open ones:
// up to a year open, plus FollowFor.
const openFor = FollowFor + 365*24*time.Hour

// manyNumbers is the number of RO numbers above which it is cheaper to read all open cases than to
// look up the cases of each number.
const manyNumbers = 200

// concerned returns the location's cases that may need another fetch: those that have one of the
// changed ROs, or the RO it was made from, as their own or as a related RO. If all is set, it adds
// every open case. If there are more than manyNumbers, it returns only the open cases.
func (f *Follower) concerned(ctx context.Context, location string, changed []RelatedRO, all bool) ([]CaseKey, error) {
	numbers := make(map[string]bool)
	for _, ro := range changed {
		for _, number := range [...]string{CanonicalRO(ro.RO), CanonicalRO(ro.MadeFrom)} {
			if CheckRO("", number) == nil { // other numbers have no links
				numbers[number] = true
			}
		}
	}
	var keys []CaseKey
	if all || len(numbers) > manyNumbers {
		open, err := f.store.OpenCases(ctx, location, f.now().Add(-openFor))
		if err != nil || len(numbers) > manyNumbers {
			return open, err
		}
		keys = open
	}
	var mu sync.Mutex
	var failure error
	inParallel(slices.Collect(maps.Keys(numbers)), lookupsAtOnce, func(number string) {
		found, err := f.casesWith(ctx, location, number)
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, found...)
		failure = cmp.Or(failure, err)
	})
	return keys, failure
}

// casesWith returns the location's cases that have the number.
func (f *Follower) casesWith(ctx context.Context, location, number string) (keys []CaseKey, err error) {
	for after := ""; ; {
		links, next, err := f.store.LinksTo(ctx, location, number, false, after, linksPerRO)
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			keys = append(keys, link.Key)
		}
		if next == "" {
			return keys, nil
		}
		after = next
	}
}

// keepWithin is the maximum age of a stored Since while the rest of the state is unchanged. Until
// then, a run that sees nothing new does not write the state.
const keepWithin = time.Hour

// keep stores the state for the next run. ErrStale is fine: a faster run has stored an equivalent
// state.
func (f *Follower) keep(ctx context.Context, before, next Followed, locations []string) error {
	same := before.Revision > 0 && slices.Equal(before.Seen, next.Seen) && before.SyncedAt.Equal(next.SyncedAt) &&
		before.Failing == next.Failing
	if !same || next.Since.Sub(before.Since) >= keepWithin {
		if err := f.store.SaveFollowed(ctx, next); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	return f.store.SaveChecked(ctx, locations, next.Since)
}

// syncDue reports whether the connection's open cases must be fetched again tonight. Deleted rows
// never show up in a list by last update.
func (f *Follower) syncDue(before Followed, now time.Time) bool {
	return f.night(now) && now.Sub(before.SyncedAt) > 12*time.Hour
}
