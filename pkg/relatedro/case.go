package relatedro

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Case is a repair case as stored: the facts that the case platform stated, and the related ROs
// that the last successful retrieval found. A zero Case with only Key set stands for a case that is
// not stored.
type Case struct {
	Key    CaseKey
	Number string // case number as people know it; empty while unknown
	Asset  string // asset id; empty while unknown
	// RO is the original RO, under which the case was exported. Once it has been fetched, it is
	// spelled as the DMS writes it.
	RO       string
	Status   CaseStatus // empty while the case is known only from a refresh
	ClosedBy ClosedBy   // set only while Status is CaseClosed

	// Stated is the newest export, close or deletion taken in.
	Stated Stated
	// FirstEventAt is the OccurredAt of the first event taken in. It never changes, because it
	// orders an asset's cases.
	FirstEventAt time.Time

	// Own is the case's own RO as the last successful retrieval found it, without a relation.
	Own     RelatedRO
	Related []RelatedRO // last good list, ordered by RO number
	Omitted int         // related ROs of that list that did not fit into the store
	// Expected stands beside that list, ordered by name. Expected ROs are never counted, linked or
	// put into notices.
	Expected    []Expected
	FetchedOver Connection // connection over which Related was fetched
	Retrieval   Retrieval  // last retrieval, successful or not

	// Unindexed marks a case stored by a version that did not list open warranty ROs; the next
	// write lists them. Only the store sets it.
	Unindexed bool
	// Past is the history of retrievals, oldest first, for the current RO and FetchedOver. It
	// starts again when either changes.
	Past []PastRetrieval

	Expires  time.Time // when the store may delete the case; zero means never
	Revision int64     // number of writes; 0 means not stored
}

// CaseStatus is the state of a case according to its events.
type CaseStatus string

// The statuses of a case after its newest event.
const (
	CaseExported CaseStatus = "exported"
	CaseClosed   CaseStatus = "closed"
	CaseDeleted  CaseStatus = "deleted" // only the deletion itself is kept
)

// Stated identifies the newest export, close or deletion that a case has taken in. Its order is
// total, so that every order of delivery ends with the same event.
type Stated struct {
	ID         string
	Type       EventType
	OccurredAt time.Time
	Fetched    bool // its retrieval succeeded
}

// compare orders two events by precedence. The later effective time wins; a close counts as
// MaxClockLead later than its own time and a deletion as twice that (see Decide). At equal
// effective times a deletion wins over a close and a close over an export; within one type the
// greater id wins. The order of delivery therefore never decides.
func (s Stated) compare(o Stated) int {
	return cmp.Or(
		s.counts().Compare(o.counts()),
		cmp.Compare(s.rank(), o.rank()),
		strings.Compare(s.ID, o.ID),
	)
}

// counts returns the effective time by which events are compared.
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

// Trigger is the cause of a retrieval.
type Trigger string

// The triggers: case export, case close (auto-close included), a person's refresh, and a change
// seen in the DMS. A deletion starts no retrieval; TriggerDelete appears only in logs and notices.
const (
	TriggerExport  Trigger = "export"
	TriggerClose   Trigger = "close"
	TriggerRefresh Trigger = "refresh"
	TriggerFollow  Trigger = "follow"
	TriggerDelete  Trigger = "delete"
)

// Outcome is the state of a retrieval.
type Outcome string

// The outcomes of a retrieval.
const (
	OutcomeOK       Outcome = "ok"
	OutcomeRetrying Outcome = "retrying" // failed, and will be retried automatically
	OutcomeFailed   Outcome = "failed"   // failed, and will not be retried automatically
)

// Retrieval is one fetch of a case's related ROs as people see it.
type Retrieval struct {
	Outcome Outcome
	Trigger Trigger
	EventID string
	// RetrievedAt is when the list on screen was fetched; zero if none was.
	RetrievedAt time.Time
	Reason      Reason // empty when OutcomeOK
	Message     string // one sentence for a service manager; empty when OutcomeOK
	// Since is when retrievals began to fail for Reason without interruption; zero when OutcomeOK.
	Since time.Time
	// AttemptedAt is when the last attempt failed permanently. It is zero during retries, because
	// not every attempt is stored.
	AttemptedAt time.Time
}

