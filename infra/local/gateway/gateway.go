// Package gateway serves an HTTP API as Amazon API Gateway does: routes, JWT authorizer, CORS, throttling, events of payload
// format 2.0, and its own answers where no function is asked. Routes and settings come from the template.
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
	"time"

	"related-ro/infra/local/lambda"
	"related-ro/infra/local/template"
)

const (
	// maxBody is the most bytes of a request's body: API Gateway's limit.
	maxBody = 10 << 20
	// maxHead is the most bytes of a request's line and its headers' values together: API Gateway's quota for HTTP APIs. AWS
	// does not state how it answers more.
	maxHead = 10_240
	// integrationLimit is how long API Gateway waits for a function.
	integrationLimit = 30 * time.Second
)

// Config describes one API. API, Keys, AccountID and Invoke must be set.
type Config struct {
	API template.API
	// Keys verify tokens, by their kid. They stand in for the key set that API Gateway fetches from the issuer.
	Keys map[string]*rsa.PublicKey
	// AccountID is told to the functions.
	AccountID string
	// Invoke calls the function with the logical ID.
	Invoke func(ctx context.Context, function string, event []byte) (lambda.Result, error)
	// Limit is how long to wait for a function; 0 is 30 s, as API Gateway does.
	Limit time.Duration
	// Now is the clock of tokens and throttling; nil is time.Now.
	Now func() time.Time
	// Observe is told of each request after it was answered; it may be called concurrently.
	Observe func(Access)
}

// Access is one request and how it went.
type Access struct {
	Method, Path string
	Status       int
	Duration     time.Duration
	RequestID    string
	// Err is why the gateway itself answered 5xx; nil otherwise.
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

// failure is an answer of the gateway's own.
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

func badAnswer(cause error) *failure {
	return &failure{status: http.StatusInternalServerError, message: "Internal Server Error", cause: cause}
}

func unavailable(cause error) *failure {
	return &failure{status: http.StatusServiceUnavailable, message: "Service Unavailable", cause: cause}
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	request := &request{Request: r, id: requestID(), now: g.config.Now()}
	answer, failed := g.answer(request)
	if failed != nil {
		answer = failed.answer()
	}
	answer.setHeaders(w.Header())
	w.Header().Set("Apigw-Requestid", request.id)
	applyCORS(g.config.API.CORS, w.Header(), r)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a client that has left is no fault of ours
	access := Access{
		Method: r.Method, Path: r.URL.Path, Status: answer.status, Duration: time.Since(begin), RequestID: request.id,
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

// answer goes through what API Gateway does, in its order, up to the function.
func (g *Gateway) answer(r *request) (*answer, *failure) {
	if headOf(r.Request) > maxHead {
		return nil, headTooLarge
	}
	var found bool
	r.route, r.parameters, found = match(g.config.API.Routes, r.Method, r.URL.EscapedPath())
	if !found {
		// Only where no route takes OPTIONS: a route for ANY does, and then its function answers the preflight.
		if g.config.API.CORS != nil && r.Method == http.MethodOptions {
			return &answer{status: http.StatusNoContent}, nil
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
		return nil, badAnswer(err)
	}
	return g.invoke(r, event)
}

// headOf returns the bytes of a request's line and its headers' values.
func headOf(r *http.Request) int {
	n := len(r.Method) + len(" ") + len(r.RequestURI) + len(" ") + len(r.Proto) + len(r.Host)
	for _, values := range r.Header {
		for _, value := range values {
			n += len(value)
		}
	}
	return n
}

func (g *Gateway) invoke(r *request, event []byte) (*answer, *failure) {
	// A client that leaves does not stop the function, only the limit ends the waiting.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.config.Limit)
	defer cancel()
	result, err := g.config.Invoke(ctx, r.route.Function, event)
	switch {
	case errors.Is(err, lambda.ErrTooLarge):
		return nil, tooLarge
	case errors.Is(err, lambda.ErrThrottled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambda.ErrClosed):
		return nil, unavailable(err)
	case err != nil:
		return nil, badAnswer(err)
	case result.FunctionError != "":
		return nil, badAnswer(errors.New(string(result.Payload)))
	}
	answer, err := readAnswer(result.Payload)
	if err != nil {
		return nil, badAnswer(err)
	}
	return answer, nil
}

// answer is the failure in API Gateway's fixed form.
func (f *failure) answer() *answer {
	body, _ := json.Marshal(map[string]string{"message": f.message}) // one text always encodes
	a := &answer{status: f.status, headers: map[string]string{"content-type": "application/json"}, body: body}
	if f.status == http.StatusUnauthorized {
		a.headers["www-authenticate"] = "Bearer"
	}
	return a
}

// requestID is in the form of API Gateway's: 16 characters of base64.
func requestID() string {
	var random [11]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(random[:])
}
