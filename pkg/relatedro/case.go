package relatedro

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Case is a repair case as stored: what the case platform stated of it, and the
// related ROs that the last good retrieval found. The zero Case with its key set
// stands for a case that is not stored.
type Case struct {
	Key      CaseKey
	Number   string     // case number people know; empty while unknown
	Asset    string     // asset id; empty while unknown
	RO       string     // the original RO, under which the case was exported; once it was fetched, as the DMS writes it
	Status   CaseStatus // empty while only a refresh has spoken of the case
	ClosedBy ClosedBy   // set while Status is CaseClosed

	Stated       Stated    // the newest export or close taken in
	FirstEventAt time.Time // OccurredAt of the first event taken in; never changes, it orders an asset's cases

	Own         RelatedRO   // the case's own RO as the last good retrieval found it, without a relation
	Related     []RelatedRO // last good list, ordered by RO number
	Omitted     int         // related ROs of that list which the store had no room for
	Expected    []Expected  // beside that list, by name; never counted, linked or told of
	FetchedOver Connection  // the connection that Related was fetched over
	Retrieval   Retrieval   // the last retrieval, good or not

	// Unindexed says that the case was stored by a version that did not list open warranty
	// ROs: its next write does. The store's own.
	Unindexed bool
	// Past is what the case remembers of its retrievals, oldest first, of its present RO and
	// over FetchedOver: with another list it begins anew.
	Past []PastRetrieval

	Expires  time.Time // when the store may forget the case; zero is never
	Revision int64     // counts writes; 0 is not stored
}

// CaseStatus is how far a case has come, as far as events told.
type CaseStatus string

// What a case is after its newest event.
const (
	CaseExported CaseStatus = "exported"
	CaseClosed   CaseStatus = "closed"
	CaseDeleted  CaseStatus = "deleted" // nothing is kept of it but its deletion
)

// Stated identifies the newest export, close or deletion that a case has taken in. Its
// order is total, so that any order of delivery ends with the same one.
type Stated struct {
	ID         string
	Type       EventType
	OccurredAt time.Time
	Settled    bool // its retrieval ended ok
}

// compare orders two events by what they say about the case: later wins, a close counts
// as later than it says by MaxClockLead and a deletion by twice that, see Decide. Then a
// deletion wins over a close and a close over an export, and of one type the greater id,
// so that the order of delivery never decides.
func (s Stated) compare(o Stated) int {
	return cmp.Or(
		s.counts().Compare(o.counts()),
		cmp.Compare(s.rank(), o.rank()),
		strings.Compare(s.ID, o.ID),
	)
}

// counts returns the time by which the event is compared.
func (s Stated) counts() time.Time { return s.OccurredAt.Add(time.Duration(s.rank()) * MaxClockLead) }

func (s Stated) rank() int {
	switch s.Type {
	case Closed:
		return 1
	case Deleted:
		return 2
	}
	return 0
}

// Trigger is what started a retrieval.
type Trigger string

// The triggers: case export, case close (auto-close included), a person, and a change
// seen in the DMS. A deletion fetches nothing: logs alone name it.
const (
	TriggerExport  Trigger = "export"
	TriggerClose   Trigger = "close"
	TriggerRefresh Trigger = "refresh"
	TriggerFollow  Trigger = "follow"
	TriggerDelete  Trigger = "delete"
)

// Outcome is how a retrieval stands.
type Outcome string

// The outcomes of a retrieval.
const (
	OutcomeOK       Outcome = "ok"
	OutcomeRetrying Outcome = "retrying" // failed, and will be tried again by itself
	OutcomeFailed   Outcome = "failed"   // failed, and will not be tried again by itself
)

// Retrieval is one fetch of a case's related ROs as people see it.
type Retrieval struct {
	Outcome     Outcome
	Trigger     Trigger
	EventID     string
	RetrievedAt time.Time // when the list that is shown was fetched; zero while none was
	Reason      Reason    // empty when OutcomeOK
	Message     string    // one sentence for a service manager; empty when OutcomeOK
	Since       time.Time // when the retrievals began to fail for Reason and no other; zero when OutcomeOK
	AttemptedAt time.Time // when the last attempt failed for good; zero while it is tried again: not each attempt is stored
}

// Relation says how a related RO stands to the RO at hand.
type Relation string

// The relations.
const (
	Alternate  Relation = "alternate"  // made from the RO at hand
	Original   Relation = "original"   // the RO at hand was made from it, directly or through others
	Sibling    Relation = "sibling"    // made from the same original
	Descendant Relation = "descendant" // made from an alternate, a sibling or one of theirs
)

// ROStatus is how far an RO has come in the DMS. Voided is told apart by
// RelatedRO.Voided.
type ROStatus string

// The states of an RO. Related ROs are shown in each of them.
const (
	ROOpen      ROStatus = "open"
	ROCompleted ROStatus = "completed" // work done, not invoiced
	ROInvoiced  ROStatus = "invoiced"
)

// RelatedRO is one RO of a family, seen from the RO at hand. Empty strings mean
// that the DMS does not say.
type RelatedRO struct {
	RO            string
	MadeFrom      string // number of the RO it was made from; empty for the family's first
	Relation      Relation
	Status        ROStatus
	BillTo        string // name of the customer who is billed
	Warranty      bool   // billed to a warranty account
	InvoiceNumber string
	OpenedAt      string // ISO 8601 date or time as the DMS has it, in the dealer's own zone
	InvoicedAt    string // likewise; empty while not invoiced
	Voided        bool
	TotalCharges  string // see OpenWarranty; a decimal such as "1284.50", in the dealer's currency, which the DMS does not name

	FirstSeenAt time.Time // when a retrieval of the case first found it; zero as the DMS gives it
	GoneSince   time.Time // when a retrieval first missed it; zero while the DMS has it
}

// GoneFor is how long an RO that the DMS no longer has stays on a case's list. It was
// deleted there, or combined with another, and people are told so.
const GoneFor = 14 * 24 * time.Hour

// MaxLinks is how many of a case's RO numbers can be searched for, its own included:
// what one transaction of DynamoDB can write together with the case.
const MaxLinks = 98

// Link says that a case has an RO, as its own or as a related one. Links are an
// index onto cases, which are the truth: a reader drops a link whose case does not
// list the number.
type Link struct {
	RO         string // canonical; the case has the number as the DMS writes it
	Key        CaseKey
	Own        bool // the case's own RO
	CaseNumber string
	OpenSince  time.Time // of the own RO while the case's family is open: its first event; else zero

	Warranty OpenWarranty // of a related RO that is an open warranty RO; else zero
}

// Links returns the links that the case as it stands must have, one for each RO
// number, ordered by number: its own RO, its open warranty ROs and the first others of
// its list, MaxLinks in all. A number that CheckRO refuses, which a DMS may still hold,
// is shown but not linked: nobody can search for it.
func (c Case) Links() []Link {
	if c.RO == "" {
		return nil
	}
	links := make([]Link, 0, min(len(c.Related)+1, MaxLinks))
	own := Link{RO: CanonicalRO(c.RO), Key: c.Key, Own: true, CaseNumber: c.Number}
	if c.open() {
		own.OpenSince = c.FirstEventAt
	}
	links = append(links, own)
	add := func(r RelatedRO) {
		ro := CanonicalRO(r.RO)
		linked := slices.ContainsFunc(links, func(l Link) bool { return l.RO == ro })
		if len(links) < MaxLinks && !linked && CheckRO("", ro) == nil {
			links = append(links, Link{RO: ro, Key: c.Key, CaseNumber: c.Number, Warranty: c.openWarranty(r)})
		}
	}
	for r := range c.OpenWarranty() {
		add(r)
	}
	for _, r := range c.Related {
		add(r)
	}
	slices.SortFunc(links, func(a, b Link) int { return strings.Compare(a.RO, b.RO) })
	return links
}

// Deleted reports whether nothing is kept of the case but its deletion.
func (c Case) Deleted() bool { return c.Status == CaseDeleted }

// Stored reports whether the case has been written before.
func (c Case) Stored() bool { return c.Revision > 0 }

// withFacts returns c as ev, the newest export, close or deletion, states it. What an
// export or close does not say stays. A list that belongs to another RO is dropped: it
// would be shown next to a number that it is not related to.
func (c Case) withFacts(ev Event) Case {
	if ev.Type == Deleted {
		return Case{Key: c.Key, Status: CaseDeleted, Stated: ev.stated(), Revision: c.Revision}
	}
	c = c.withRO(ev.RO)
	c.Number = cmp.Or(ev.CaseNumber, c.Number)
	c.Asset = cmp.Or(ev.Asset, c.Asset)
	c.Stated = ev.stated()
	c.Status, c.ClosedBy = CaseExported, ""
	if ev.Type == Closed {
		c.Status, c.ClosedBy, c.Expected = CaseClosed, ev.ClosedBy, nil
	}
	return c
}

// filledFrom returns c with what is unknown of it taken from an older event, and
// whether that changed anything.
func (c Case) filledFrom(ev Event) (Case, bool) {
	if c.Deleted() {
		return c, false
	}
	before := [...]string{c.Number, c.Asset, c.RO}
	c.Number = cmp.Or(c.Number, ev.CaseNumber)
	c.Asset = cmp.Or(c.Asset, ev.Asset)
	c.RO = cmp.Or(c.RO, ev.RO)
	return c, before != [...]string{c.Number, c.Asset, c.RO}
}