// Relation is the relation of a related RO to the RO at hand.
type Relation string

// The relations.
const (
	Alternate  Relation = "alternate"  // made from the RO at hand
	Original   Relation = "original"   // the RO at hand was made from it, directly or indirectly
	Sibling    Relation = "sibling"    // made from the same original
	Descendant Relation = "descendant" // made from an alternate, a sibling or another descendant
)

// ROStatus is the progress of an RO in the DMS. RelatedRO.Voided is separate.
type ROStatus string

// The statuses of an RO. Related ROs are shown in every status.
const (
	ROOpen      ROStatus = "open"
	ROCompleted ROStatus = "completed" // work done, not invoiced
	ROInvoiced  ROStatus = "invoiced"
)

// RelatedRO is one RO of a family, seen from the RO at hand. An empty string means that the DMS
// does not state the value.
type RelatedRO struct {
	RO            string
	MadeFrom      string // number of the RO that it was made from; empty for the family's first RO
	Relation      Relation
	Status        ROStatus
	BillTo        string // name of the billing customer
	Warranty      bool   // billed to a warranty account
	InvoiceNumber string
	OpenedAt      string // ISO 8601 date or time as the DMS has it, in the dealer's time zone
	InvoicedAt    string // likewise; empty while not invoiced
	Voided        bool
	// TotalCharges is a decimal such as "1284.50", in the dealer's currency, which the DMS does not
	// state. It is kept only for open warranty ROs.
	TotalCharges string

	FirstSeenAt time.Time // when a retrieval of the case first found it; the DMS leaves it zero
	GoneSince   time.Time // when a retrieval first missed it; zero while the DMS has it
}

// GoneFor is how long an RO that the DMS no longer has stays on a case's list. The DMS deleted it
// or combined it with another RO, and the list says so.
const GoneFor = 14 * 24 * time.Hour

// MaxLinks is how many of a case's RO numbers are searchable, its own included. One DynamoDB
// transaction can write that many together with the case.
const MaxLinks = 98

// Link records that a case has an RO, as its own or as a related one. Links are an index onto
// cases, and the case is the truth: readers drop a link whose case does not list the number.
type Link struct {
	RO         string // canonical; the case has the number as the DMS writes it
	Key        CaseKey
	Own        bool // the case's own RO
	CaseNumber string
	// OpenSince is set on the own RO's link while the case's family is open: the time of the case's
	// first event. Otherwise it is zero.
	OpenSince time.Time

	// Warranty is set on the link of a related RO that is an open warranty RO. Otherwise it is
	// zero.
	Warranty OpenWarranty
}

// Links returns the links that the case must have in its current state, one per RO number, ordered
// by number: its own RO, its open warranty ROs, then other ROs in list order, MaxLinks in all. A
// DMS may hold a number that CheckRO refuses. Such a number is shown but not linked, because it
// cannot be searched for.
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

// Deleted reports whether only the case's deletion is kept.
func (c Case) Deleted() bool { return c.Status == CaseDeleted }

// Stored reports whether the case has been written before.
func (c Case) Stored() bool { return c.Revision > 0 }

// withFacts returns c with the facts of ev, the newest export, close or deletion. A value that an
// export or close does not state stays. The list of another RO is dropped: it must not be shown
// next to an RO that it is not related to.
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

// filledFrom returns c with its unknown values filled in from an older event, and whether any value
// changed.
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

// withRO returns c with the RO number of an event. A different spelling of the current number
// changes nothing.
func (c Case) withRO(ro string) Case {
	if CanonicalRO(c.RO) != CanonicalRO(ro) {
		c = c.WithoutList()
		c.RO = ro
	}
	return c
}

// WithoutList returns c as if its list had not been fetched yet: no list is shown, and a redelivery
// of its event triggers a fetch.
func (c Case) WithoutList() Case {
	c.Own, c.Related, c.Expected, c.Omitted, c.FetchedOver, c.Past = RelatedRO{}, nil, nil, 0, Connection{}, nil
	c.Stated.Fetched = false
	c.Retrieval.RetrievedAt = time.Time{}
	if c.Retrieval.Outcome == OutcomeOK {
		c.Retrieval.Outcome, c.Retrieval.Reason = OutcomeRetrying, StoreUnavailable
		c.Retrieval.Message = StoreUnavailable.Sentence()
	}
	return c
}

