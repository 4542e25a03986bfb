package relatedro

import (
	"slices"
	"time"
)

// Role is a user's role at a dealer, as named in the case platform's tokens.
type Role string

// The roles.
const (
	Administrator  Role = "administrator"
	ServiceManager Role = "service_manager"
	ServiceAdvisor Role = "service_advisor"
	FieldManager   Role = "field_manager"
	Support        Role = "support" // our own staff
)

// Known reports whether r is one of the roles.
func (r Role) Known() bool {
	switch r {
	case Administrator, ServiceManager, ServiceAdvisor, FieldManager, Support:
		return true
	}
	return false
}

// Actor is the user who makes a request. The zero Actor has no permissions.
type Actor struct {
	Subject    string // the user's id in the case platform
	Roles      []Role
	Locations  []string // ids of the user's locations
	Everywhere bool     // the user works at every location
}

// Has reports whether the actor has one of the roles.
func (a Actor) Has(roles ...Role) bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// Sees reports whether the actor may see the data of a location. Data without a known location,
// named "", is only for actors who see every location.
func (a Actor) Sees(location string) bool {
	return a.Everywhere || location != "" && slices.Contains(a.Locations, location)
}

// RefusalCode is the machine-readable code of a Refusal.
type RefusalCode string

// The reasons for a refusal.
const (
	NotAllowed   RefusalCode = "forbidden"         // the actor's roles do not permit it
	NotConnected RefusalCode = "not-connected"     // the location has no complete connection
	NotEnabled   RefusalCode = "location-disabled" // the location is not enabled
	NoBranches   RefusalCode = "branches-unknown"  // the DMS does not list the branches
	RONeeded     RefusalCode = "ro-number-needed"  // the case is not stored: its RO must be given
	TooSoon      RefusalCode = "too-soon"          // repeated before the end of Wait

	ActivationNeeded RefusalCode = "not-activated" // the DMS does not confirm the activation
)

// Refusal is the error of a use case that declines a request in the current state.
type Refusal struct {
	Code    RefusalCode
	Field   string        // the input at fault, named as in the contract; empty if none
	Message string        // one sentence for the user who made the request
	Wait    time.Duration // time to wait, for TooSoon
}

// Error returns the code and the sentence.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }
