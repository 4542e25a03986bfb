package relatedro

import (
	"slices"
	"time"
)

// MaxClockLead is how far an event's time may lie ahead of the queue's clock. It is also the
// largest difference allowed between the clocks of two event senders.
const MaxClockLead = 5 * time.Minute

// Decision is the outcome of Decide for one case.
type Decision struct {
	Case    Case   // the stored case with the events' facts taken in
	Changed bool   // Case has facts that the stored case lacks
	Fetch   *Event // the event to fetch for; nil if no fetch is needed
}

// Decide returns the decision for a case, given the stored case, the connection that its location
// reads over, and the pending events of the case in any order.
//
// An export, close or deletion that is newer than the stored one replaces the known facts. An
// export or close triggers a fetch, and does so again on redelivery, unless its retrieval succeeded
// and the list still belongs to the location. An older event only fills in unknown values: a newer
// event that omitted them may have overtaken it. Of several events, the newest is fetched for.
//
// Clocks differ. No clock within MaxClockLead may turn a close into an older event. A close
// therefore counts as newer than every export up to MaxClockLead after it, and a deletion as newer
// than every close up to MaxClockLead after it. The price: an export less than MaxClockLead after a
// close does not reopen the case.
//
// A deletion removes everything about the case except the deletion itself, which keeps late events
// from restoring the case.
//
// A refresh states no facts about a stored case. It needs no fetch in three cases: its own
// retrieval succeeded; the list is good, belongs to the location, and was fetched after the refresh
// was requested; or an export or close is being fetched for anyway. Only a case that is not stored
// takes its RO from the refresh.
func Decide(stored Case, connection Connection, now time.Time, events []Event) Decision {
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
	if d.Fetch = d.unfetched(sorted, connection); d.Fetch == nil {
		d = d.refreshed(sorted, connection, now)
	}
	return d
}

// unfetched returns the export or close that the case stands on, if it is among the events and
// still needs a fetch: the location has no list for it, or the case shows it as retrying. The
// latter happens when the event was fetched again over another connection and failed.
func (d Decision) unfetched(sorted []Event, connection Connection) *Event {
	shown := d.Case.Retrieval
	retrying := shown.Outcome == OutcomeRetrying && shown.EventID == d.Case.Stated.ID
	if d.Case.Stated.Fetched && connection.Reads(d.Case.FetchedOver) && !retrying {
		return nil
	}
	for i := range sorted {
		if sorted[i].statesFacts() && sorted[i].stated().compare(d.Case.Stated) == 0 {
			return &sorted[i]
		}
	}
	return nil
}

// refreshed returns d with Fetch set to the newest refresh that still needs a fetch, if any.
func (d Decision) refreshed(sorted []Event, connection Connection, now time.Time) Decision {
	for i, ev := range slices.Backward(sorted) {
		done := d.Case.Retrieval.EventID == ev.ID && d.Case.Retrieval.Outcome == OutcomeOK
		if ev.statesFacts() || done || d.Case.fetchedSince(ev.OccurredAt, connection, now) {
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

// takenIn reports whether the case has taken in an export, close or deletion.
func (c Case) takenIn() bool { return c.Stated.ID != "" }

// fetchedSince reports whether the case's list is good, belongs to the connection, and was fetched
// after the given moment. A list with a fetch time in the future does not count, because the clock
// has jumped back.
func (c Case) fetchedSince(moment time.Time, connection Connection, now time.Time) bool {
	at := c.Retrieval.RetrievedAt
	return c.Retrieval.Outcome == OutcomeOK && at.After(moment) && !at.After(now) && connection.Reads(c.FetchedOver)
}
