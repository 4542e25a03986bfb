package karmak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// Config holds Karmak's address and the limits on the client's requests. BaseURL and Credentials
// are required. A zero value in any other field selects its default.
type Config struct {
	BaseURL     string          // such as "https://api.karmak.io"
	Credentials CredentialsFunc // source of the credentials that Karmak issued to us

	// AccountHeader is the header that carries the dealer's account number at the newer interface.
	// The default is "KarmakAccountNumber", from a public sample: Karmak's page does not name it.
	AccountHeader string

	Transport      http.RoundTripper // default: one that reuses connections and accepts gzip
	UserAgent      string            // default "related-ro"
	RequestTimeout time.Duration     // for one request, within the context's deadline; default 10 s
	RetryDelay     time.Duration     // before the first retry; doubles, with jitter; default 200 ms
	MaxRetryDelay  time.Duration     // longest wait before a retry, else RetryAfter; default 2 s
	CircuitDelay   time.Duration     // how long a failing account gets no requests; default 10 s

	Now     func() time.Time // clock for tokens, credentials and Retry-After; default time.Now
	Observe func(Call)       // called after every request, concurrently; may be nil
	Logger  *slog.Logger     // default: none
}

// maxBaseURL leaves room for a hundred RO numbers in a URL.
const maxBaseURL = 200

// Validate returns an error that names every invalid field, or nil. The error does not contain the
// values.
func (c Config) Validate() error {
	var wrong []error
	refuse := func(invalid bool, problem string) {
		if invalid {
			wrong = append(wrong, errors.New(problem))
		}
	}
	base, err := url.Parse(c.BaseURL)
	refuse(err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.User != nil ||
		base.RawQuery != "" || base.Fragment != "" || len(c.BaseURL) > maxBaseURL,
		fmt.Sprintf("BaseURL must be an http or https URL of at most %d characters without user, query and fragment", maxBaseURL))
	refuse(c.Credentials == nil, "Credentials must be set")
	refuse(strings.Trim(strings.ToLower(c.AccountHeader), "abcdefghijklmnopqrstuvwxyz0123456789-") != "",
		"AccountHeader must be of letters, digits and '-'")
	refuse(c.RequestTimeout < 0, "RequestTimeout must be above 0")
	refuse(c.RetryDelay < 0, "RetryDelay must be above 0")
	refuse(c.MaxRetryDelay < 0, "MaxRetryDelay must be above 0")
	refuse(c.CircuitDelay < 0, "CircuitDelay must be above 0")
	return errors.Join(wrong...)
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.AccountHeader = cmp.Or(c.AccountHeader, "KarmakAccountNumber")
	c.UserAgent = cmp.Or(c.UserAgent, "related-ro")
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 10*time.Second)
	c.RetryDelay = cmp.Or(c.RetryDelay, 200*time.Millisecond)
	c.MaxRetryDelay = cmp.Or(c.MaxRetryDelay, 2*time.Second)
	c.CircuitDelay = cmp.Or(c.CircuitDelay, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Observe == nil {
		c.Observe = func(Call) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	return c
}

// newTransport returns a transport that keeps connections open between invocations. One host serves
// all accounts.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 16 // roughly the number of accounts with concurrent requests
	return t
}

// Credentials are the sign-in data that Karmak issued to us: Unity's client id and secret, and the
// subscription key of the newer interface. The key may be empty as long as no account uses that
// interface. Credentials print as a placeholder.
type Credentials struct{ ClientID, ClientSecret, SubscriptionKey string }

// Format writes a placeholder for every verb.
func (Credentials) Format(s fmt.State, _ rune) { s.Write([]byte("[credentials]")) }

// MarshalText returns a placeholder, for loggers.
func (Credentials) MarshalText() ([]byte, error) { return []byte("[credentials]"), nil }

// CredentialsFunc reads the credentials from their store. The client calls it on first use, caches
// the result, and calls it again after Karmak refused the credentials, at most once a minute, so
// that a rotation needs no deployment. Its error must not contain the credentials.
type CredentialsFunc func(context.Context) (Credentials, error)

// Static returns a CredentialsFunc with fixed credentials.
func Static(clientID, clientSecret string) CredentialsFunc {
	return func(context.Context) (Credentials, error) {
		return Credentials{ClientID: clientID, ClientSecret: clientSecret}, nil
	}
}

// CallKind is the purpose of a request.
type CallKind string

// The kinds of request. CallHeaders, CallSpinoffs, CallTouched and CallActivation are look-ups.
// Unity's cloud answers the token and status calls itself. All others reach the dealer's server.
const (
	CallToken      CallKind = "token"
	CallHeaders    CallKind = "headers"    // rows of given RO numbers
	CallSpinoffs   CallKind = "spinoffs"   // rows of ROs made from given RO numbers
	CallTouched    CallKind = "touched"    // rows that changed recently
	CallTasks      CallKind = "tasks"      // alternate billing tasks of given ROs
	CallActivation CallKind = "activation" // a few rows, to check that the view is readable
	CallBranches   CallKind = "branches"   // the account's branches
	CallStatus     CallKind = "status"
	CallDiagnosis  CallKind = "diagnosis" // the status, requested because a look-up failed
)

func (k CallKind) status() bool { return k == CallStatus || k == CallDiagnosis }

func (k CallKind) lookup() bool {
	return k == CallHeaders || k == CallSpinoffs || k == CallTouched || k == CallActivation
}

// Call describes one request to Config.Observe. It does not name the account.
type Call struct {
	Kind CallKind
	// Outcome is empty for a good answer, and for one that only asks for a new token.
	Outcome  relatedro.Reason
	Status   int // HTTP status; 0 without an answer
	Attempt  int // from 1; above 1 is a retry
	Unread   int // unreadable rows and cells of a good answer, treated as unknown
	Duration time.Duration
}
