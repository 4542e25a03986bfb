package relatedro

import (
	"cmp"
	"time"
)

// EventType is the type of an event in the case platform.
type EventType string

// The event types of the message contract, version 1.
const (
	Exported EventType = "case.exported" // the case was exported to the DMS
	Closed   EventType = "case.closed"   // the case was closed, by a person or by auto-close
	Deleted  EventType = "case.deleted"  // the case was deleted; nothing of it may be kept
	Refresh  EventType = "case.refresh"  // one of our functions requests a fetch; states no facts
)

// ClosedBy is who closed a case: ClosedByUser or ClosedByAuto.
type ClosedBy string

// The values of ClosedBy.
const (
	ClosedByUser ClosedBy = "user"
	ClosedByAuto ClosedBy = "auto"
)

// CaseKey identifies a case. Case ids and case numbers are unique only within a location.
type CaseKey struct{ Location, Case string }

// Event is one decoded message of the case platform. An empty CaseNumber or Asset means that the
// message does not state it: the value is unknown, not "none".
type Event struct {
	ID         string // the same on redelivery
	Type       EventType
	OccurredAt time.Time
	Key        CaseKey
	CaseNumber string
	Asset      string
	RO         string   // may be empty in Deleted events
	ClosedBy   ClosedBy // Closed events only
	Cause      Trigger  // Refresh events only: TriggerFollow, or empty for a person's refresh
}

// Trigger returns the trigger of the event's retrieval, as people see it.
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

// Check returns the error of the first field that breaks its rule, named as in the message contract,
// or nil.
func (e Event) Check() *FieldError {
	checks := []*FieldError{
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

// rank returns the urgency of a fetch for the event. A refresh has a person's rank only for
// RefreshPeriod, as long as that person is likely to wait. After that it has a batch's rank, since
// it may be one of a whole location's.
func (e Event) rank(now time.Time) Rank {
	switch {
	case e.Trigger() == TriggerFollow:
		return RankFollow
	case e.Type == Refresh && now.Sub(e.OccurredAt) < RefreshPeriod:
		return RankPerson
	}
	return RankBatch
}

// statesFacts reports whether the event states facts about the case instead of only requesting a
// fetch.
func (e Event) statesFacts() bool { return e.Type != Refresh }

func (e Event) stated() Stated { return Stated{ID: e.ID, Type: e.Type, OccurredAt: e.OccurredAt} }
