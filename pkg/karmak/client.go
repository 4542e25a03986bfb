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

// Client sends requests to Karmak. It is safe for concurrent use. Reuse it: it caches tokens,
// connections and the health of each account.
type Client struct {
	cfg          Config
	keys         *keyring    // of the newer interface; a refused key concerns it alone
	subscription *keyring    // of the newer interface: one's refusal says nothing of the other
	older        atomic.Bool // the older URL was the last to answer with the status

	mu       sync.Mutex
	accounts map[accountKey]*account
}

// accountKey identifies an account. The two kinds of interface use different names for a dealer's
// account, and no mapping between the names is known.
type accountKey struct{ kind, account string }

// New returns a client without sending a request. The config must pass Config.Validate.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	return &Client{
		cfg:          cfg,
		keys:         newKeyring(cfg.Credentials, cfg.Now),
		subscription: newKeyring(withSubscription(cfg.Credentials, cfg.Logger), cfg.Now),
		accounts:     map[accountKey]*account{},
	}
}

// Close closes idle connections. The client remains usable.
func (c *Client) Close() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// The circuit of an account opens when circuitFailures of the last circuitWindow requests got no
// answer, a 408 or a 5xx. One success closes it.
const (
	circuitFailures = 5
	circuitWindow   = 10
	circuitJitter   = 0.2
)

// maxRetries is the maximum number of retries of a request.
const maxRetries = 2

// firstPause is how long the client pauses for an account after an answer that asks to wait without
// a duration. The pause doubles with each further such answer in a row, up to maxRetryAfter.
const firstPause = 5 * time.Second

// account is the state kept for one Karmak account.
type account struct {
	turn    turn // Karmak asks for one request at a time
	circuit circuitbreaker.CircuitBreaker[any]
	offline atomic.Bool // the last system status reported the server offline

	mu     sync.Mutex
	users  map[string]*login
	resume time.Time // after a 429: no request before this time by time.Now
	pauses int       // consecutive answers that asked to wait without a duration
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
		users: map[string]*login{},
	}
}

// turn is a lock with a capacity of one. A wait for it ends when its context does.
type turn chan struct{}

// take waits for the turn. It returns a failure if the context ends first.
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

// session is a connection in use: its account, the face that reaches it, and its branch.
type session struct {
	*account
	face   face
	branch string
}

// session returns the session of a connection, or a failure if the connection is invalid.
func (c *Client) session(connection relatedro.Connection) (*session, *relatedro.Failure) {
	missing, wrong := c.CheckConnection(connection)
	if faults := append(missing, wrong...); len(faults) > 0 {
		return nil, &relatedro.Failure{Reason: relatedro.AccountNotPermitted, Err: faults}
	}
	key := accountKey{connection.Kind, connection.Account}
	c.mu.Lock()
	a := c.accounts[key]
	if a == nil {
		a = newAccount(c.cfg)
		c.accounts[key] = a
	}
	c.mu.Unlock()
	if connection.Kind == ReportDataAccess {
		return &session{a, reportData{c, connection.Account}, connection.Branch}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.users[connection.User]
	if l == nil {
		l = &login{account: connection.Account, user: connection.User, turn: make(turn, 1)}
		a.users[connection.User] = l
	}
	return &session{a, &unity{c, a, l}, connection.Branch}, nil
}

// admit returns nil if a request to the account may be sent now. The caller must then call record
// with the outcome. The caller must hold the turn. Status requests pass an open circuit.
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

// record updates the account's health from the outcome of a request. For a failure that asks to
// wait without a duration, it also sets how long. A request that was canceled or ran out of time
// says nothing about the account: if it was the trial of a half-open circuit, the next request is
// the trial.
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
		if a.circuit.IsHalfOpen() { // return the permit
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

// isTrouble reports whether a failure counts for the circuit: no answer, a 408 or a 5xx. A refusal
// comes from a healthy server.
func isTrouble(f *relatedro.Failure) bool {
	return !errors.Is(f, errUnauthorized) && (f.Reason == relatedro.Unreachable || f.Reason == relatedro.DMSError)
}

func failure(reason relatedro.Reason, why string) *relatedro.Failure {
	return &relatedro.Failure{Reason: reason, Err: errors.New(why)}
}

// failureOf returns the failure in the chain of err, or an empty one if there is none.
func failureOf(err error) *relatedro.Failure {
	f := new(relatedro.Failure)
	errors.As(err, &f)
	return f
}

// outOfTime returns the failure of a request whose context ended before it was sent.
func outOfTime(ctx context.Context) *relatedro.Failure {
	return &relatedro.Failure{Reason: relatedro.OutOfTime, Err: context.Cause(ctx)}
}
