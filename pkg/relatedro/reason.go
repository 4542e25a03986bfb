package relatedro

import (
	"errors"
	"fmt"
	"time"
)

// Reason is the machine code of why a retrieval failed. Other systems read it: a
// code never changes its meaning.
type Reason string

// Why a retrieval fails. Transient ones are tried again by themselves.
const (
	Unreachable            Reason = "unreachable"             // transient: no answer, or cut off in the middle
	RateLimited            Reason = "rate_limited"            // transient: the DMS asked to wait
	DMSError               Reason = "karmak_error"            // transient: the DMS answered with an error of its own
	DealerOffline          Reason = "fusion_offline"          // transient: the dealer's own server is not online
	CredentialsRejected    Reason = "credentials_rejected"    // transient: our own client id or secret; every location is affected
	CredentialsUnavailable Reason = "credentials_unavailable" // transient: our own credentials cannot be read, so nobody was asked
	UnexpectedAnswer       Reason = "unexpected_answer"       // transient: the answer is not of the published form
	StoreUnavailable       Reason = "store_unavailable"       // transient: our own database
	Conflict               Reason = "conflict"                // transient: others kept changing the case or its location
	AccountBusy            Reason = "account_busy"            // transient: another function asks this account just now
	OutOfTime              Reason = "out_of_time"             // transient: the invocation ended before its turn came
	RONotFound             Reason = "ro_not_found"            // transient while the event is younger than UnknownROGrace
	NotActivated           Reason = "not_activated"           // transient until it has lasted NotActivatedGrace: the DMS has not activated the feature, or keeps its user from it
	AccountNotPermitted    Reason = "account_not_permitted"   // permanent: the account or user is not open to us
	AmbiguousBranch        Reason = "ambiguous_branch"        // permanent: the number exists at several branches, the location names none
	BranchesUnlisted       Reason = "branches_unlisted"       // permanent: the DMS has no list of branches to give; of no retrieval
	FamilyTooLarge         Reason = "family_too_large"        // permanent: more related ROs than can be kept
	NotApplicable          Reason = "not_applicable"          // the location's DMS keeps all pay types on one RO; of no retrieval
	LocationDisabled       Reason = "location_disabled"       // the location was switched off before the retrieval ended
	ConnectionChanged      Reason = "connection_changed"      // the list was fetched over a connection the location no longer has
)

// Permanent reports whether trying again by itself is pointless.
func (r Reason) Permanent() bool {
	switch r {
	case AccountNotPermitted, AmbiguousBranch, BranchesUnlisted, FamilyTooLarge, LocationDisabled, ConnectionChanged:
		return true
	}
	return false
}

// Sentence returns what to tell a service manager of a reason that says nothing of a DMS.
// Rules.Sentence has the others.
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
	RetryAfter time.Duration // wait at least this long; 0 when nobody said
	NotAsked   bool          // nothing was asked of the DMS: the wait need not grow with the failures
	Err        error         // for the log: never holds a secret, a token or account data
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

// asFailure returns err's *Failure, or one with the given reason around it.
func asFailure(err error, otherwise Reason) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Reason: otherwise, Err: err}
}
