package relatedro

import (
	"cmp"
	"time"
)

// EventType is what happened to a case in the case platform.
type EventType string

// The event types of the message contract, version 1.
const (
	Exported EventType = "case.exported" // the case was exported to the DMS
	Closed   EventType = "case.closed"   // the case was closed, by a person or by auto-close
	Deleted  EventType = "case.deleted"  // the case was deleted; nothing of it is to be kept
	Refresh  EventType = "case.refresh"  // one of our functions asks to fetch again; it states no facts about the case
)

// ClosedBy says who closed a case: ClosedByUser or ClosedByAuto.
type ClosedBy string

// Who closes cases.
const (
	ClosedByUser ClosedBy = "user"
	ClosedByAuto ClosedBy = "auto"
)

// CaseKey identifies a case: case numbers and ids are told apart only within a
// location.
type CaseKey struct{ Location, Case string }

// Event is one message of the case platform, decoded. CaseNumber and Asset are
// empty when the message does not say: unknown, not "none".
type Event struct {
	ID         string // repeats on redelivery
	Type       EventType
	OccurredAt time.Time
	Key        CaseKey
	CaseNumber string
	Asset      string
	RO         string   // of Deleted events it may be empty
	ClosedBy   ClosedBy // of Closed events only
	Cause      Trigger  // of Refresh events only: TriggerFollow, or empty for a person's
}

// Trigger names what the event is, as people see it next to a retrieval.
func (e Event) Trigger() Trigger {
	switch e.Type {
	case Exported:
		return TriggerExport
	case Closed:
		return TriggerClose
	case Deleted:
		return TriggerDelete
	}
	return cmp.Or(e.Cause, TriggerRefresh)
}

// Check returns a *FieldError for the first field that breaks its rule, named as
// the message contract spells it.
func (e Event) Check() error {
	checks := []error{
		CheckID("id", e.ID),
		CheckID("locationId", e.Key.Location),
		CheckID("caseId", e.Key.Case),
	}
	if e.Type != Deleted || e.RO != "" {
		checks = append(checks, CheckRO("roNumber", e.RO))
	}
	if e.CaseNumber != "" {
		checks = append(checks, CheckID("caseNumber", e.CaseNumber))
	}
	if e.Asset != "" {
		checks = append(checks, CheckID("assetId", e.Asset))
	}
	switch e.Type {
	case Exported, Deleted:
	case Refresh:
		if e.Cause != "" && e.Cause != TriggerRefresh && e.Cause != TriggerFollow {
			checks = append(checks, &FieldError{"trigger", `must be "refresh" or "follow"`})
		}
	case Closed:
		if e.ClosedBy != ClosedByUser && e.ClosedBy != ClosedByAuto {
			checks = append(checks, &FieldError{"closedBy", `must be "user" or "auto"`})
		}
	default:
		checks = append(checks, &FieldError{"type", `must be "case.exported", "case.closed", "case.deleted" or "case.refresh"`})
	}
	if e.OccurredAt.IsZero() {
		checks = append(checks, &FieldError{"occurredAt", "must be an RFC 3339 time"})
	}
	return cmp.Or(checks...)
}

// rank says how urgent a fetch for the event is. Who waits for a refresh does so for a
// minute; later it is no more urgent than others: it may be one of a whole location's.
func (e Event) rank(now time.Time) Rank {
	switch {
	case e.Trigger() == TriggerFollow:
		return RankFollow
	case e.Type == Refresh && now.Sub(e.OccurredAt) < RefreshPeriod:
		return RankPerson
	}
	return RankBatch
}

// statesFacts reports whether the event says something about the case, rather
// than only asking for a fetch.
func (e Event) statesFacts() bool { return e.Type != Refresh }

func (e Event) stated() Stated { return Stated{ID: e.ID, Type: e.Type, OccurredAt: e.OccurredAt} }
