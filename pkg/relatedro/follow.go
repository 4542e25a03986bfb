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
	// FollowFor is how long after its last export or close a case is followed.
	FollowFor = 90 * 24 * time.Hour
	// FollowBack is how far a run looks back at most. A connection that could not be asked
	// for longer has its open cases fetched again instead.
	FollowBack = 14 * 24 * time.Hour
)

// Night reports whether it is night at a dealer whose time zone now is in: between 1 and 5
// o'clock.
func Night(now time.Time) bool { return now.Hour() >= 1 && now.Hour() < 5 }

const (
	connectionsAtOnce = 50               // asked side by side in one run
	connectionBudget  = 20 * time.Second // for one connection in one run
)

// Feed is what following asks of a DMS.
type Feed interface {
	// Touched returns the ROs of a connection that the DMS has touched on the day of since
	// or later, in the dealer's zone, each once and without its relation. whole is false
	// when there were more than one look-up may read. The error is a *Failure.
	Touched(ctx context.Context, over Connection, since time.Time) (ros []RelatedRO, whole bool, err error)
}

// FollowStore is what following needs of the store.
type FollowStore interface {
	LeaseStore

	// EnabledLocations returns the settings of the locations that are enabled.
	EnabledLocations(ctx context.Context) ([]Settings, error)

	// Followed returns the state of each connection, with Over alone where nothing is
	// stored.
	Followed(ctx context.Context, connections []Connection) ([]Followed, error)

	// SaveFollowed writes the state with Revision+1, or returns ErrStale when the stored
	// revision is not its own.
	SaveFollowed(ctx context.Context, f Followed) error

	// SaveChecked notes for each location that its cases said at that time what the DMS
	// says, or were put into the queue.
	SaveChecked(ctx context.Context, locations []string, at time.Time) error

	// LinksTo is CaseReader's.
	LinksTo(ctx context.Context, location, ro string, prefix bool, after string, limit int) (links []Link, next string, err error)

	// Load is CaseStore's.
	Load(ctx context.Context, keys Keys) (Loaded, error)

	// OpenCases returns the cases of a location with an open family and a first event no
	// older than since.
	OpenCases(ctx context.Context, location string, since time.Time) ([]CaseKey, error)
}

// fingerprint tells apart what people see of ROs. A touch that changes nothing of it, as
// when a technician punches in, changes no fingerprint. TotalCharges is left out: it moves
// with each part and hour that is added, and the night brings it up to date.
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

// changed returns those of the ROs that the run before did not see as they are now.
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

// SaysOf reports whether the case says of an RO what the DMS says. An RO that was made
// from one of the case's family is part of it.
func (c Case) SaysOf(ro RelatedRO) bool {
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

// Follows reports whether a change of the case's family in the DMS is fetched by itself:
// for FollowFor after the last export or close, or after the case was handed over; for
// openFor while it has an open warranty RO, which people watch in a list.
func (c Case) Follows(now time.Time) bool {
	last, long := c.FirstEventAt, FollowFor
	if c.takenIn() {
		last = c.Stated.OccurredAt
	}
	if c.OpenWarrantyCount() > 0 {
		long = openFor
	}
	return now.Sub(last) <= long
}

// open reports whether the case's family may still change: one of its ROs is neither
// invoiced nor voided, or none has been found yet.
func (c Case) open() bool {
	return c.Own.RO == "" || c.Own.open() || slices.ContainsFunc(c.Related, RelatedRO.open)
}

func (r RelatedRO) open() bool {
	return r.Status != ROInvoiced && !r.Voided && r.GoneSince.IsZero()
}

// Follower finds what has changed in the DMS since its last run, and has the cases
// fetched again whose lists do not say the same. It changes no case itself.
type Follower struct {
	store   FollowStore
	dms     Feed
	turns   turns
	queue   Refresher
	now     func() time.Time
	night   func(time.Time) bool
	observe func(Follow)
}

// FollowConfig is what a Follower is made of.
type FollowConfig struct {
	Store FollowStore
	DMS   Feed
	Queue Refresher
	Now   func() time.Time
	// Night reports whether a time is outside the dealers' hours. All open cases of a
	// connection are fetched again once a night.
	Night func(time.Time) bool
	// Observe is told of each connection's run, from several goroutines at once.
	Observe func(Follow)
}

// Follow is what one run came to for one connection.
type Follow struct {
	Locations []string
	ROs       int           // that the DMS has touched lately
	Changed   int           // of them, those that people see otherwise than before
	Refreshes int           // cases that were put into the queue
	Synced    bool          // all open cases were among them
	Behind    time.Duration // since the last run that read everything began; 0 after one
	Failure   *Failure      // nil when all went well
}

// NewFollower returns a Follower.
func NewFollower(c FollowConfig) *Follower {
	return &Follower{
		store: c.Store, dms: c.DMS, turns: turns{c.Store, c.Now}, queue: c.Queue, now: c.Now, night: c.Night, observe: c.Observe,
	}
}

// An RO that changes, and changes back before the next run, is no change here: a case that
// was fetched in between says otherwise until the night, when all open cases are fetched
// again.
//
// Run goes through all connections with an enabled location once, those first that have
// waited longest. A connection that fails, or that ctx leaves no time for, is caught up
// by a later run. The error means that no connection could be looked at.
func (f *Follower) Run(ctx context.Context) error {
	enabled, err := f.store.EnabledLocations(ctx)
	if err != nil {
		return fmt.Errorf("list the enabled locations: %w", err)
	}
	locations, formers := make(map[Connection][]string), make(map[Connection][]Connection)
	for _, s := range enabled {
		locations[s.Over] = append(locations[s.Over], s.Location)
		if s.Former != (Connection{}) {
			formers[s.Over] = append(formers[s.Over], s.Former)
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
		report := f.connection(ctx, before, locations[before.Over])
		report.Locations = locations[before.Over]
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
	began := f.now().UTC()
	ros, whole, err := f.touched(ctx, before.Over, before.window(began))
	if err != nil {
		report.Failure = asFailure(err, Unreachable)
		return report
	}
	changed := before.changed(ros)
	report.ROs, report.Changed = len(ros), len(changed)
	report.Synced = before.SyncedAt.IsZero() || !whole || before.lost(began) || f.syncDue(before, began)
	refreshes, err := f.refreshes(ctx, locations, changed, report.Synced)
	if err == nil {
		report.Refreshes, err = len(refreshes), f.queue.SendRefreshes(ctx, refreshes)
	}
	if err == nil {
		next := before
		next.Since, next.Seen, next.Failing = began, fingerprints(ros), Failing{}
		if report.Synced {
			next.SyncedAt = began
		}
		err = f.keep(ctx, before, next, locations)
	}
	if err != nil {
		report.Failure = asFailure(err, StoreUnavailable)
	}
	return report
}

// touched asks the DMS, when nobody else wants to.
func (f *Follower) touched(ctx context.Context, over Connection, since time.Time) (ros []RelatedRO, whole bool, err error) {
	notAsked := f.turns.alone(ctx, over.Account, RankFollow, func(ctx context.Context) {
		ros, whole, err = f.dms.Touched(ctx, over, since)
	})
	return ros, whole, cmp.Or(notAsked, err)
}

// refreshes returns a refresh of each case that does not say of the changed ROs what the
// DMS says, or of all that are open.
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
		otherwise := func(ro RelatedRO) bool { return !c.SaysOf(ro) }
		if c.RO != "" && c.Follows(now) && (all && c.open() || slices.ContainsFunc(changed, otherwise)) {
			ev := refreshOf(key, Facts{RO: c.RO, CaseNumber: c.Number, Asset: c.Asset}, now)
			ev.Cause = TriggerFollow
			refreshes = append(refreshes, ev)
		}
	}
	return refreshes, nil
}

// openFor is how long before its last event a case may have had its first: one that is
// open for longer is not looked for among the open ones.
const openFor = FollowFor + 365*24*time.Hour

// manyNumbers is how many RO numbers make it cheaper to look at all open cases than to
// look up the cases of each.
const manyNumbers = 200

// concerned returns the location's cases that may have to be fetched again: those that have
// one of the changed ROs, or what it was made from, as their own or a related one, and all
// that are open if so wanted, or if the numbers are many.
func (f *Follower) concerned(ctx context.Context, location string, changed []RelatedRO, all bool) ([]CaseKey, error) {
	numbers := make(map[string]bool)
	for _, ro := range changed {
		for _, number := range [...]string{CanonicalRO(ro.RO), CanonicalRO(ro.MadeFrom)} {
			if CheckRO("", number) == nil { // others have no links
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

// keepWithin is how old a stored Since may grow while nothing else changes: a run that
// saw nothing new costs no write of the state.
const keepWithin = time.Hour

// keep stores what the next run has to know. Another run that was faster has stored as
// much.
func (f *Follower) keep(ctx context.Context, before, next Followed, locations []string) error {
	same := before.Revision > 0 && slices.Equal(before.Seen, next.Seen) && before.SyncedAt.Equal(next.SyncedAt) && before.Failing == next.Failing
	if !same || next.Since.Sub(before.Since) >= keepWithin {
		if err := f.store.SaveFollowed(ctx, next); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	return f.store.SaveChecked(ctx, locations, next.Since)
}

// syncDue reports whether the connection's open cases are to be fetched again tonight,
// as a list by last update never shows a row that is gone.
func (f *Follower) syncDue(before Followed, now time.Time) bool {
	return f.night(now) && now.Sub(before.SyncedAt) > 12*time.Hour
}
