package relatedro

import (
	"slices"
	"time"
)

// Limits of a case's history.
const (
	MostPast  = 50 // retrievals in a case's history
	MostNamed = 10 // RO numbers named per kind and retrieval; the rest are counted
)

// PastRetrieval is one retrieval in a case's history, or several consecutive ones with the same
// trigger and reason that changed nothing. Retrievals without news therefore do not push out one
// with news. The attempts of one retrieval count once.
type PastRetrieval struct {
	// At is when the retrieval, or the first of several, ended or began to fail.
	At      time.Time
	LastAt  time.Time // the same for the last of several, as last stored
	Times   int       // number of retrievals
	Trigger Trigger
	Outcome Outcome // of the last retrieval
	Reason  Reason  // empty when OutcomeOK

	// Differences from the previous list. An RO that was already gone from the DMS does not count
	// as part of that list. An RO appears under one kind only. All numbers added, minus all numbers
	// gone, make up the list.
	Added    Numbers
	Invoiced Numbers
	Voided   Numbers
	Changed  Numbers // other visible changes
	Gone     Numbers // no longer in the DMS
}

// Numbers is a bounded list of RO numbers.
type Numbers struct {
	Named []string // at most MostNamed, as the DMS writes them
	More  int      // count of those not named
}

func (n *Numbers) add(ro string) {
	if len(n.Named) < MostNamed {
		n.Named = append(n.Named, ro)
	} else {
		n.More++
	}
}

// Count returns the number of ROs, named or not.
func (n Numbers) Count() int { return len(n.Named) + n.More }

// changes reports whether the retrieval found any difference from the previous list.
func (p PastRetrieval) changes() bool {
	return p.Added.Count()+p.Invoiced.Count()+p.Voided.Count()+p.Changed.Count()+p.Gone.Count() > 0
}

// remembering returns c with a retrieval added to its history. repeated means that it is another
// attempt of the last one.
func (c Case) remembering(p PastRetrieval, repeated bool) Case {
	c.Past = slices.Clone(c.Past)
	p.LastAt, p.Times = p.At, 1
	if n := len(c.Past); n > 0 {
		last := &c.Past[n-1]
		if last.Trigger == p.Trigger && last.Reason == p.Reason && !last.changes() && !p.changes() {
			last.LastAt, last.Outcome = p.At, p.Outcome
			if !repeated {
				last.Times++
			}
			return c
		}
	}
	c.Past = append(c.Past, p)
	c.Past = c.Past[max(0, len(c.Past)-MostPast):]
	return c
}

// compare records how a list differs from the previous one. If the store has cut the previous list,
// the numbers after its last one are unknown and do not count as added.
func (p *PastRetrieval) compare(before, after []RelatedRO, cut bool) {
	was, is := present(before), present(after)
	for _, r := range after {
		number := CanonicalRO(r.RO)
		old, known := was[number]
		switch {
		case !r.GoneSince.IsZero() || is[number] != r:
		case !known && cut && (len(before) == 0 || compareROs(r.RO, before[len(before)-1].RO) > 0):
		case !known:
			p.Added.add(r.RO)
		case r.Voided && !old.Voided:
			p.Voided.add(r.RO)
		case r.Status == ROInvoiced && old.Status != ROInvoiced:
			p.Invoiced.add(r.RO)
		case fingerprint(r) != fingerprint(old):
			p.Changed.add(r.RO)
		}
	}
	for _, r := range before {
		number := CanonicalRO(r.RO)
		if _, still := is[number]; !still && r.GoneSince.IsZero() && was[number] == r {
			p.Gone.add(r.RO)
		}
	}
}

// present returns the ROs of a list that the DMS still has, by canonical number.
func present(list []RelatedRO) map[string]RelatedRO {
	ros := make(map[string]RelatedRO, len(list))
	for _, r := range list {
		if r.GoneSince.IsZero() {
			ros[CanonicalRO(r.RO)] = r
		}
	}
	return ros
}
