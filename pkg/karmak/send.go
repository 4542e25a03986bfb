package karmak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// maxAnswer is the maximum number of bytes read of an answer, after decompression. A page of 500
// rows has about 150 KB.
const maxAnswer = 8 << 20

// errUnauthorized is in the chain of the failure of a request whose access was refused.
var errUnauthorized = errors.New("access was refused")

// statusCode is in the chain of the failure of a request with an error status.
type statusCode int

func (s statusCode) Error() string { return fmt.Sprintf("HTTP status %d", int(s)) }

// request is a call that can be sent several times.
type request struct {
	kind CallKind
	part bool // part of a failed look-up: no retry, and a failure does not count for the circuit
	make func(context.Context) (*http.Request, error)
	read func(body []byte) (unread []string, err error) // reads a good answer; unread has no values
}

// get sends a GET with the session's access and passes the answer to r.read. It replaces refused
// access once, also after a 400, by which Unity may mean the same.
func (c *Client) get(ctx context.Context, s *session, url string, r request) error {
	for attempt := range 2 {
		access, err := s.face.access(ctx)
		if err != nil {
			return err
		}
		r.make = authorized(url, access.header)
		err = c.send(ctx, s.account, r)
		doubtful := access.in400 && attempt == 0 && !r.part && errors.Is(err, statusCode(http.StatusBadRequest)) &&
			failureOf(err).Reason == relatedro.UnexpectedAnswer
		if !doubtful && !errors.Is(err, errUnauthorized) {
			return err
		}
		access.drop()
	}
	return s.face.refused(r.kind)
}

func authorized(url string, access http.Header) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, errors.New("not a URL") // err itself would contain the URL
		}
		maps.Copy(r.Header, access)
		r.Header.Set("Accept", "application/json")
		return r, nil
	}
}

// send sends a request, with retries if they may help. Its error is a *relatedro.Failure.
func (c *Client) send(ctx context.Context, a *account, r request) error {
	for attempt := 1; ; attempt++ {
		f := c.attempt(ctx, a, r, attempt)
		if f == nil {
			return nil
		}
		wait, ok := c.retryWait(ctx, r, f, attempt)
		if !ok {
			return f
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return f
		}
	}
}

// retryWait returns the wait before another attempt: the duration that Karmak gave, or a backoff
// with jitter. It returns false if another attempt cannot help, would burden a server in trouble,
// would exceed the context's deadline, or would have to wait longer than Config.MaxRetryDelay.
func (c *Client) retryWait(ctx context.Context, r request, f *relatedro.Failure, attempt int) (time.Duration, bool) {
	if attempt > maxRetries || r.part || r.kind == CallDiagnosis || !causeOf(f).passing {
		return 0, false
	}
	backoff := c.cfg.RetryDelay << (attempt - 1)
	wait := max(f.RetryAfter, backoff/2+rand.N(backoff/2+1))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, wait <= c.cfg.MaxRetryDelay
}

// cause is the cause of a failed request. It says whether a retry or a smaller request may help.
type cause struct {
	error
	passing   bool // may be over in a moment
	divisible bool // may be the fault of one number, or of too large a request
}

func (c *cause) Unwrap() error { return c.error }

// causeOf returns the cause in the chain of err, or an empty one if there is none.
func causeOf(err error) *cause {
	c := new(cause)
	errors.As(err, &c)
	return c
}

// attempt sends a request once, if the account's pause and circuit admit it.
func (c *Client) attempt(ctx context.Context, a *account, r request, attempt int) *relatedro.Failure {
	if f := a.turn.take(ctx); f != nil {
		return f
	}
	defer a.turn.pass()
	if f := a.admit(r.kind); f != nil {
		return f
	}
	f := c.once(ctx, r, attempt)
	a.record(ctx, r, f)
	return f
}

// once sends a request, and reports it to the log and the observer.
func (c *Client) once(ctx context.Context, r request, attempt int) *relatedro.Failure {
	start := time.Now()
	status, unread, f := c.exchange(ctx, r)
	call := Call{Kind: r.kind, Status: status, Attempt: attempt, Unread: len(unread), Duration: time.Since(start)}
	level, cause := slog.LevelDebug, error(nil)
	if f != nil {
		cause = f.Err
		if !errors.Is(f, errUnauthorized) {
			call.Outcome, level = f.Reason, slog.LevelWarn
		}
	}
	attrs := []slog.Attr{
		slog.String("requestId", fmt.Sprintf("%016x", rand.Uint64())),
		slog.String("call", string(call.Kind)),
		slog.Int("attempt", attempt),
		slog.Int("status", status),
		slog.String("outcome", string(call.Outcome)),
		slog.Duration("duration", call.Duration),
		slog.Any("cause", cause),
	}
	if call.Unread > 0 {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Int("unread", call.Unread), slog.Any("first", unread[:min(5, len(unread))]))
	}
	c.cfg.Observe(call)
	c.cfg.Logger.LogAttrs(ctx, level, "karmak request", attrs...)
	return f
}

