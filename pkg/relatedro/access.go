package relatedro

import (
	"slices"
	"time"
)

// Role is what somebody is to a dealer, as the case platform's tokens name it.
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

// Actor is who asks. The zero Actor may nothing.
type Actor struct {
	Subject    string // the user's id in the case platform
	Roles      []Role
	Locations  []string // ids of the locations they work at
	Everywhere bool     // they work at every location
}

// Has reports whether the actor has one of the roles.
func (a Actor) Has(roles ...Role) bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// Sees reports whether the actor may see what belongs to a location. What belongs
// to no known location, named "", is for those who see everything.
func (a Actor) Sees(location string) bool {
	return a.Everywhere || location != "" && slices.Contains(a.Locations, location)
}

// RefusalCode is the machine code of why a use case did not do what was asked.
type RefusalCode string

// Why a use case refuses.
const (
	NotAllowed   RefusalCode = "forbidden"         // not with this actor's roles
	NotActive    RefusalCode = "not-activated"     // the DMS does not confirm that the feature is active
	NotConnected RefusalCode = "not-connected"     // the location does not say where its ROs are read
	NoBranches   RefusalCode = "branches-unknown"  // the DMS does not tell the account's branches
	SwitchedOff  RefusalCode = "location-disabled" // the location has the feature switched off
	RONeeded     RefusalCode = "ro-number-needed"  // the case is not stored, so its RO must be given
	TooSoon      RefusalCode = "too-soon"          // asked again before Wait is over
)

// Refusal is the error of a use case that will not do what was asked, as things
// are.
type Refusal struct {
	Code    RefusalCode
	Field   string        // the input at fault, as the contract spells it; empty for none
	Message string        // one sentence for the person who asked
	Wait    time.Duration // of TooSoon: how long to wait
}

// Error returns the code and the sentence.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }
