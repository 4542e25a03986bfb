package relatedro

import (
	"strings"
	"time"
)

// FeatureStatus is whether Related RO is enabled for a location.
type FeatureStatus string

// The statuses. A location never set up is Disabled.
const (
	Enabled  FeatureStatus = "ENABLED"
	Disabled FeatureStatus = "DISABLED"
)

// Connection is where a location's ROs are read: an account at the DMS, the user for its requests,
// and the branch, which is empty if the account has only one. The DMS defines the form of each
// part. Connections are comparable: locations with equal connections are queried together.
type Connection struct {
	Account, User, Branch string

	// Kind is the DMS interface to use, by the DMS's own name for it; empty means its first one.
	Kind string
}

// Reads reports whether data fetched over another connection is the data that c reads: same
// account, same branch and same interface, because another interface may name accounts differently.
// A branch that either connection leaves empty is the account's only one. The user does not matter,
// since it does not affect which data belongs to a location.
func (c Connection) Reads(fetched Connection) bool {
	return c.Kind == fetched.Kind && strings.EqualFold(c.Account, fetched.Account) && c.sameBranch(fetched)
}

func (c Connection) sameBranch(o Connection) bool {
	return c.Branch == o.Branch || c.Branch == "" || o.Branch == ""
}

// Branch is a branch of an account as the DMS lists it. Code is the value of Connection.Branch.
type Branch struct{ Code, Name string }

// Settings are a location's settings of the feature.
type Settings struct {
	Location   string
	Status     FeatureStatus
	Connection Connection

	// Former is the previous connection, if our support staff has stated that both belong to the
	// same dealer. Lists fetched over it remain the location's until they are fetched again. Zero
	// means none.
	Former Connection

	// SingleRO means that the location's DMS keeps all pay types on one RO: there are no related
	// ROs, and nothing is fetched.
	SingleRO bool

	Expecting bool  // whether its open cases show the related ROs that are expected
	Version   int64 // number of changes; 0 means never set up
	UpdatedBy string
	UpdatedAt time.Time
	// CheckedAt is when the location was last followed; zero unless requested by Keys.Checked.
	CheckedAt  time.Time
	Activation Activation // the DMS's last answer; set only where documented
}

// Enabled reports whether the location's events trigger fetches.
func (s Settings) Enabled() bool { return s.Status == Enabled }

// Reads reports whether data fetched over a connection belongs to the location.
func (s Settings) Reads(fetched Connection) bool {
	return s.Connection.Reads(fetched) || s.wasFormer(fetched)
}

// wasFormer reports whether data fetched over a connection belongs to the location because its
// dealer was moved from there.
func (s Settings) wasFormer(fetched Connection) bool {
	return s.Former != Connection{} && s.Former.Reads(fetched)
}

// NeverSetUp returns the settings of a location that has never been set up: disabled, version 0.
func NeverSetUp(location string) Settings {
	return Settings{Location: location, Status: Disabled, Activation: Activation{State: ActivationUnknown}}
}

// ActivationState is whether the DMS has activated the feature for an account.
type ActivationState string

// The DMS's last answer about a location's account.
const (
	Active                ActivationState = "active"
	Inactive              ActivationState = "not_activated"
	ActivationUnreachable ActivationState = "unreachable" // could not be asked, for any reason
	ActivationUnknown     ActivationState = "unknown"     // never asked
)

// Activation is the DMS's last answer about a location's account.
type Activation struct {
	State     ActivationState
	CheckedAt time.Time
	Version   string // the dealer's DMS version; empty if not stated
	Message   string // one plain sentence for a service manager
}

// Change is one saved change of a location's settings.
type Change struct {
	ID     string
	At     time.Time
	By     string
	Before Settings
	After  Settings
}
