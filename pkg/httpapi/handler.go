package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"related-ro/pkg/negotiate"
	"related-ro/pkg/relatedro"
)

// Config is the configuration that both functions share.
type Config struct {
	Log     *slog.Logger
	Version string           // of the build, returned by /v1/health
	Now     func() time.Time // time.Now, or a test clock

	// Observe receives whether each request failed, that is with a status of 500 or above. It may be
	// nil.
	Observe func(failed bool)

	// Sentence returns the explanation of a failure for a service manager, as in relatedro.Rules.
	Sentence func(connection relatedro.Connection, why relatedro.Reason) string

	// LocalJWKS is the environment variable LOCAL_JWKS: the public keys with which the function
	// verifies tokens itself when it runs without API Gateway (see tokens). It requires SAMLocal,
	// which is AWS_SAM_LOCAL=true.
	LocalJWKS string
	SAMLocal  bool
}

// Handler serves the routes of one function. It is safe for concurrent use.
type Handler struct {
	config Config
	tokens *tokens           // nil if API Gateway verifies tokens
	served map[string]served // by route key
}

// served is a route of the function with its endpoint.
type served struct {
	route
	serve endpoint
}

// endpoint serves an authorized request whose path and query parameters have been validated. An
// error becomes a problem (see classify).
type endpoint func(ctx context.Context, r *request) (response, error)

// NewRead returns the handler of the read function: P1 to P5, health, and all unmatched paths.
func NewRead(config Config, reader *relatedro.Reader) (*Handler, error) {
	return newHandler(config, readFunction, reads{reader, config.Version, config.Sentence}.endpoints())
}

// NewAdmin returns the handler of the admin function: settings, refreshes and dead letters.
func NewAdmin(config Config, admin *relatedro.Admin, letters relatedro.DeadLetters) (*Handler, error) {
	return newHandler(config, adminFunction, administration{admin, letters, config.Sentence}.endpoints())
}

func newHandler(config Config, f function, endpoints map[string]endpoint) (*Handler, error) {
	h := &Handler{config: config, served: make(map[string]served)}
	if config.LocalJWKS != "" {
		if !config.SAMLocal {
			return nil, errors.New("LOCAL_JWKS is set without AWS_SAM_LOCAL=true: only sam local may run without API Gateway's authorizer")
		}
		var err error
		if h.tokens, err = newTokens(config.LocalJWKS, config.Now); err != nil {
			return nil, fmt.Errorf("LOCAL_JWKS: %w", err)
		}
	}
	for _, r := range routes() {
		if r.function != f {
			continue
		}
		h.served[r.key()] = served{r, endpoints[r.key()]}
		if r.method == http.MethodGet {
			// HEAD is served as GET. API Gateway drops the body, so the headers, including
			// Content-Length, are those of GET.
			h.served[http.MethodHead+" "+r.path] = h.served[r.key()]
		}
	}
	return h, nil
}

// Invoke serves one request. Request and response are in API Gateway's payload format 2.0. Invoke
// returns an error only if the request is not JSON; any other failure becomes a problem in the
// response and a line in the log. A claim that is not a string, which API Gateway never sends,
// counts as missing.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r := &request{}
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(payload, &r.event); err != nil && !errors.As(err, &mistyped) {
		return nil, fmt.Errorf("decode API Gateway's request: %w", err)
	}
	start := h.config.Now()
	out, err := h.serve(ctx, r)
	if err != nil {
		out = problemResponse(err, r.event.RequestContext.RequestID)
	}
	h.log(ctx, r, out.status, h.config.Now().Sub(start), err)
	if h.config.Observe != nil {
		h.config.Observe(out.status >= http.StatusInternalServerError)
	}
	if negotiate.Gzip(r.event.Headers.AcceptEncoding) {
		out.compress()
	}
	return out.payload(r.event.RequestContext.RequestID)
}

// serve performs every step that may fail, and converts a panic into an error.
func (h *Handler) serve(ctx context.Context, r *request) (out response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	found, ok := h.served[r.event.RouteKey]
	if !ok {
		return unmatched(r)
	}
	r.route = found.route
	if r.route.callers != public {
		if r.actor, err = h.authenticate(r); err != nil {
			return response{}, err
		}
	}
	if err := authorize(r); err != nil {
		return response{}, err
	}
	if err := r.check(); err != nil {
		return response{}, err
	}
	if out, err = found.serve(ctx, r); err != nil {
		return response{}, err
	}
	have := r.event.Headers.IfNoneMatch
	if r.route.method != http.MethodGet {
		have = "" // a 304 would deny that the change took place
	}
	return out, out.encode(have)
}

// unmatched serves requests without a matching route: OPTIONS, and problems for unknown paths and
// methods.
func unmatched(r *request) (response, error) {
	methods := methodsOf(pathOf(r.event))
	if len(methods) == 0 {
		return response{}, &problem{kind: notFound, detail: "There is no resource at this path."}
	}
	allow := map[string]string{"allow": strings.Join(append(methods, "OPTIONS"), ", ")}
	if r.event.RequestContext.HTTP.Method == "OPTIONS" {
		return response{status: 204, headers: allow}, nil
	}
	return response{}, &problem{kind: methodNotAllowed, detail: "This path allows " + allow["allow"] + ".", headers: allow}
}

// log writes one line for the request. Successful requests are logged at debug level, since API
// Gateway logs them too. The line never contains a token.
func (h *Handler) log(ctx context.Context, r *request, status int, took time.Duration, err error) {
	level := slog.LevelDebug
	if status >= 400 {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("method", r.event.RequestContext.HTTP.Method),
		slog.String("route", r.name()),
		slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()),
		slog.String("requestId", r.event.RequestContext.RequestID),
		slog.Any("roles", r.actor.Roles),
		slog.String("location", r.location()),
	}
	if status >= 500 {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", err))
	}
	h.config.Log.LogAttrs(ctx, level, "request", attrs...)
}
