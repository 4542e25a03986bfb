package relatedro

import (
	"slices"
	"time"
)

// MaxClockLead is how far an event's time may lie ahead of the queue's clock, and so how
// far the clocks of those who send events may differ.
const MaxClockLead = 5 * time.Minute

// Decision is what one case needs for the events at hand.
type Decision struct {
	Case    Case   // the stored case with the events' facts taken in
	Changed bool   // Case has facts that the stored one has not
	Fetch   *Event // the event to fetch for; nil when nothing needs fetching
}

// Decide says what a case needs, given how it is stored, the connection that its location
// reads over, and the events of it that are at hand, in any order.
//
// An export, close or deletion that is newer than the stored one replaces what was known.
// An export or close is then fetched for, and fetched for again when it comes again,
// unless its retrieval ended ok and the list still is the location's. An older one only
// fills in what nobody has said yet: it may have been overtaken by an event that said
// less. Of several, the newest is fetched for.
//
// Clocks differ. So that no clock within MaxClockLead turns a close into an older event, a
// close counts as newer than every export up to MaxClockLead after it, and a deletion as
// newer than every close up to MaxClockLead after it. The price: an export less than that
// after a close does not open the case again.
//
// A deletion leaves nothing of the case but the deletion itself, which keeps events that
// are late from bringing the case back.
//
// A refresh states nothing about a stored case. It is done if its own retrieval ended ok,
// if the list is good, the location's, and was fetched after the refresh was asked for, or
// if an export or close is fetched for anyway. Only a case that nobody knows takes its RO from the refresh.
func Decide(stored Case, over Connection, now time.Time, events []Event) Decision {
	d := Decision{Case: stored}
	sorted := slices.SortedFunc(slices.Values(events), func(a, b Event) int { return a.stated().compare(b.stated()) })
	if d.Case.FirstEventAt.IsZero() && len(sorted) > 0 {
		d.Case.FirstEventAt = sorted[0].OccurredAt
	}
	for _, ev := range sorted {
		if !ev.statesFacts() {
			continue
		}
		if !d.Case.takenIn() || ev.stated().compare(d.Case.Stated) > 0 {
			d.Case, d.Changed = d.Case.withFacts(ev), true
			continue
		}
		filled, changed := d.Case.filledFrom(ev)
		d.Case, d.Changed = filled, d.Changed || changed
	}
	if d.Case.Deleted() {
		return d
	}
	if d.Fetch = d.unsettled(sorted, over); d.Fetch == nil {
		d = d.refreshed(sorted, over, now)
	}
	return d
}

// unsettled returns the export or close that the case stands on, if it is among
// the events and the location has no list of it. What the case shows as being tried again
// is: over another connection it was fetched for once more and failed.
func (d Decision) unsettled(sorted []Event, over Connection) *Event {
	shown := d.Case.Retrieval
	retrying := shown.Outcome == OutcomeRetrying && shown.EventID == d.Case.Stated.ID
	if d.Case.Stated.Settled && over.Reads(d.Case.FetchedOver) && !retrying {
		return nil
	}
	for i := range sorted {
		if sorted[i].statesFacts() && sorted[i].stated().compare(d.Case.Stated) == 0 {
			return &sorted[i]
		}
	}
	return nil
}

// refreshed returns d fetching for the newest refresh, if one is left to do.
func (d Decision) refreshed(sorted []Event, over Connection, now time.Time) Decision {
	for i, ev := range slices.Backward(sorted) {
		done := d.Case.Retrieval.EventID == ev.ID && d.Case.Retrieval.Outcome == OutcomeOK
		if ev.statesFacts() || done || d.Case.fetchedSince(ev.OccurredAt, over, now) {
			continue
		}
		if !d.Case.Stored() && d.Case.RO == "" {
			d.Case.RO, d.Case.Number, d.Case.Asset = ev.RO, ev.CaseNumber, ev.Asset
			d.Changed = true
		}
		d.Fetch = &sorted[i]
		return d
	}
	return d
}

// takenIn reports whether an export, close or deletion has spoken of the case.
func (c Case) takenIn() bool { return c.Stated.ID != "" }

// fetchedSince reports whether the case's list is good, belongs to who reads over the
// connection, and was fetched after a moment. A time that lies ahead tells nothing: a
// clock has jumped back.
func (c Case) fetchedSince(moment time.Time, over Connection, now time.Time) bool {
	at := c.Retrieval.RetrievedAt
	return c.Retrieval.Outcome == OutcomeOK && at.After(moment) && !at.After(now) && over.Reads(c.FetchedOver)
}
