package karmaktest

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is what a [Fault] does.
type Kind string

// The kinds of fault.
const (
	Latency      Kind = "latency"       // wait Latency, give or take Jitter, then answer; adds to whatever else goes wrong
	RateLimited  Kind = "rate_limited"  // 429 with RetryAfter
	StatusError  Kind = "status_error"  // Status, 500 unless set, with RetryAfter
	Hang         Kind = "hang"          // no answer until the client goes away
	Stall        Kind = "stall"         // half the body, then nothing until the client goes away
	Reset        Kind = "reset"         // the connection is reset before an answer; Go's client repeats a GET on a reused connection
	ResetBody    Kind = "reset_body"    // the connection is reset in mid-body
	Truncated    Kind = "truncated"     // half the body as if it were all
	WrongJSON    Kind = "wrong_json"    // JSON of another shape: the answer inside an object
	NotOnlyGUID  Kind = "not_only_guid" // an object that has a ProcessGUID and something else
	HTML         Kind = "html"          // 200 with a page of HTML
	Oversized    Kind = "oversized"     // right, but 9 MiB long
	ExpiredToken Kind = "expired_token" // the token in use, or the one handed out, has expired already
	RevokedToken Kind = "revoked_token" // the token in use, or the one handed out, is revoked
	Offline      Kind = "offline"       // the dealer's Fusion is offline; see the package's choices
	NotActivated Kind = "not_activated" // the account lacks the feature: Status 403, 400 or 404; see the package's choices
)

func kinds() []Kind {
	return []Kind{Latency, RateLimited, StatusError, Hang, Stall, Reset, ResetBody, Truncated, WrongJSON, NotOnlyGUID, HTML, Oversized,
		ExpiredToken, RevokedToken, Offline, NotActivated}
}

// Fault makes calls go wrong. Its JSON form has latency and jitter as Go writes durations, such as "250ms".
type Fault struct {
	Account string `json:"account,omitempty"` // empty: any account
	Call    string `json:"call,omitempty"`    // one of the Call constants; empty: any call that the kind is about
	// RO confines the fault to look-ups whose filter names this RO number, or whose answer would have a row of it.
	RO   string `json:"ro,omitempty"`
	Kind Kind   `json:"kind"`

	Times       int           `json:"times,omitempty"`       // how often it strikes; 0: until cleared
	After       int           `json:"after,omitempty"`       // how many matching calls it lets pass first
	Probability float64       `json:"probability,omitempty"` // by which it strikes; 0: always
	Latency     time.Duration `json:"-"`                     // a wait before it strikes; the whole fault of kind Latency
	Jitter      time.Duration `json:"-"`                     // by which Latency varies either way at most
	Status      int           `json:"status,omitempty"`      // of StatusError, Offline and NotActivated; 0: the kind's own

	// RetryAfter is sent as it is; but "+7s" is sent as the HTTP date 7 seconds ahead; empty: no such header.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Message is what the answer of StatusError says, with the request's path and query for {url} and its query's values for {query}; empty:
	// what Karmak says of the status.
	Message string `json:"message,omitempty"`
}

// Validate returns an error that names the field that is wrong.
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

// SetFault makes calls go wrong from now on, in place of a fault of the same account, call, RO, kind and status. Of several faults
// that match a call the one set first strikes, with the waits of all of kind Latency. The error is that of Validate.
func (s *Simulator) SetFault(f Fault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	s.faults.set(f)
	return nil
}

// ClearFaults ends all faults. Calls that hang go on hanging.
func (s *Simulator) ClearFaults() {
	s.faults.clear()
}
