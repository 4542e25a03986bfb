package relatedro

import (
	"strings"
	"time"
)

// FeatureStatus says whether a location has Related RO switched on.
type FeatureStatus string

// The two positions of the switch. A location never set up is Disabled.
const (
	Enabled  FeatureStatus = "ENABLED"
	Disabled FeatureStatus = "DISABLED"
)

// Connection is where a location's ROs are read: an account at the DMS, the user as whom
// it is asked, and the branch, empty when the location is the account's only one. What
// each must be is the DMS's rule. It is comparable: locations with equal connections are
// asked together.
type Connection struct {
	Account, User, Branch string

	Kind string // which of its interfaces the DMS is asked by, by its own names; empty is its first
}

// Reads reports whether what was fetched over a connection is what c reads: the same
// account's, of the same branch, by the same interface, as another one may name accounts
// otherwise. A branch that one of them leaves empty is the account's only one. Which user
// asks makes no difference to what belongs to a location.
func (c Connection) Reads(fetched Connection) bool {
	return c.Kind == fetched.Kind && strings.EqualFold(c.Account, fetched.Account) && c.sameBranch(fetched)
}

func (c Connection) sameBranch(o Connection) bool {
	return c.Branch == o.Branch || c.Branch == "" || o.Branch == ""
}

// Branch is a branch of an account as the DMS lists it. Code is what Connection.Branch
// holds.
type Branch struct{ Code, Name string }

// Settings is a location's setting of the feature.
type Settings struct {
	Location string
	Status   FeatureStatus
	Over     Connection

	// Former is the connection before Over where our support has said that both are one
	// dealer's: lists fetched over it stay the location's until they are fetched again.
	// Zero is none.
	Former Connection

	// SingleRO says that the location's DMS keeps all pay types on one RO: it has no related
	// ROs, and nothing is fetched.
	SingleRO bool

	Expecting  bool  // whether its open cases say which related ROs are expected
	Version    int64 // counts changes; 0 is never set up
	UpdatedBy  string
	UpdatedAt  time.Time
	CheckedAt  time.Time  // when the location was last followed; zero unless Keys.Checked asked for it
	Activation Activation // what the DMS last said; filled only where a method says so
}

// Enabled reports whether events of the location are fetched for.
func (s Settings) Enabled() bool { return s.Status == Enabled }

// Reads reports whether what was fetched over a connection is the location's.
func (s Settings) Reads(fetched Connection) bool {
	return s.Over.Reads(fetched) || s.wasFormer(fetched)
}

// wasFormer reports whether what was fetched over a connection is the location's from
// before its dealer was moved.
func (s Settings) wasFormer(fetched Connection) bool {
	return s.Former != Connection{} && s.Former.Reads(fetched)
}

// NeverSetUp returns the settings of a location that nobody has set up:
// disabled, version 0.
func NeverSetUp(location string) Settings {
	return Settings{Location: location, Status: Disabled, Activation: Activation{State: ActivationUnknown}}
}

// ActivationState is whether the DMS has activated the feature for an account.
type ActivationState string

// What the DMS last said of a location's account.
const (
	Active                ActivationState = "active"
	Inactive              ActivationState = "not_activated"
	ActivationUnreachable ActivationState = "unreachable" // could not be asked, for whatever reason
	ActivationUnknown     ActivationState = "unknown"     // never asked
)

// Activation is what the DMS last said of a location's account.
type Activation struct {
	State     ActivationState
	CheckedAt time.Time
	Version   string // of the dealer's DMS; empty where it does not say
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
