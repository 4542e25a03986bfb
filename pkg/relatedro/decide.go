package relatedro

import "slices"

// Decision is what one case needs for the events at hand.
type Decision struct {
	Case    Case   // the stored case with the events' facts taken in
	Changed bool   // Case has facts that the stored one has not
	Fetch   *Event // the event to fetch for; nil when nothing needs fetching
}

// Decide says what a case needs, given how it is stored and the events of it that
// are at hand, in any order.
//
// An export or close that is newer than the stored one replaces what was known and
// is fetched for. The same event is fetched for again unless its retrieval ended
// ok. An older one only fills in what nobody has said yet: it may have been
// overtaken by an event that said less. Of several, the newest is fetched for.
//
// A refresh states nothing about a stored case. It is fetched for unless its own
// retrieval ended ok or an export or close is fetched for anyway; only a case that
// nobody knows takes its RO from the refresh.
func Decide(stored Case, events []Event) Decision {
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
	if d.Fetch = d.unsettled(sorted); d.Fetch == nil {
		d = d.refreshed(sorted)
	}
	return d
}

// unsettled returns the export or close that the case stands on, if it is among
// the events and its retrieval has not ended ok.
func (d Decision) unsettled(sorted []Event) *Event {
	if d.Case.Stated.Settled {
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
func (d Decision) refreshed(sorted []Event) Decision {
	for i, ev := range slices.Backward(sorted) {
		done := d.Case.Retrieval.EventID == ev.ID && d.Case.Retrieval.Outcome == OutcomeOK
		if ev.statesFacts() || done {
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

// takenIn reports whether an export or close has spoken of the case.
func (c Case) takenIn() bool { return c.Stated.ID != "" }
