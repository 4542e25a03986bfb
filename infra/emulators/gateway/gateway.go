// Package gateway serves an HTTP API like Amazon API Gateway: routes, a JWT authorizer, CORS,
// throttling, events of payload format 2.0, and the gateway's own error responses. Routes and
// settings come from the template.
package gateway

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/template"
)

const (
	// maxBody is the maximum size of a request body in bytes: API Gateway's limit.
	maxBody = 10 << 20
	// maxHead is the maximum size in bytes of the request line plus all header values: API
	// Gateway's quota for HTTP APIs. AWS does not document the response to a larger request.
	maxHead = 10_240
	// integrationLimit is how long API Gateway waits for a function.
	integrationLimit = 30 * time.Second
)

// Config describes one API. API, Keys, AccountID and Invoke must be set.
type Config struct {
	API template.API
	// Keys verify tokens, by key ID (kid). They stand in for the key set that API Gateway fetches
	// from the issuer.
	Keys map[string]*rsa.PublicKey
	// AccountID appears in the events that functions receive.
	AccountID string
	// Invoke calls the function with the given logical ID.
	Invoke func(ctx context.Context, function string, event []byte) (lambdaengine.Result, error)
	// Limit is how long to wait for a function; 0 means 30 s, API Gateway's limit.
	Limit time.Duration
	// Now is the clock for tokens and throttling; nil means time.Now.
	Now func() time.Time
	// Observe receives each request after its response was sent; it may be called concurrently.
	Observe func(Access)
}

// Access is one request and its result.
type Access struct {
	Method, Path string
	Status       int
	Duration     time.Duration
	RequestID    string
	// Err is the reason for a 5xx from the gateway itself; nil otherwise.
	Err error
}

// Gateway is an http.Handler for one API.
type Gateway struct {
	config   Config
	throttle *throttle
}

// New returns the API's handler.
func New(config Config) *Gateway {
	if config.Limit == 0 {
		config.Limit = integrationLimit
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Observe == nil {
		config.Observe = func(Access) {}
	}
	return &Gateway{config: config, throttle: newThrottle(config.API.Rate, config.API.Burst, config.Now)}
}

// failure is an error response from the gateway itself.
type failure struct {
	status  int
	message string
	cause   error
}

var (
	unauthorized = &failure{status: http.StatusUnauthorized, message: "Unauthorized"}
	notFound     = &failure{status: http.StatusNotFound, message: "Not Found"}
	tooLarge     = &failure{status: http.StatusRequestEntityTooLarge, message: "Request Entity Too Large"}
	headTooLarge = &failure{status: http.StatusRequestHeaderFieldsTooLarge, message: "Request Header Fields Too Large"}
	tooMany      = &failure{status: http.StatusTooManyRequests, message: "Too Many Requests"}
)

func badResponse(cause error) *failure {
	return &failure{status: http.StatusInternalServerError, message: "Internal Server Error", cause: cause}
}

func unavailable(cause error) *failure {
	return &failure{status: http.StatusServiceUnavailable, message: "Service Unavailable", cause: cause}
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	request := &request{Request: r, id: requestID(), now: g.config.Now()}
	response, failed := g.handle(request)
	if failed != nil {
		response = failed.response()
	}
	response.setHeaders(w.Header())
	w.Header().Set("Apigw-Requestid", request.id)
	applyCORS(g.config.API.CORS, w.Header(), r)
	if len(response.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(response.body))) // to HEAD, too, which gets nothing else of it
	}
	w.WriteHeader(response.status)
	_, _ = w.Write(response.body) // the client may have disconnected
	access := Access{
		Method: r.Method, Path: r.URL.Path, Status: response.status, Duration: time.Since(begin), RequestID: request.id,
	}
	if failed != nil {
		access.Err = failed.cause
	}
	g.config.Observe(access)
}

// request is one HTTP request on its way through the gateway.
type request struct {
	*http.Request
	id         string
	now        time.Time
	route      template.Route
	parameters map[string]string
	claims     map[string]string
}

// handle runs API Gateway's steps, in API Gateway's order, up to the function's response.
func (g *Gateway) handle(r *request) (*response, *failure) {
	if headOf(r.Request) > maxHead {
		return nil, headTooLarge
	}
	var found bool
	r.route, r.parameters, found = match(g.config.API.Routes, r.Method, r.URL.EscapedPath())
	if !found {
		// Only if no route takes OPTIONS: an ANY route does, and then its function answers the
		// preflight.
		if g.config.API.CORS != nil && r.Method == http.MethodOptions {
			return &response{status: http.StatusNoContent}, nil
		}
		return nil, notFound
	}
	if !g.throttle.allow() {
		return nil, tooMany
	}
	if name := r.route.Authorizer; name != "" {
		claims, err := g.authorize(g.config.API.Authorizers[name], r.Header.Get("Authorization"))
		if err != nil {
			return nil, unauthorized
		}
		r.claims = claims
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, &failure{status: http.StatusBadRequest, message: "Bad Request"}
	}
	if len(body) > maxBody {
		return nil, tooLarge
	}
	event, err := g.event(r, body)
	if err != nil {
		return nil, badResponse(err)
	}
	return g.invoke(r, event)
}

// headOf returns the size in bytes of the request line and the header values.
func headOf(r *http.Request) int {
	n := len(r.Method) + len(" ") + len(r.RequestURI) + len(" ") + len(r.Proto) + len(r.Host)
	for _, values := range r.Header {
		for _, value := range values {
			n += len(value)
		}
	}
	return n
}

func (g *Gateway) invoke(r *request, event []byte) (*response, *failure) {
	// A client that disconnects does not stop the function; only the limit ends the wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.config.Limit)
	defer cancel()
	result, err := g.config.Invoke(ctx, r.route.Function, event)
	switch {
	case errors.Is(err, lambdaengine.ErrTooLarge):
		return nil, tooLarge
	case errors.Is(err, lambdaengine.ErrThrottled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambdaengine.ErrClosed):
		return nil, unavailable(err)
	case err != nil:
		return nil, badResponse(err)
	case result.FunctionError != "":
		return nil, badResponse(errors.New(string(result.Payload)))
	}
	response, err := parseResponse(result.Payload)
	if err != nil {
		return nil, badResponse(err)
	}
	return response, nil
}

// response returns the failure in API Gateway's fixed format.
func (f *failure) response() *response {
	// A map of strings always encodes.
	body, _ := json.Marshal(map[string]string{"message": f.message})
	a := &response{status: f.status, headers: map[string]string{"content-type": "application/json"}, body: body}
	if f.status == http.StatusUnauthorized {
		a.headers["www-authenticate"] = "Bearer"
	}
	return a
}

// requestID returns an ID in API Gateway's format: 16 base64 characters.
func requestID() string {
	var random [11]byte
	_, _ = rand.Read(random[:]) // Read never returns an error: it ends the program instead
	return base64.StdEncoding.EncodeToString(random[:])
}