// exchange sends a request and reads the answer.
func (c *Client) exchange(ctx context.Context, r request) (status int, unread []string, f *relatedro.Failure) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.RequestTimeout)
	defer cancel()
	req, err := r.make(limited)
	if err != nil {
		return 0, nil, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: fmt.Errorf("%s: make a request: %w", r.kind, err)}
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)

	// The client does not use http.Client, which would follow redirects with the token and put the
	// URL into its errors.
	resp, err := c.cfg.Transport.RoundTrip(req)
	if err != nil {
		return 0, nil, unreachable(ctx, limited, r.kind, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return resp.StatusCode, nil, unreachable(ctx, limited, r.kind, err)
	}
	if f := c.judge(r.kind, req.URL, resp, body); f != nil {
		return resp.StatusCode, nil, f
	}
	if len(body) > maxAnswer {
		err = fmt.Errorf("the answer is over %d bytes", maxAnswer)
	} else {
		unread, err = r.read(bytes.TrimPrefix(body, []byte("\ufeff")))
	}
	if err != nil {
		err = &cause{error: fmt.Errorf("%s: %w", r.kind, err), divisible: r.kind.lookup()}
		return resp.StatusCode, nil, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: err}
	}
	return resp.StatusCode, unread, nil
}

// unreachable returns the failure of a request without a complete answer. If the caller's own time
// ran out, the failure says nothing about the dealer. A broken connection may work the next time. A
// timeout has already waited long enough.
func unreachable(ctx, limited context.Context, kind CallKind, err error) *relatedro.Failure {
	switch {
	case ctx.Err() != nil:
		return outOfTime(ctx)
	case limited.Err() != nil:
		return &relatedro.Failure{Reason: relatedro.Unreachable, Err: fmt.Errorf("%s: no whole answer in time", kind)}
	}
	return &relatedro.Failure{Reason: relatedro.Unreachable, Err: &cause{error: fmt.Errorf("%s: %w", kind, err), passing: true}}
}

// judge returns the failure that an answer stands for, or nil for a good answer. The meaning of
// each status is from Karmak's page of response codes.
func (c *Client) judge(kind CallKind, requested *url.URL, resp *http.Response, body []byte) *relatedro.Failure {
	status := resp.StatusCode
	err := fmt.Errorf("%s: %w", kind, statusCode(status))
	fail := func(reason relatedro.Reason, err error) *relatedro.Failure {
		after := retryAfter(resp.Header.Get("Retry-After"), c.cfg.Now())
		return &relatedro.Failure{Reason: reason, RetryAfter: after, Err: err}
	}
	switch {
	case status == http.StatusOK, status == http.StatusNoContent:
		return nil
	case status == http.StatusTooManyRequests,
		status == http.StatusForbidden && resp.Header.Get("Retry-After") != "": // a quota
		return fail(relatedro.RateLimited, &cause{error: err, passing: true})
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return fail(relatedro.DMSError, &cause{error: err, passing: true})
	case status >= 500, status == http.StatusRequestTimeout:
		return fail(relatedro.DMSError, &cause{error: err, divisible: kind.lookup()})
	case kind == CallToken:
		return tokenRefusal(body, err)
	case status == http.StatusUnauthorized:
		return fail(relatedro.DMSError, errUnauthorized)
	case kind.lookup() && (status == http.StatusForbidden || lacksFeature(status, body, requested)):
		return fail(relatedro.NotActivated, err)
	case status == http.StatusForbidden:
		return fail(relatedro.AccountNotPermitted, err)
	case status == http.StatusBadRequest:
		return fail(relatedro.UnexpectedAnswer, &cause{error: err, divisible: kind.lookup()})
	}
	return fail(relatedro.UnexpectedAnswer, err)
}

// lacksFeature reports whether an answer means that the view or column does not exist. A 400 whose
// text names them only by repeating the query does not.
func lacksFeature(status int, body []byte, requested *url.URL) bool {
	text := string(body)
	if status == http.StatusBadRequest {
		q := requested.Query()
		for _, term := range append(strings.Split(q.Get("filter"), ","), q.Get("select"), requested.RawQuery, requested.Path) {
			text = strings.ReplaceAll(text, term, "")
		}
	}
	text = strings.ToLower(text)
	return (status == http.StatusBadRequest || status == http.StatusNotFound) &&
		(strings.Contains(text, strings.ToLower(headerView)) || strings.Contains(text, strings.ToLower(originColumn)))
}

// maxRetryAfter is the maximum wait that Retry-After can set. A quota may end early or be enlarged,
// and one request an hour detects that.
const maxRetryAfter = time.Hour

// retryAfter reads a Retry-After header, in seconds or as an HTTP date, and returns the wait from
// now. It returns 0 for a header that is missing, invalid or in the past.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.Atoi(header)
		if err != nil || seconds > int(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
