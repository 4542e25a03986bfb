package karmak

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"related-ro/pkg/relatedro"
)

// Client asks Karmak. It is safe for use by several goroutines, and worth keeping:
// it remembers tokens, connections and which accounts are in trouble.
type Client struct {
	cfg          Config
	keys         *keyring    // of Unity
	subscription *keyring    // of the newer interface: one's refusal says nothing of the other
	older        atomic.Bool // the status was last answered at its older URL

	mu       sync.Mutex
	accounts map[accountKey]*account
}

// accountKey tells accounts apart. The two kinds of interface name a dealer's account
// otherwise, and nothing says which names are one dealer's.
type accountKey struct{ kind, account string }

// New returns a client. It asks nothing yet. Config.Validate says what New takes for
// granted.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:          cfg,
		keys:         newKeyring(cfg.Credentials, cfg.Now),
		subscription: newKeyring(withSubscription(cfg.Credentials, cfg.Logger), cfg.Now),
		accounts:     map[accountKey]*account{},
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
// requests got no answer, a 408 or a 5xx, and one success closes it again.
const (
	circuitFailures = 5
	circuitWindow   = 10
	circuitJitter   = 0.2
)

// maxRetries is how often a request is tried again.
const maxRetries = 2

// firstPause is how long an account is left alone that asked to wait without saying how
// long. It doubles with each such answer in a row, up to maxRetryAfter.
const firstPause = 5 * time.Second

// account is what is kept of one Karmak account.
type account struct {
	turn    turn // Karmak wants one request at a time
	circuit circuitbreaker.CircuitBreaker[any]
	offline atomic.Bool // the system status last said so

	mu     sync.Mutex
	users  map[string]*signIn
	resume time.Time // after a 429: not to be asked before, by time.Now
	pauses int       // answers in a row that asked to wait without saying how long
}

func newAccount(cfg Config) *account {
	return &account{
		turn: make(turn, 1),
		circuit: circuitbreaker.NewBuilder[any]().
			WithFailureThresholdRatio(circuitFailures, circuitWindow).
			WithSuccessThreshold(1).
			WithDelay(cfg.CircuitDelay).
			WithJitterFactor(circuitJitter).
			Build(),
		users: map[string]*signIn{},
	}
}

// turn is a lock that a context can end the wait for. Its capacity is one.
type turn chan struct{}

// take waits for the turn. It returns why that will not come.
func (t turn) take(ctx context.Context) *relatedro.Failure {
	if ctx.Err() == nil {
		select {
		case t <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return outOfTime(ctx)
}

func (t turn) pass() { <-t }

// session is one connection as it is asked over: an account, the face by which, and a
// branch.
type session struct {
	*account
	face   face
	branch string
}

// session returns the session of a connection, or a failure if that can be none.
func (c *Client) session(over relatedro.Connection) (*session, *relatedro.Failure) {
	missing, wrong := c.CheckConnection(over)
	if err := errors.Join(append(missing, wrong...)...); err != nil {
		return nil, &relatedro.Failure{Reason: relatedro.AccountNotPermitted, Err: err}
	}
	key := accountKey{over.Kind, over.Account}
	c.mu.Lock()
	a := c.accounts[key]
	if a == nil {
		a = newAccount(c.cfg)
		c.accounts[key] = a
	}
	c.mu.Unlock()
	if over.Kind == ReportDataAccess {
		return &session{a, reportData{c, over.Account}, over.Branch}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.users[over.User]
	if in == nil {
		in = &signIn{account: over.Account, user: over.User, turn: make(turn, 1)}
		a.users[over.User] = in
	}
	return &session{a, &unity{c, a, in}, over.Branch}, nil
}

// admit says whether the account may be asked now. If it may, record must be called
// with what came of it. The caller must have the turn. The status passes an open
// circuit.
func (a *account) admit(kind CallKind) *relatedro.Failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	if wait := time.Until(a.resume); wait > 0 {
		waiting := &cause{error: errors.New("asked to wait before"), passing: true}
		return &relatedro.Failure{Reason: relatedro.RateLimited, RetryAfter: wait, NotAsked: true, Err: waiting}
	}
	if kind.status() || a.circuit.TryAcquirePermit() {
		return nil
	}
	reason := relatedro.Unreachable
	if a.offline.Load() {
		reason = relatedro.DealerOffline
	}
	return &relatedro.Failure{
		Reason: reason, RetryAfter: max(a.circuit.RemainingDelay(), time.Second), NotAsked: true,
		Err: errors.New("failed too often just now"),
	}
}

// record keeps what a request showed of the account's health, and sets how long to wait
// where Karmak asked to wait. A caller who went away, or whose time ran out, shows nothing:
// the next request is the trial of a half-open circuit then.
func (a *account) record(ctx context.Context, r request, f *relatedro.Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f != nil && f.Reason == relatedro.RateLimited {
		if f.RetryAfter == 0 {
			f.RetryAfter = min(firstPause<<min(a.pauses, 10), maxRetryAfter)
			a.pauses++
		}
		a.resume = time.Now().Add(f.RetryAfter)
	}
	switch {
	case r.kind.status():
	case ctx.Err() != nil:
		if a.circuit.IsHalfOpen() { // give the permit back
			a.circuit.Open()
			a.circuit.HalfOpen()
		}
	case f != nil && isTrouble(f):
		if !r.part || a.circuit.IsHalfOpen() {
			a.circuit.RecordFailure()
		}
	default:
		a.circuit.RecordSuccess()
		if f == nil && r.kind.lookup() {
			a.offline.Store(false)
			a.pauses = 0
		}
	}
}

// isTrouble reports whether a failure counts for the circuit: no answer, a 408 or a 5xx.
// A refusal comes from a server that is well.
func isTrouble(f *relatedro.Failure) bool {
	return !errors.Is(f, errUnauthorized) && (f.Reason == relatedro.Unreachable || f.Reason == relatedro.DMSError)
}

func failure(reason relatedro.Reason, why string) *relatedro.Failure {
	return &relatedro.Failure{Reason: reason, Err: errors.New(why)}
}

// failureOf returns the failure that an error of this package holds; an empty one if
// there is none.
func failureOf(err error) *relatedro.Failure {
	f := new(relatedro.Failure)
	errors.As(err, &f)
	return f
}

// outOfTime is the failure of what a done context cut off before it was asked.
func outOfTime(ctx context.Context) *relatedro.Failure {
	return &relatedro.Failure{Reason: relatedro.OutOfTime, Err: context.Cause(ctx)}
}