// Retrieved returns c with the family that ev's retrieval found now over a
// connection. An RO of the previous list that the DMS no longer has stays for GoneFor.
func (c Case) Retrieved(ev Event, family Family, connection Connection, now time.Time) Case {
	if fetched := c.FetchedOver; fetched != connection && fetched != (Connection{}) {
		// They belong to another account, whose numbers must not be seen here.
		c.Related, c.Omitted, c.Past = nil, 0, nil
	}
	past := PastRetrieval{At: now, Trigger: ev.Trigger(), Outcome: OutcomeOK}
	list := c.merged(family.Related, now)
	past.compare(c.Related, list, c.Omitted > 0)
	c = c.remembering(past, false)
	c.Related, c.Expected = list, family.Expected
	c.RO, c.Own, c.Omitted, c.FetchedOver = cmp.Or(family.Own.RO, c.RO), family.Own, 0, connection
	c.dropCharges()
	c.Retrieval = Retrieval{Outcome: OutcomeOK, Trigger: ev.Trigger(), EventID: ev.ID, RetrievedAt: now}
	if c.Stated.ID == ev.ID {
		c.Stated.Fetched = true
	}
	return c
}

// merged returns the list that was found, completed from the previous list: FirstSeenAt of each
// known RO, and the ROs that are gone.
func (c Case) merged(found []RelatedRO, now time.Time) []RelatedRO {
	former := make(map[string]RelatedRO)
	for _, r := range c.Related {
		former[CanonicalRO(r.RO)] = r
	}
	list := slices.Clone(found)
	for i := range list {
		number := CanonicalRO(list[i].RO)
		list[i].FirstSeenAt = now
		if known, ok := former[number]; ok {
			list[i].FirstSeenAt = known.FirstSeenAt
			delete(former, number)
		}
	}
	for _, r := range former {
		if r.GoneSince.IsZero() {
			r.GoneSince = now
		}
		if now.Sub(r.GoneSince) < GoneFor {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b RelatedRO) int { return compareROs(a.RO, b.RO) })
	return list
}

// listEquals reports whether both cases show the same good list of the same connection.
func (c Case) listEquals(o Case) bool {
	return c.RO == o.RO && c.Own == o.Own && slices.Equal(c.Related, o.Related) && slices.Equal(c.Expected, o.Expected) &&
		c.FetchedOver == o.FetchedOver &&
		c.Retrieval.Outcome == OutcomeOK && o.Retrieval.Outcome == OutcomeOK
}

// compareROs orders shorter numbers first, then by character, so that numeric ROs are in numeric
// order.
func compareROs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Failed returns c with ev's retrieval marked as retrying or failed. The last good list and its
// time stay. message is one sentence for a service manager.
func (c Case) Failed(ev Event, outcome Outcome, why Reason, message string, now time.Time) Case {
	repeated := c.Retrieval.EventID == ev.ID
	c = c.remembering(PastRetrieval{At: now.UTC(), Trigger: ev.Trigger(), Outcome: outcome, Reason: why}, repeated)
	c.Retrieval = Retrieval{
		Outcome: outcome, Trigger: ev.Trigger(), EventID: ev.ID,
		RetrievedAt: c.Retrieval.RetrievedAt, Reason: why, Message: message,
		Since: c.Retrieval.failingSince(ev, why, now),
	}
	if outcome == OutcomeFailed && why != LocationDisabled { // it means no attempt
		c.Retrieval.AttemptedAt = now.UTC()
	}
	return c
}

// failingSince returns when retrievals began to fail for the reason why: the start of the failure
// in r if ev, which fails now, continues it, otherwise now. A permanent failure is continued only
// by the event that it belongs to, redelivered after a crash or redriven. A start in the future is
// ignored, because the clock has jumped back.
func (r Retrieval) failingSince(ev Event, why Reason, now time.Time) time.Time {
	lasts := r.Outcome == OutcomeRetrying || r.EventID == ev.ID
	if lasts && r.Reason == why && !r.Since.IsZero() && !r.Since.After(now) {
		return r.Since
	}
	return now.UTC()
}
