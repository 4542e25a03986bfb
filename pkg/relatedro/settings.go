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

// KarmakFusion names the one DMS there is today.
const KarmakFusion = "KARMAK_FUSION"

// Connection is where a location's ROs are read: the Karmak account, the Unity
// user of that account, and the branch, empty when the location is the account's
// only one. It is comparable: locations with equal connections are asked together.
type Connection struct{ Account, User, Branch string }

// Reads reports whether what was fetched over a connection is what c reads: the same
// account's, of the same branch. A branch that one of them leaves empty is the account's
// only one. Which Unity user asks makes no difference to what belongs to a location.
func (c Connection) Reads(fetched Connection) bool {
	return strings.EqualFold(c.Account, fetched.Account) && (c.Branch == fetched.Branch || c.Branch == "" || fetched.Branch == "")
}

// Branch is a branch of an account as the DMS lists it. Code is what Connection.Branch
// holds.
type Branch struct{ Code, Name string }

// Settings is a location's setting of the feature.
type Settings struct {
	Location   string
	Status     FeatureStatus
	DMS        string // KarmakFusion
	Karmak     Connection
	Expecting  bool  // whether its open cases say which related ROs are expected
	Version    int64 // counts changes; 0 is never set up
	UpdatedBy  string
	UpdatedAt  time.Time
	CheckedAt  time.Time  // when the location was last followed; zero unless Keys.Checked asked for it
	Activation Activation // what the DMS last said; filled only where a method says so
}

// Enabled reports whether events of the location are fetched for.
func (s Settings) Enabled() bool { return s.Status == Enabled }

// NeverSetUp returns the settings of a location that nobody has set up:
// disabled, version 0.
func NeverSetUp(location string) Settings {
	return Settings{Location: location, Status: Disabled, DMS: KarmakFusion, Activation: Activation{State: ActivationUnknown}}
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
	State         ActivationState
	CheckedAt     time.Time
	FusionVersion string
	Message       string // one plain sentence for a service manager
}

// Change is one saved change of a location's settings.
type Change struct {
	ID     string
	At     time.Time
	By     string
	Before Settings
	After  Settings
}
