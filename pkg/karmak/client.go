package karmak

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"related-ro/pkg/relatedro"
)

// Client asks Karmak. It is safe for use by several goroutines, and worth keeping:
// it remembers tokens, connections and which accounts are in trouble.
type Client struct {
	cfg     Config
	keys    *keyring
	longest atomic.Int64 // rows of the longest page that the view has given

	mu       sync.Mutex
	accounts map[string]*account
}

// New returns a client. It asks nothing yet. Config.Validate says what New takes for
// granted.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:      cfg,
		keys:     newKeyring(cfg.Credentials, cfg.Now),
		accounts: map[string]*account{},
	}
}

// Close closes the connections that are not in use. The client can be used
// afterwards.
func (c *Client) Close() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Circuit of an account: it opens when circuitFailures of the last circuitWindow
// requests got no answer or a 5xx, and one success closes it again.
const (
	circuitFailures = 5
	circuitWindow   = 10
	circuitJitter   = 0.2
)

// maxRetries is how often a request is tried again.
const maxRetries = 2

// retryShare is how many of an account's requests in progress may be retries, once
// there are more of these than Config.MaxConcurrent.
const retryShare = 0.2

// account is what is kept of one Karmak account.
type account struct {
	slots   chan struct{} // holds a token for each request in progress
	circuit circuitbreaker.CircuitBreaker[any]
	retry   retrypolicy.RetryPolicy[[]byte]

	mu      sync.Mutex
	users   map[string]*signIn
	resume  time.Time     // after a 429: not to be asked before, by time.Now
	offline bool          // the system status last said so
	trial   chan struct{} // closed when the trial request of a half-open circuit ends; nil while there is none
}

func newAccount(cfg Config) *account {
	return &account{
		slots: make(chan struct{}, cfg.MaxConcurrent),
		circuit: circuitbreaker.NewBuilder[any]().
			WithFailureThresholdRatio(circuitFailures, circuitWindow).
			WithSuccessThreshold(1).
			WithDelay(cfg.CircuitDelay).
			WithJitterFactor(circuitJitter).
			Build(),
		retry: retrypolicy.NewBuilder[[]byte]().
			HandleIf(func(_ []byte, err error) bool { return errors.As(err, new(*retriable)) }).
			WithMaxRetries(maxRetries).
			WithDelayFunc(retryDelay).
			WithBudget(budget.NewBuilder().
				WithMinConcurrency(uint(cfg.MaxConcurrent)).
				WithMaxRate(retryShare).
				Build()).
			ReturnLastFailure().
			Build(),
		users: map[string]*signIn{},
	}
}

// retriable is a failure that trying again after wait may mend.
type retriable struct {
	*relatedro.Failure
	wait time.Duration
}

func retryDelay(exec failsafe.ExecutionAttempt[[]byte]) time.Duration {
	var r *retriable
	if errors.As(exec.LastError(), &r) {
		return r.wait
	}
	return 0
}

// session is one connection of Families or CheckActivation: an account, the sign-in
// of a user of it, and a branch.
type session struct {
	*account
	signIn *signIn
	branch string
}

// session returns the session of a connection, or a failure if that can be none.
func (c *Client) session(over relatedro.Connection) (*session, *relatedro.Failure) {
	refusal := ""
	switch {
	case over.Account == "":
		refusal = "no account is set"
	case over.User == "":
		refusal = "no user is set"
	case !branchAskable(over.Branch):
		refusal = "the branch holds characters that Karmak's filters cannot carry"
	}
	if refusal != "" {
		return nil, &relatedro.Failure{Reason: relatedro.AccountNotPermitted, Err: errors.New(refusal)}
	}
	c.mu.Lock()
	a := c.accounts[over.Account]
	if a == nil {
		a = newAccount(c.cfg)
		c.accounts[over.Account] = a
	}
	c.mu.Unlock()

	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.users[over.User]
	if in == nil {
		in = &signIn{account: over.Account, user: over.User}
		a.users[over.User] = in
	}
	return &session{a, in, over.Branch}, nil
}

// enter waits until the account takes another request. It returns why it will not.
func (a *account) enter(ctx context.Context) *relatedro.Failure {
	if ctx.Err() == nil {
		select {
		case a.slots <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return outOfTime(ctx)
}

func (a *account) leave() { <-a.slots }

// admit says whether the account may be asked now. If it may, record must be called
// with what came of it. While a trial shows whether an account that was left alone is
// well again, others wait for its end: a refusal would end the trial too, where both
// are of one Families.
func (a *account) admit(ctx context.Context, kind CallKind) *relatedro.Failure {
	for {
		f, trial := a.tryAdmit(kind)
		if trial == nil {
			return f
		}
		select {
		case <-trial:
		case <-ctx.Done():
			return outOfTime(ctx)
		}
	}
}

// tryAdmit is admit, but returns the trial that has to end first. The status passes an
// open circuit.
func (a *account) tryAdmit(kind CallKind) (f *relatedro.Failure, trial <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if wait := time.Until(a.resume); wait > 0 {
		return &relatedro.Failure{
			Reason: relatedro.RateLimited, RetryAfter: wait, Err: &passing{errors.New("asked to wait before")},
		}, nil
	}
	switch {
	case kind.status():
		return nil, nil
	case a.circuit.TryAcquirePermit():
		if a.circuit.IsHalfOpen() {
			a.trial = make(chan struct{})
		}
		return nil, nil
	case a.trial != nil:
		return nil, a.trial
	}
	reason := relatedro.Unreachable
	if a.offline {
		reason = relatedro.FusionOffline
	}
	return &relatedro.Failure{
		Reason: reason, RetryAfter: max(a.circuit.RemainingDelay(), time.Second), Err: errors.New("failed too often just now"),
	}, nil
}

// record keeps what a request showed of the account's health. A caller who went away
// shows nothing: the next request is the trial then.
func (a *account) record(ctx context.Context, kind CallKind, f *relatedro.Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f != nil && f.Reason == relatedro.RateLimited {
		if until := time.Now().Add(f.RetryAfter); until.After(a.resume) { // answers may come out of order
			a.resume = until
		}
	}
	switch {
	case kind.status():
	case errors.Is(ctx.Err(), context.Canceled):
		if a.circuit.IsHalfOpen() {
			a.circuit.Open()
			a.circuit.HalfOpen()
			a.endTrial()
		}
	case f != nil && isTrouble(f):
		a.circuit.RecordFailure()
	default:
		a.circuit.RecordSuccess()
		a.offline = a.offline && !kind.lookup()
	}
	if !a.circuit.IsHalfOpen() {
		a.endTrial()
	}
}

// endTrial lets those go on who wait for the trial. It needs the lock.
func (a *account) endTrial() {
	if a.trial != nil {
		close(a.trial)
		a.trial = nil
	}
}

// isTrouble reports whether a failure counts for the circuit: no answer, or a 5xx. A
// refusal comes from a server that is well.
func isTrouble(f *relatedro.Failure) bool {
	return !errors.Is(f, errUnauthorized) && (f.Reason == relatedro.Unreachable || f.Reason == relatedro.KarmakError)
}

func (a *account) setOffline(offline bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.offline = offline
}

// outOfTime is the failure of what a done context cut off before it was asked.
func outOfTime(ctx context.Context) *relatedro.Failure {
	return &relatedro.Failure{Reason: relatedro.OutOfTime, Err: context.Cause(ctx)}
}
