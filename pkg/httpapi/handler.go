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

// Config is what both functions need beside their use cases.
type Config struct {
	Log     *slog.Logger
	Version string           // of the build, told by /v1/health
	Now     func() time.Time // time.Now, or a test's clock

	// Observe is told of every request: its route as in template.yaml, the status
	// answered and how long it took. Nil for nobody.
	Observe func(route string, status int, took time.Duration)

	// Sentence returns what to tell a service manager of a failure, as relatedro.Rules has it.
	Sentence func(over relatedro.Connection, why relatedro.Reason) string

	// LocalJWKS is the environment variable LOCAL_JWKS: public keys against which the
	// function checks tokens itself, where no API Gateway does (see tokens). It may
	// be set only where SAMLocal, AWS_SAM_LOCAL=true, is.
	LocalJWKS string
	SAMLocal  bool
}

// Handler serves the routes of one function. Safe for concurrent use.
type Handler struct {
	config Config
	tokens *tokens // nil where API Gateway has checked the token
	served map[string]served
}

type served struct {
	route route
	serve endpoint
}

// endpoint answers a request that has been authorized and whose path and query
// parameters are known to the route. An error becomes a problem (see classify).
type endpoint func(ctx context.Context, r *request) (answer, error)

// NewRead returns the handler of function read: P1 to P5, health, and whatever no
// other route takes.
func NewRead(config Config, reader *relatedro.Reader) (*Handler, error) {
	return newHandler(config, readFunction, reading{reader, config.Version, config.Sentence}.endpoints())
}

// NewAdmin returns the handler of function admin: settings, refreshes and dead
// letters.
func NewAdmin(config Config, admin *relatedro.Admin, letters relatedro.DeadLetters) (*Handler, error) {
	return newHandler(config, adminFunction, administration{admin, letters, config.Sentence}.endpoints())
}

func newHandler(config Config, f function, endpoints map[string]endpoint) (*Handler, error) {
	h := &Handler{config: config, served: make(map[string]served)}
	if config.LocalJWKS != "" {
		if !config.SAMLocal {
			return nil, errors.New("LOCAL_JWKS is set without AWS_SAM_LOCAL=true: only sam local may do without API Gateway's authorizer")
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
		serve, ok := endpoints[r.key()]
		if !ok {
			return nil, fmt.Errorf("nothing serves %s", r.key())
		}
		h.served[r.key()] = served{r, serve}
		if r.method == http.MethodGet {
			// As GET, and the gateway leaves out the body: so the headers are GET's, Content-Length too.
			h.served[http.MethodHead+" "+r.path] = served{r, serve}
		}
	}
	return h, nil
}

// Invoke answers one request, both as API Gateway has them (payload format 2.0). Its
// error is a request that is no JSON: whatever else goes wrong is a problem in the
// response, and a line in the log. A claim that is not a string, which API Gateway never
// sends, counts as missing.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r := &request{}
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(payload, &r.in); err != nil && !errors.As(err, &mistyped) {
		return nil, fmt.Errorf("decode API Gateway's request: %w", err)
	}
	start := h.config.Now()
	a, err := h.answer(ctx, r)
	if err != nil {
		a = answerTo(err, r.in.RequestContext.RequestID)
	}
	took := h.config.Now().Sub(start)
	h.log(ctx, r, a.status, took, err)
	if h.config.Observe != nil {
		h.config.Observe(r.name(), a.status, took)
	}
	if negotiate.Gzip(r.in.Headers.AcceptEncoding) {
		a.compress()
	}
	return a.response(r.in.RequestContext.RequestID)
}

// answer does everything that may fail, a panic included.
func (h *Handler) answer(ctx context.Context, r *request) (a answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	s, ok := h.served[r.in.RouteKey]
	if !ok {
		return other(r)
	}
	r.route = s.route
	if s.route.who != anybody {
		if r.actor, err = h.authenticate(r); err != nil {
			return answer{}, err
		}
	}
	if err := authorize(r); err != nil {
		return answer{}, err
	}
	if err := r.check(); err != nil {
		return answer{}, err
	}
	if a, err = s.serve(ctx, r); err != nil {
		return answer{}, err
	}
	have := r.in.Headers.IfNoneMatch
	if s.route.method != http.MethodGet {
		have = "" // what has been done must not be answered as if it had not
	}
	return a, a.encode(have)
}

// other answers what no route takes: where it is a path of the contract, with the
// methods that it has.
func other(r *request) (answer, error) {
	methods := methodsOf(pathOf(r.in))
	if len(methods) == 0 {
		return answer{}, &problem{kind: notFound, detail: "There is nothing at this path."}
	}
	allow := map[string]string{"allow": strings.Join(append(methods, "OPTIONS"), ", ")}
	if r.in.RequestContext.HTTP.Method == "OPTIONS" {
		return answer{status: 204, headers: allow}, nil
	}
	return answer{}, &problem{kind: methodNotAllowed, detail: "This path takes " + allow["allow"] + ".", headers: allow}
}

// log writes the request's one line: of one that went well for debugging alone, since API
// Gateway's own log has it. It never holds a token.
func (h *Handler) log(ctx context.Context, r *request, status int, took time.Duration, err error) {
	level := slog.LevelDebug
	if status >= 400 {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("method", r.in.RequestContext.HTTP.Method),
		slog.String("route", r.name()),
		slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()),
		slog.String("requestId", r.in.RequestContext.RequestID),
		slog.Any("roles", r.actor.Roles),
		slog.String("location", r.location()),
	}
	if status >= 500 {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", err))
	}
	h.config.Log.LogAttrs(ctx, level, "request", attrs...)
}
