package karmaktest

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is the effect of a [Fault].
type Kind string

// The kinds of fault.
const (
	// Latency waits for the fault's Latency, give or take Jitter, then answers. It adds to the
	// waits of other faults.
	Latency     Kind = "latency"
	RateLimited Kind = "rate_limited" // 429 with RetryAfter
	StatusError Kind = "status_error" // Status, 500 unless set, with RetryAfter
	Hang        Kind = "hang"         // no answer until the client goes away
	Stall       Kind = "stall"        // half the body, then nothing until the client goes away
	// Reset resets the connection before an answer. Go's client repeats a GET on a reused
	// connection.
	Reset        Kind = "reset"
	ResetBody    Kind = "reset_body"    // the connection is reset in mid-body
	Truncated    Kind = "truncated"     // half the body, presented as the whole
	WrongJSON    Kind = "wrong_json"    // JSON of another shape: the answer inside an object
	NotOnlyGUID  Kind = "not_only_guid" // an object with a ProcessGUID and another field
	HTML         Kind = "html"          // 200 with a page of HTML
	Oversized    Kind = "oversized"     // a correct answer, but 9 MiB long
	ExpiredToken Kind = "expired_token" // the token in use, or the one issued, has already expired
	RevokedToken Kind = "revoked_token" // the token in use, or the one issued, is revoked
	Offline      Kind = "offline"       // the dealer's Fusion is offline; see the package's choices
	// NotActivated makes the account lack the feature: Status 403, 400 or 404. See the package's
	// choices.
	NotActivated Kind = "not_activated"
)

func kinds() []Kind {
	return []Kind{Latency, RateLimited, StatusError, Hang, Stall, Reset, ResetBody, Truncated, WrongJSON, NotOnlyGUID, HTML, Oversized,
		ExpiredToken, RevokedToken, Offline, NotActivated}
}

// Fault makes calls fail. In its JSON form, latency and jitter are Go durations such as "250ms".
type Fault struct {
	Account string `json:"account,omitempty"` // empty: any account
	// Call is one of the Call constants. Empty means any call that the kind applies to.
	Call string `json:"call,omitempty"`
	// RO limits the fault to look-ups whose filter has this RO number, or whose answer would have a
	// row of it.
	RO   string `json:"ro,omitempty"`
	Kind Kind   `json:"kind"`

	Times       int     `json:"times,omitempty"`       // times it strikes; 0: until cleared
	After       int     `json:"after,omitempty"`       // number of matching calls that pass first
	Probability float64 `json:"probability,omitempty"` // chance that it strikes; 0: always
	// Latency is a wait before the fault strikes. It is the whole fault for the kind Latency.
	Latency time.Duration `json:"-"`
	Jitter  time.Duration `json:"-"` // maximum change of Latency, either way
	// Status applies to StatusError, Offline and NotActivated. Zero means the default of the kind.
	Status int `json:"status,omitempty"`

	// RetryAfter is sent as it is, except that a value such as "+7s" becomes the HTTP date that far
	// ahead. Empty means no such header.
	RetryAfter string `json:"retryAfter,omitempty"`
}

// Validate returns an error that names the invalid field.
func (f Fault) Validate() error {
	calls := []string{"", CallToken, CallHeaders, CallTasks, CallBranches, CallStatus, CallUnknown}
	switch {
	case !slices.Contains(kinds(), f.Kind):
		return fmt.Errorf("kind: %q is none of %q", f.Kind, kinds())
	case !slices.Contains(calls, f.Call):
		return fmt.Errorf("call: %q is none of %q", f.Call, calls)
	case f.Call != "" && !f.Kind.concerns(f.Call):
		return fmt.Errorf("call: %s does not concern %s", f.Kind, f.Call)
	case f.RO != "" && f.Call != "" && f.Call != CallHeaders && f.Call != CallTasks:
		return fmt.Errorf("ro: %s has no repair orders", f.Call)
	case f.Times < 0:
		return errors.New("times: negative")
	case f.After < 0:
		return errors.New("after: negative")
	case f.Probability < 0 || f.Probability > 1:
		return errors.New("probability: not from 0 to 1")
	case f.Latency < 0 || f.Kind == Latency && f.Latency == 0:
		return errors.New("latency: must be above 0")
	case f.Jitter < 0:
		return errors.New("jitter: negative")
	case f.Kind == NotActivated && !slices.Contains([]int{0, 400, 403, 404}, f.Status):
		return fmt.Errorf("status: %d is none of 400, 403, 404", f.Status)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status: %d is no error", f.Status)
	}
	return nil
}

// concerns reports whether a fault of the kind can strike the call.
func (k Kind) concerns(call string) bool {
	lookup := call == CallHeaders || call == CallTasks
	switch k {
	case Offline:
		return lookup || call == CallStatus || call == CallBranches
	case NotActivated:
		return lookup
	case NotOnlyGUID:
		return lookup || call == CallBranches
	}
	return true
}

// SetFault sets a fault from now on. It replaces a fault with the same account, call, RO, kind and
// status. If several faults match a call, the one set first strikes, and the waits of all faults of
// kind Latency apply. The error is that of Validate.
func (s *Simulator) SetFault(f Fault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	s.faults.set(f)
	return nil
}

// ClearFaults ends all faults. Calls that already hang continue to hang.
func (s *Simulator) ClearFaults() {
	s.faults.clear()
}
