package karmak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"

	"related-ro/pkg/relatedro"
)

// maxAnswer is the most bytes of an answer that are read, after gzip. A page of 500
// rows has some 150 KB.
const maxAnswer = 8 << 20

// errUnauthorized is in the failure of a request whose token was refused.
var errUnauthorized = errors.New("the token was refused")

// request is a call that can be made several times.
type request struct {
	kind CallKind
	make func(context.Context) (*http.Request, error)
}

// get sends a GET with the session's token and returns the answer. A token that is
// refused is replaced once.
func (c *Client) get(ctx context.Context, s *session, kind CallKind, url string) ([]byte, error) {
	for range 2 {
		token, err := c.token(ctx, s)
		if err != nil {
			return nil, err
		}
		body, err := c.send(ctx, s.account, request{kind, authorized(url, token)})
		if !errors.Is(err, errUnauthorized) {
			return body, err
		}
		s.signIn.drop(token)
	}
	return nil, &relatedro.Failure{Reason: relatedro.KarmakError, Err: fmt.Errorf("%s: a new token was refused", kind)}
}

func authorized(url, token string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, errors.New("not a URL") // the error would hold it
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "application/json")
		return r, nil
	}
}

// send makes a request, and again where that may help, and returns the body of a 200.
// Its error is a *relatedro.Failure.
func (c *Client) send(ctx context.Context, a *account, r request) ([]byte, error) {
	var last *relatedro.Failure
	body, err := failsafe.With[[]byte](a.retry).WithContext(ctx).
		GetWithExecution(func(exec failsafe.Execution[[]byte]) ([]byte, error) {
			var body []byte
			body, last = c.attempt(ctx, a, r, exec.Attempts())
			if last == nil {
				return body, nil
			}
			if wait, ok := c.retryWait(ctx, r.kind, last, exec.Attempts()); ok {
				return nil, &retriable{last, wait}
			}
			return nil, last
		})
	switch {
	case err == nil:
		return body, nil
	case last == nil: // the context ended as the answer came
		last = outOfTime(ctx)
	}
	return nil, last
}

// retryWait returns how long to wait before another attempt: as long as Karmak said,
// or a backoff with jitter. It reports false if another attempt cannot help, would
// come too late for the caller, or would burden a server that is in trouble anyway.
func (c *Client) retryWait(ctx context.Context, kind CallKind, f *relatedro.Failure, attempt int) (time.Duration, bool) {
	if kind == CallDiagnosis || !errors.As(f.Err, new(*passing)) {
		return 0, false
	}
	backoff := c.cfg.RetryDelay << (attempt - 1)
	wait := max(f.RetryAfter, backoff/2+rand.N(backoff/2+1))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, wait <= c.cfg.MaxRetryDelay
}

// passing marks the cause of a failure that may be over in a moment.
type passing struct{ error }

func (p *passing) Unwrap() error { return p.error }

// attempt makes a request once, if the account may be asked.
func (c *Client) attempt(ctx context.Context, a *account, r request, attempt int) ([]byte, *relatedro.Failure) {
	if f := a.enter(ctx); f != nil {
		return nil, f
	}
	defer a.leave()
	if f := a.admit(ctx, r.kind); f != nil {
		return nil, f
	}
	body, f := c.once(ctx, r, attempt)
	a.record(ctx, r.kind, f)
	return body, f
}

// once makes a request, and tells the log and the observer of it.
func (c *Client) once(ctx context.Context, r request, attempt int) ([]byte, *relatedro.Failure) {
	start := time.Now()
	status, body, f := c.exchange(ctx, r)
	call := Call{Kind: r.kind, Status: status, Attempt: attempt, Duration: time.Since(start)}
	level, cause := slog.LevelDebug, error(nil)
	if f != nil {
		cause = f.Err
		if !errors.Is(f, errUnauthorized) {
			call.Outcome, level = f.Reason, slog.LevelWarn
		}
	}
	c.cfg.Observe(call)
	c.cfg.Logger.LogAttrs(ctx, level, "karmak request",
		slog.String("requestId", fmt.Sprintf("%016x", rand.Uint64())),
		slog.String("call", string(call.Kind)),
		slog.Int("attempt", attempt),
		slog.Int("status", status),
		slog.String("outcome", string(call.Outcome)),
		slog.Duration("duration", call.Duration),
		slog.Any("cause", cause))
	return body, f
}

// exchange sends a request and reads the answer.
func (c *Client) exchange(ctx context.Context, r request) (status int, body []byte, f *relatedro.Failure) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.RequestTimeout)
	defer cancel()
	req, err := r.make(limited)
	if err != nil {
		return 0, nil, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: fmt.Errorf("%s: make a request: %w", r.kind, err)}
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)

	// Not by an http.Client: no redirect may be followed with a token, and its errors
	// hold the URL.
	resp, err := c.cfg.Transport.RoundTrip(req)
	if err != nil {
		return 0, nil, unreachable(ctx, limited, r.kind, err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return resp.StatusCode, nil, unreachable(ctx, limited, r.kind, err)
	case len(body) > maxAnswer:
		err = fmt.Errorf("%s: the answer is over %d bytes", r.kind, maxAnswer)
		return resp.StatusCode, nil, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: err}
	}
	if f := c.judge(r.kind, resp, body); f != nil {
		return resp.StatusCode, nil, f
	}
	return resp.StatusCode, body, nil
}

// unreachable is the failure of a request without a whole answer. A connection that
// broke may work the next time; a limit that passed has been waited for long enough.
func unreachable(ctx, limited context.Context, kind CallKind, err error) *relatedro.Failure {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return outOfTime(ctx)
	case limited.Err() != nil:
		return &relatedro.Failure{Reason: relatedro.Unreachable, Err: fmt.Errorf("%s: no whole answer in time", kind)}
	}
	return &relatedro.Failure{Reason: relatedro.Unreachable, Err: &passing{fmt.Errorf("%s: %w", kind, err)}}
}

// judge returns the failure that an answer stands for; nil for a good one.
func (c *Client) judge(kind CallKind, resp *http.Response, body []byte) *relatedro.Failure {
	status := resp.StatusCode
	if status == http.StatusOK {
		return nil
	}
	err := fmt.Errorf("%s: HTTP status %d", kind, status)
	fail := func(reason relatedro.Reason) *relatedro.Failure {
		return &relatedro.Failure{Reason: reason, Err: err}
	}
	after := retryAfter(resp.Header.Get("Retry-After"), c.cfg.Now())
	switch {
	case status == http.StatusTooManyRequests:
		return &relatedro.Failure{Reason: relatedro.RateLimited, RetryAfter: after, Err: &passing{err}}
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return &relatedro.Failure{Reason: relatedro.KarmakError, RetryAfter: after, Err: &passing{err}}
	case status >= 500:
		return fail(relatedro.KarmakError)
	case kind == CallToken:
		return tokenRefusal(body, err)
	case status == http.StatusUnauthorized:
		return &relatedro.Failure{Reason: relatedro.KarmakError, Err: errUnauthorized}
	case kind.lookup() && (status == http.StatusForbidden || lacksFeature(status, body)):
		return fail(relatedro.NotActivated)
	}
	return fail(relatedro.UnexpectedAnswer)
}

// lacksFeature reports whether an answer says that there is no such view or column.
func lacksFeature(status int, body []byte) bool {
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		return false
	}
	said := strings.ToLower(string(body))
	return strings.Contains(said, strings.ToLower(headerView)) || strings.Contains(said, strings.ToLower(originColumn))
}