// withRO returns c with an RO number that an event gave. Another spelling of the number
// that it has changes nothing.
func (c Case) withRO(ro string) Case {
	if CanonicalRO(c.RO) != CanonicalRO(ro) {
		c = c.WithoutList()
		c.RO = ro
	}
	return c
}

// WithoutList returns c as if its list were still to be fetched: nothing is shown, and
// its event, when it comes again, is fetched for.
func (c Case) WithoutList() Case {
	c.Own, c.Related, c.Expected, c.Omitted, c.FetchedOver, c.Past = RelatedRO{}, nil, nil, 0, Connection{}, nil
	c.Stated.Settled = false
	c.Retrieval.RetrievedAt = time.Time{}
	if c.Retrieval.Outcome == OutcomeOK {
		c.Retrieval.Outcome, c.Retrieval.Reason = OutcomeRetrying, StoreUnavailable
		c.Retrieval.Message = StoreUnavailable.Sentence()
	}
	return c
}

// Retrieved returns c with the family that ev's retrieval found at the given time over a
// connection. An RO of the former list that the DMS no longer has stays for GoneFor.
func (c Case) Retrieved(ev Event, family Family, over Connection, at time.Time) Case {
	if fetched := c.FetchedOver; fetched != over && fetched != (Connection{}) {
		c.Related, c.Omitted, c.Past = nil, 0, nil // of another account, whose numbers nobody here may see
	}
	past := PastRetrieval{At: at, Trigger: ev.Trigger(), Outcome: OutcomeOK}
	list := c.merged(family.Related, at)
	past.compare(c.Related, list, c.Omitted > 0)
	c = c.remembering(past, false)
	c.Related, c.Expected = list, family.Expected
	c.RO, c.Own, c.Omitted, c.FetchedOver = cmp.Or(family.Own.RO, c.RO), family.Own, 0, over
	c.dropCharges()
	c.Retrieval = Retrieval{Outcome: OutcomeOK, Trigger: ev.Trigger(), EventID: ev.ID, RetrievedAt: at}
	if c.Stated.ID == ev.ID {
		c.Stated.Settled = true
	}
	return c
}

// merged returns the list that was found, with what the former list adds to it: since
// when each RO is known, and those that are gone.
func (c Case) merged(found []RelatedRO, at time.Time) []RelatedRO {
	former := make(map[string]RelatedRO)
	for _, r := range c.Related {
		former[CanonicalRO(r.RO)] = r
	}
	list := slices.Clone(found)
	for i := range list {
		number := CanonicalRO(list[i].RO)
		list[i].FirstSeenAt = at
		if known, ok := former[number]; ok {
			list[i].FirstSeenAt = known.FirstSeenAt
			delete(former, number)
		}
	}
	for _, r := range former {
		if r.GoneSince.IsZero() {
			r.GoneSince = at
		}
		if at.Sub(r.GoneSince) < GoneFor {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b RelatedRO) int { return compareROs(a.RO, b.RO) })
	return list
}

// listEquals reports whether both show the same good list of the same connection.
func (c Case) listEquals(o Case) bool {
	return c.RO == o.RO && c.Own == o.Own && slices.Equal(c.Related, o.Related) && slices.Equal(c.Expected, o.Expected) && c.FetchedOver == o.FetchedOver &&
		c.Retrieval.Outcome == OutcomeOK && o.Retrieval.Outcome == OutcomeOK
}

// compareROs orders shorter numbers first, then by character: digits come in the order
// of their value.
func compareROs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Failed returns c with ev's retrieval marked retrying or failed. The last good
// list and its time stay. message is one sentence for a service manager.
func (c Case) Failed(ev Event, outcome Outcome, why Reason, message string, now time.Time) Case {
	again := c.Retrieval.EventID == ev.ID
	c = c.remembering(PastRetrieval{At: now.UTC(), Trigger: ev.Trigger(), Outcome: outcome, Reason: why}, again)
	c.Retrieval = Retrieval{
		Outcome: outcome, Trigger: ev.Trigger(), EventID: ev.ID,
		RetrievedAt: c.Retrieval.RetrievedAt, Reason: why, Message: message,
		Since: c.Retrieval.failingSince(ev, why, now),
	}
	if outcome == OutcomeFailed && why != LocationDisabled { // of that, no attempt was made
		c.Retrieval.AttemptedAt = now.UTC()
	}
	return c
}

// failingSince returns when the retrievals that end with r and that of ev, which fails now,
// began to fail for one reason. One that failed for good began anew, unless ev is the event
// that it failed for: a crash has brought that back, or a redrive. A time that lies ahead
// tells nothing: a clock has jumped back.
func (r Retrieval) failingSince(ev Event, why Reason, now time.Time) time.Time {
	lasts := r.Outcome == OutcomeRetrying || r.EventID == ev.ID
	if lasts && r.Reason == why && !r.Since.IsZero() && !r.Since.After(now) {
		return r.Since
	}
	return now.UTC()
}
