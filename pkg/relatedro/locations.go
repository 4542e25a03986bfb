package relatedro

import (
	"context"
	"slices"
	"time"
)

// Standing is the condition of a location, for our support staff.
type Standing struct {
	// Settings include Activation and, for an enabled location, CheckedAt: when the DMS last
	// answered for it.
	Settings

	// Failing is why the last run of follow could not read the location's connection; zero if it
	// could, and for a location that is not enabled.
	Failing Failing

	// Newest is the newest case with an open family, without its list. It is the zero Case if there
	// is none, and for a location that is not enabled.
	Newest Case
}

// Fails reports whether the location's retrievals fail, as far as that is known without reading all
// its cases.
func (s Standing) Fails() bool {
	newest := s.Newest.Retrieval.Outcome
	return s.Failing != Failing{} || newest == OutcomeFailed || newest == OutcomeRetrying
}

// LocationFilter selects the locations to list.
type LocationFilter string

// The filters. The empty filter selects every location that was ever set up.
const (
	EnabledLocations  LocationFilter = "enabled"
	DisabledLocations LocationFilter = "disabled"
	// InactiveLocations are those for which the DMS last answered anything but active, or was never
	// asked.
	InactiveLocations LocationFilter = "not_active"
	FailingLocations  LocationFilter = "failing" // those for which Standing.Fails is true
)

// Known reports whether f is one of the filters.
func (f LocationFilter) Known() bool {
	switch f {
	case "", EnabledLocations, DisabledLocations, InactiveLocations, FailingLocations:
		return true
	}
	return false
}

func (f LocationFilter) takes(s Standing) bool {
	switch f {
	case EnabledLocations:
		return s.Enabled()
	case DisabledLocations:
		return !s.Enabled()
	case InactiveLocations:
		return s.Activation.State != Active
	case FailingLocations:
		return s.Fails()
	}
	return true
}

// statuses returns the statuses that locations of the filter can have.
func (f LocationFilter) statuses() []FeatureStatus {
	switch f {
	case EnabledLocations, FailingLocations:
		return []FeatureStatus{Enabled}
	case DisabledLocations:
		return []FeatureStatus{Disabled}
	}
	return []FeatureStatus{Enabled, Disabled}
}

// LocationStore is the part of the store that the list of locations needs. Its reads are eventually
// consistent.
type LocationStore interface {
	// LocationsOf returns up to limit locations that were set up and have one of the statuses,
	// those of the first status first. Positions are those of CaseReader.
	LocationsOf(ctx context.Context, statuses []FeatureStatus, after string, limit int) (locations []string, next string, err error)

	// Peek is CaseReader.Peek.
	Peek(ctx context.Context, keys Keys) (Loaded, error)

	// Followed is FollowStore.Followed.
	Followed(ctx context.Context, connections []Connection) ([]Followed, error)

	// NewestOpen returns the case with an open family whose first event is the newest at the
	// location; the zero CaseKey if there is none.
	NewestOpen(ctx context.Context, location string) (CaseKey, error)
}

const (
	pagesAtMost   = 10 // store pages read for one page under a selective filter
	standingsOnce = 16 // newest cases looked up in parallel
)

// Locations returns a page of the locations that the actor may see: enabled locations first,
// ordered by connection, then the others, ordered by id. It omits locations that were never set up.
// Under a selective filter, a page may be short or even empty although more pages follow. Positions
// are those of CaseReader.
func (a *Admin) Locations(ctx context.Context, actor Actor, filter LocationFilter, after string) (page []Standing, next string, err error) {
	for range pagesAtMost {
		locations, next, err := a.store.LocationsOf(ctx, filter.statuses(), after, PageSize)
		if err != nil {
			return nil, "", err
		}
		locations = slices.DeleteFunc(locations, func(location string) bool { return !actor.Sees(location) })
		standings, err := a.standings(ctx, locations)
		if err != nil {
			return nil, "", err
		}
		page = slices.DeleteFunc(standings, func(s Standing) bool { return !filter.takes(s) })
		if len(page) > 0 || next == "" {
			return page, next, nil
		}
		after = next
	}
	return nil, after, nil
}

// standings returns the standings of the locations in the same order, omitting locations with
// unreadable settings.
func (a *Admin) standings(ctx context.Context, locations []string) ([]Standing, error) {
	if len(locations) == 0 {
		return nil, nil
	}
	loaded, err := a.store.Peek(ctx, Keys{Locations: locations, Checked: true, Activated: true})
	if err != nil {
		return nil, err
	}
	var standings []Standing
	for _, location := range locations {
		s, ok := loaded.Settings[location]
		if !ok {
			continue
		}
		if !s.Enabled() {
			s.CheckedAt = time.Time{}
		}
		standings = append(standings, Standing{Settings: s})
	}
	if err := a.connections(ctx, standings); err != nil {
		return nil, err
	}
	return standings, a.newest(ctx, standings)
}

// connections fills in the failing connections.
func (a *Admin) connections(ctx context.Context, standings []Standing) error {
	var asked []Connection
	for _, s := range standings {
		if s.Enabled() && !slices.Contains(asked, s.Connection) {
			asked = append(asked, s.Connection)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	states, err := a.store.Followed(ctx, asked)
	if err != nil {
		return err
	}
	failing := make(map[Connection]Failing, len(states))
	for _, f := range states {
		failing[f.Connection] = f.Failing
	}
	for i, s := range standings {
		if s.Enabled() {
			standings[i].Failing = failing[s.Connection]
		}
	}
	return nil
}

// newest fills in the locations' newest cases.
func (a *Admin) newest(ctx context.Context, standings []Standing) error {
	var enabled []*Standing
	for i := range standings {
		if standings[i].Enabled() {
			enabled = append(enabled, &standings[i])
		}
	}
	keys, err := lookUp(enabled, standingsOnce, func(s *Standing) (CaseKey, error) {
		return a.store.NewestOpen(ctx, s.Location)
	})
	if err != nil {
		return err
	}
	cases := slices.DeleteFunc(slices.Clone(keys), func(k CaseKey) bool { return k.Case == "" })
	if len(cases) == 0 {
		return nil
	}
	loaded, err := a.store.Peek(ctx, Keys{Cases: cases})
	if err != nil {
		return err
	}
	for i, s := range enabled {
		if c, ok := loaded.Cases[keys[i]]; ok && !c.Deleted() {
			shown := show(c, s.Settings)
			shown.Related = nil
			s.Newest = shown.Case
		}
	}
	return nil
}
