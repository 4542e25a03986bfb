package sqsbatch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// Version is the supported version of the message contract.
const Version = 1

// Error codes of messages that can never succeed, as dead letters carry them. Retrievals that fail
// for good add the codes of relatedro.Reason, and GaveUp.
const (
	NotJSON            = "not_json"
	InvalidField       = "invalid_field"
	UnsupportedVersion = "unsupported_version"
	OccurredInFuture   = "occurred_in_future"
	GaveUp             = "gave_up" // failed for longer than relatedro.GiveUpAfter
)

// Refusal is the error of a message that can never succeed.
type Refusal struct {
	Code    string // one of the codes above
	Message string // names the field and the rule; never repeats a value
}

// Error returns code and message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Decode returns the event in a message body (infra/contracts/schemas/event.schema.json). sentAt is
// when the queue accepted the message. Unknown fields are ignored. An explicit null is refused,
// since it could mean "unknown" or "none". The error is a *Refusal; the event then holds only the
// fields that may be logged, see legible.
func Decode(body string, sentAt time.Time) (relatedro.Event, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &fields); err != nil || fields == nil {
		return relatedro.Event{}, &Refusal{NotJSON, "the body must be one JSON object"}
	}
	d := decoder{fields: fields}
	d.version()
	ev := relatedro.Event{
		ID:         d.need("id"),
		Type:       relatedro.EventType(d.need("type")),
		OccurredAt: d.time("occurredAt"),
		Key:        relatedro.CaseKey{Location: d.need("locationId"), Case: d.need("caseId")},
		CaseNumber: d.id("caseNumber"),
		Asset:      d.id("assetId"),
	}
	if ev.Type == relatedro.Deleted {
		ev.RO = d.optional("roNumber", relatedro.CheckRO)
	} else {
		ev.RO = d.need("roNumber")
	}
	if ev.Type == relatedro.Closed {
		ev.ClosedBy = relatedro.ClosedBy(d.need("closedBy"))
	}
	if ev.Type == relatedro.Refresh {
		if cause, given := d.text("trigger", "must not be null"); given {
			ev.Cause = relatedro.Trigger(cmp.Or(cause, "empty")) // which Check refuses
		}
	}
	if d.err == nil {
		d.refuse(ev.Check())
	}
	if d.err == nil && ev.OccurredAt.Sub(sentAt) > relatedro.MaxClockLead {
		// The sender's clock is wrong: until the real time catches up, this event would be the
		// newest of its case.
		d.err = &Refusal{OccurredInFuture, fmt.Sprintf("occurredAt must be at most %v after the message was sent", relatedro.MaxClockLead)}
	}
	if d.err != nil {
		return legible(ev), d.err
	}
	return ev, nil
}

// legible returns the id, location, case and type of a refused event, each only if it satisfies the
// contract's rules.
func legible(ev relatedro.Event) (named relatedro.Event) {
	for _, id := range []struct {
		given string
		named *string
	}{{ev.ID, &named.ID}, {ev.Key.Location, &named.Key.Location}, {ev.Key.Case, &named.Key.Case}} {
		if relatedro.CheckID("", id.given) == nil {
			*id.named = id.given
		}
	}
	switch ev.Type {
	case relatedro.Exported, relatedro.Closed, relatedro.Deleted, relatedro.Refresh:
		named.Type = ev.Type
	}
	return named
}

// decoder reads the fields of a message and keeps the first error.
type decoder struct {
	fields map[string]json.RawMessage
	err    error
}

func (d *decoder) refuse(err *relatedro.FieldError) {
	if err != nil && d.err == nil {
		d.err = &Refusal{InvalidField, err.Error()}
	}
}

func (d *decoder) version() {
	raw, ok := d.fields["version"]
	var version float64
	switch {
	case !ok:
		d.refuse(&relatedro.FieldError{Field: "version", Rule: "is missing"})
	case string(raw) == "null" || json.Unmarshal(raw, &version) != nil:
		d.refuse(&relatedro.FieldError{Field: "version", Rule: "must be a number"})
	case version != Version && d.err == nil:
		d.err = &Refusal{UnsupportedVersion, fmt.Sprintf("version must be %d", Version)}
	}
}

// text returns a string field and whether the message has it. null is the rule that an explicit
// null breaks.
func (d *decoder) text(name, null string) (string, bool) {
	raw, ok := d.fields[name]
	if !ok {
		return "", false
	}
	var s string
	if string(raw) == "null" {
		d.refuse(&relatedro.FieldError{Field: name, Rule: null})
	} else if json.Unmarshal(raw, &s) != nil {
		d.refuse(&relatedro.FieldError{Field: name, Rule: "must be a string"})
	}
	return s, true
}

func (d *decoder) need(name string) string {
	s, ok := d.text(name, "must not be null")
	if !ok {
		d.refuse(&relatedro.FieldError{Field: name, Rule: "is missing"})
	}
	return s
}

// id returns an optional identifier. If present, it must not be empty.
func (d *decoder) id(name string) string { return d.optional(name, relatedro.CheckID) }

func (d *decoder) optional(name string, check func(field, value string) *relatedro.FieldError) string {
	s, ok := d.text(name, "must not be null; omit the field if its value is unknown")
	if ok {
		d.refuse(check(name, s))
	}
	return s
}

func (d *decoder) time(name string) time.Time {
	s := d.need(name)
	t, err := time.Parse(time.RFC3339, s)
	if d.err == nil && (err != nil || !strictRFC3339(s)) {
		d.refuse(&relatedro.FieldError{Field: name, Rule: "must be an RFC 3339 time with a zone, like 2026-11-23T10:15:00Z"})
	}
	return t.UTC()
}

// strictRFC3339 rejects times that time.Parse accepts although RFC 3339 does not: an hour of one
// digit, a comma before the fraction, an offset beyond 23:59. It also rejects years before 1000: an
// offset can move the year 0 to the year before it, which the store cannot hold. s must have
// parsed.
func strictRFC3339(s string) bool {
	zone := s[len(s)-1:]
	if zone != "Z" {
		zone = s[len(s)-5:]
	}
	return s[0] != '0' && s[len("2006-01-02T15")] == ':' && !strings.Contains(s, ",") &&
		(zone == "Z" || zone[:2] <= "23" && zone[3:] <= "59")
}
