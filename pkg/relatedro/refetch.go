package relatedro

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// RefetchPage is the number of cases that one Refetch queues. Sending their messages takes a few of
// the 25 seconds that a request may take.
const RefetchPage = 1000

// HandOverSize is the maximum number of cases in one hand-over.
const HandOverSize = 500

// Selection selects the cases of a location to fetch again.
type Selection string

// The selections.
const (
	SelectAll    Selection = "all"
	SelectFailed Selection = "failed" // the last retrieval failed permanently
	// SelectStale is SelectFailed plus the cases without a list over the location's connection.
	SelectStale Selection = "stale"
)

// takes reports whether the selection includes the case.
func (s Selection) takes(c Case, settings Settings) bool {
	failed := c.Retrieval.Outcome == OutcomeFailed
	switch s {
	case SelectFailed:
		return failed
	case SelectStale:
		return failed || c.Retrieval.RetrievedAt.IsZero() || !settings.Connection.Reads(c.FetchedOver)
	}
	return true
}

// Refetched is the progress of a refetch.
type Refetched struct {
	Queued int
	Left   int    // cases still to queue
	Next   string // position to continue from; empty when nothing is left
}

// Refetch requests a refresh of the next RefetchPage cases of a location, those with the oldest
// lists first, and returns the position to continue from. Cases fetched since the first page count
// as done. It returns a *Refusal of NotEnabled if the location is not enabled, and ErrPosition if
// after is not a position that Refetch returned.
func (a *Admin) Refetch(ctx context.Context, location string, selection Selection, after string) (Refetched, error) {
	settings, err := a.enabled(ctx, location)
	if err != nil {
		return Refetched{}, err
	}
	now := a.now().UTC()
	position := place{began: now}
	if after != "" {
		if position, err = placeOf(after); err != nil {
			return Refetched{}, err
		}
	}
	cases, err := a.store.CasesOf(ctx, location)
	if err != nil {
		return Refetched{}, err
	}
	cases = slices.DeleteFunc(cases, func(c Case) bool {
		done := c.Retrieval.RetrievedAt.After(position.began) || after != "" && position.compare(c) >= 0
		return done || c.RO == "" || !selection.takes(c, settings)
	})
	slices.SortFunc(cases, func(a, b Case) int { return position.of(a).compare(b) })
	page := cases[:min(len(cases), RefetchPage)]
	events := make([]Event, len(page))
	for i, c := range page {
		events[i] = refreshOf(c.Key, Facts{RO: c.RO, CaseNumber: c.Number, Asset: c.Asset}, now)
	}
	if err := a.queue.SendRefreshes(ctx, events); err != nil {
		return Refetched{}, err
	}
	done := Refetched{Queued: len(page), Left: len(cases) - len(page)}
	if done.Left > 0 {
		done.Next = position.of(page[len(page)-1]).String()
	}
	return done, nil
}

// Handed is a case that the case platform hands over, whether it is stored here or not.
type Handed struct {
	Case string
	Facts
}

// HandOver requests a fetch of the related ROs of up to HandOverSize cases and returns the number
// of cases. Stored facts of a case stay. It returns a *Refusal of NotEnabled if the location is
// not enabled. The values in cases must have passed CheckID and CheckRO.
func (a *Admin) HandOver(ctx context.Context, location string, cases []Handed) (int, error) {
	if _, err := a.enabled(ctx, location); err != nil {
		return 0, err
	}
	events := make([]Event, len(cases))
	for i, c := range cases {
		events[i] = refreshOf(CaseKey{location, c.Case}, c.Facts, a.now().UTC())
	}
	return len(events), a.queue.SendRefreshes(ctx, events)
}

// enabled returns a location's settings, or a *Refusal of NotEnabled.
func (a *Admin) enabled(ctx context.Context, location string) (Settings, error) {
	s, err := a.store.Settings(ctx, location)
	if err == nil && !s.Enabled() {
		err = s.notEnabled()
	}
	return s, err
}

func refreshOf(key CaseKey, f Facts, now time.Time) Event {
	return Event{
		ID: rand.Text(), Type: Refresh, OccurredAt: now,
		Key: key, CaseNumber: f.CaseNumber, Asset: f.Asset, RO: f.RO,
	}
}

// place is a position in a location's cases, ordered by the age of their lists at the time of the
// first page.
type place struct {
	began     time.Time
	retrieved time.Time
	id        string
}

func (p place) of(c Case) place { return place{p.began, c.Retrieval.RetrievedAt, c.Key.Case} }

// compare orders the place relative to a case.
func (p place) compare(c Case) int {
	if order := p.retrieved.Compare(c.Retrieval.RetrievedAt); order != 0 {
		return order
	}
	return strings.Compare(p.id, c.Key.Case)
}

// String returns the place in the form that placeOf parses.
func (p place) String() string {
	return p.began.Format(time.RFC3339Nano) + "#" + p.retrieved.UTC().Format(time.RFC3339Nano) + "#" + p.id
}

func placeOf(s string) (place, error) {
	parts := strings.Split(s, "#")
	if len(parts) != 3 {
		return place{}, ErrPosition
	}
	began, err := time.Parse(time.RFC3339Nano, parts[0])
	retrieved, err2 := time.Parse(time.RFC3339Nano, parts[1])
	if err != nil || err2 != nil || CheckID("", parts[2]) != nil {
		return place{}, ErrPosition
	}
	return place{began, retrieved, parts[2]}, nil
}
