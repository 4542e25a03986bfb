package relatedro

import (
	"slices"
	"time"
)

// Limits of a case's history.
const (
	MostPast  = 50 // retrievals that a case remembers
	MostNamed = 10 // RO numbers that one of them names of a kind; more are counted
)

// PastRetrieval is what a case remembers of one retrieval, or of several in a row with the
// same trigger and reason that changed nothing: so a retrieval that finds nothing new does
// not push out one that did. Attempts of one retrieval count once.
type PastRetrieval struct {
	At      time.Time // when it, or the first of several, ended or began to fail
	LastAt  time.Time // of the last of several, as far as it was written
	Times   int       // how many
	Trigger Trigger
	Outcome Outcome // of the last
	Reason  Reason  // empty when OutcomeOK

	// Against the list before, in which an RO that the DMS no longer has does not count.
	// An RO is of one kind. The numbers added, less those gone, are the list.
	Added    Numbers
	Invoiced Numbers
	Voided   Numbers
	Changed  Numbers // that say something else than before
	Gone     Numbers // that the DMS no longer has
}

// Numbers is a bounded list of RO numbers.
type Numbers struct {
	Named []string // at most MostNamed, as the DMS writes them
	More  int      // that are not named
}

func (n *Numbers) add(ro string) {
	if len(n.Named) < MostNamed {
		n.Named = append(n.Named, ro)
	} else {
		n.More++
	}
}

// Count returns how many numbers there are, named or not.
func (n Numbers) Count() int { return len(n.Named) + n.More }

// changes reports whether the retrieval found anything that the list before did not say.
func (p PastRetrieval) changes() bool {
	return p.Added.Count()+p.Invoiced.Count()+p.Voided.Count()+p.Changed.Count()+p.Gone.Count() > 0
}

// remembering returns c with a retrieval at the end of its history. again says that it is a
// further attempt of the one at the end.
func (c Case) remembering(p PastRetrieval, again bool) Case {
	c.Past = slices.Clone(c.Past)
	p.LastAt, p.Times = p.At, 1
	if n := len(c.Past); n > 0 {
		last := &c.Past[n-1]
		if last.Trigger == p.Trigger && last.Reason == p.Reason && !last.changes() && !p.changes() {
			last.LastAt, last.Outcome = p.At, p.Outcome
			if !again {
				last.Times++
			}
			return c
		}
	}
	c.Past = append(c.Past, p)
	c.Past = c.Past[max(0, len(c.Past)-MostPast):]
	return c
}

// compare notes how a list differs from the one before. Of one that the store has cut, it is
// not known what came after its last number.
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

// present returns the ROs of a list that the DMS has, by canonical number.
func present(list []RelatedRO) map[string]RelatedRO {
	ros := make(map[string]RelatedRO, len(list))
	for _, r := range list {
		if r.GoneSince.IsZero() {
			ros[CanonicalRO(r.RO)] = r
		}
	}
	return ros
}
