package relatedro

import (
	"errors"
	"fmt"
	"time"
)

// Reason is the machine-readable code of why a retrieval failed. Other systems read it: a code
// never changes its meaning.
type Reason string

// The reasons why a retrieval fails. Transient failures are retried automatically.
const (
	// Transient.
	Unreachable            Reason = "unreachable"             // no answer, or it was cut off
	RateLimited            Reason = "rate_limited"            // the DMS asked us to wait
	DMSError               Reason = "karmak_error"            // the DMS answered with its own error
	DealerOffline          Reason = "fusion_offline"          // the dealer's server is offline
	CredentialsRejected    Reason = "credentials_rejected"    // our own; every location is affected
	CredentialsUnavailable Reason = "credentials_unavailable" // our own could not be read
	UnexpectedAnswer       Reason = "unexpected_answer"       // not of the published form
	StoreUnavailable       Reason = "store_unavailable"       // our own database
	Conflict               Reason = "conflict"                // the case or location kept changing
	AccountBusy            Reason = "account_busy"            // another function has the lease
	OutOfTime              Reason = "out_of_time"             // the invocation ended first

	// Transient at first.
	RONotFound Reason = "ro_not_found" // permanent after UnknownROGrace
	// NotActivated means that the DMS has not activated the feature, or that its user may not use
	// it. It is permanent once it has lasted NotActivatedGrace.
	NotActivated Reason = "not_activated"

	// Permanent.
	AccountNotPermitted Reason = "account_not_permitted" // the account or user is not open to us
	// AmbiguousBranch means that several branches have the number and the location names none.
	AmbiguousBranch  Reason = "ambiguous_branch"
	BranchesUnlisted Reason = "branches_unlisted" // of no retrieval: the DMS cannot list branches
	FamilyTooLarge   Reason = "family_too_large"  // more related ROs than can be kept

	// Results of a location's settings, not of the DMS.

	// NotApplicable means that the location's DMS keeps all pay types on one RO. No retrieval fails
	// with it.
	NotApplicable Reason = "not_applicable"
	// LocationDisabled means that the location was disabled before the retrieval ended.
	LocationDisabled Reason = "location_disabled"
	// ConnectionChanged means that the list was fetched over a connection that the location no
	// longer has.
	ConnectionChanged Reason = "connection_changed"
)

// Permanent reports whether an automatic retry is pointless.
func (r Reason) Permanent() bool {
	switch r {
	case AccountNotPermitted, AmbiguousBranch, BranchesUnlisted, FamilyTooLarge, LocationDisabled, ConnectionChanged:
		return true
	}
	return false
}

// Sentence explains a reason that does not concern the DMS to a service manager. Rules.Sentence
// explains the others.
func (r Reason) Sentence() string {
	switch r {
	case StoreUnavailable, Conflict:
		return "The related ROs could not be saved in time."
	case NotApplicable:
		return "This location's DMS keeps all pay types on one RO, so its ROs have no related ROs."
	case LocationDisabled:
		return "Related ROs were switched off for this location before they could be fetched."
	case ConnectionChanged:
		return "This location now reads another account or branch. Refresh to fetch the related ROs again."
	}
	return "The related ROs could not be fetched."
}

// GiveUpAfter returns the age of a message at which a failure for this reason is final.
func (r Reason) GiveUpAfter() time.Duration {
	if r == DealerOffline || r == Unreachable {
		return GiveUpAwayAfter
	}
	return GiveUpAfter
}

// Failure is the error of a retrieval.
type Failure struct {
	Reason     Reason
	RetryAfter time.Duration // minimum wait; 0 if not stated
	NotAsked   bool          // no DMS request was made, so the wait need not grow with the failures
	Busy       *Busy         // AccountBusy only
	Err        error         // for the log; never holds a secret, a token or account data
}

// Busy describes an account whose turn did not come. Deliveries for it should return together,
// because one retrieval then shares its look-ups among them.
type Busy struct {
	Account string
	// Slow means that its holder has had the account for long: the DMS answers slowly. It is never
	// set for a person, whose retry comes soon all the same.
	Slow bool
}

// Error returns the reason's code and the cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return string(f.Reason)
	}
	return fmt.Sprintf("%s: %v", f.Reason, f.Err)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// asFailure returns the *Failure in err, or wraps err in one with the reason otherwise.
func asFailure(err error, otherwise Reason) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Reason: otherwise, Err: err}
}
