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

// Config says where Karmak is and how hard it may be asked. BaseURL and
// Credentials must be set; a zero in any other field means its default.
type Config struct {
	BaseURL     string          // say "https://api.karmak.io"
	Credentials CredentialsFunc // what Karmak gave us to sign in with

	// AccountHeader is by which a request at the newer interface names the dealer's account
	// number; default "KarmakAccountNumber". Karmak's page does not say it, its sample does.
	AccountHeader string

	Transport      http.RoundTripper // default: one of its own, which reuses connections and accepts gzip
	UserAgent      string            // default "related-ro"
	RequestTimeout time.Duration     // for one request, within what is left of the context; default 10 s
	RetryDelay     time.Duration     // before the first retry, doubling, each with jitter; default 200 ms
	MaxRetryDelay  time.Duration     // longest wait within a call; what needs longer fails with RetryAfter; default 2 s
	CircuitDelay   time.Duration     // how long an account that keeps failing is left alone; default 10 s

	Now     func() time.Time // clock of token expiry, credentials and Retry-After dates; default time.Now
	Observe func(Call)       // told of every request after it, from several goroutines at once; may be nil
	Logger  *slog.Logger     // default: none
}

// maxBaseURL leaves room for a hundred RO numbers in a URL.
const maxBaseURL = 200

// Validate returns an error that names every field that is wrong, or nil. It
// repeats no value.
func (c Config) Validate() error {
	var wrong []error
	refuse := func(is bool, problem string) {
		if is {
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

// newTransport keeps connections open between the invocations of a function. All
// accounts are served by one host.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 16 // about as many accounts are asked side by side
	return t
}

// Credentials are what Karmak gave us to sign in with: Unity's client, and the
// subscription key of the newer interface, which may be empty until an account is there.
// They do not print.
type Credentials struct{ ClientID, ClientSecret, SubscriptionKey string }

// Format writes a placeholder for any verb.
func (Credentials) Format(s fmt.State, _ rune) { s.Write([]byte("[credentials]")) }

// MarshalText returns a placeholder, for loggers.
func (Credentials) MarshalText() ([]byte, error) { return []byte("[credentials]"), nil }

// CredentialsFunc reads the credentials from where they are kept. The client
// calls it when it first needs them, keeps them, and calls it again after Karmak
// refused them, at most once a minute, so that a rotation needs no deployment.
// Its error must not hold them.
type CredentialsFunc func(context.Context) (Credentials, error)

// Static returns a CredentialsFunc of fixed credentials.
func Static(clientID, clientSecret string) CredentialsFunc {
	return func(context.Context) (Credentials, error) {
		return Credentials{ClientID: clientID, ClientSecret: clientSecret}, nil
	}
}

// CallKind is what a request was for.
type CallKind string

// The kinds of request. A look-up is one of CallHeaders, CallSpinoffs, CallTouched and
// CallActivation. The token and the status are answered by Unity's cloud, not by the
// dealer's server.
const (
	CallToken      CallKind = "token"
	CallHeaders    CallKind = "headers"    // rows of given RO numbers
	CallSpinoffs   CallKind = "spinoffs"   // rows made from given RO numbers
	CallTouched    CallKind = "touched"    // rows that changed lately
	CallTasks      CallKind = "tasks"      // tasks of given RO numbers, to be billed to another customer
	CallActivation CallKind = "activation" // a few rows, to see whether the view may be read
	CallBranches   CallKind = "branches"   // the account's branches
	CallStatus     CallKind = "status"
	CallDiagnosis  CallKind = "diagnosis" // the status, asked because a look-up failed
)

func (k CallKind) status() bool { return k == CallStatus || k == CallDiagnosis }

func (k CallKind) lookup() bool {
	return k == CallHeaders || k == CallSpinoffs || k == CallTouched || k == CallActivation
}

// Call is one request as Config.Observe is told of it. It names no account.
type Call struct {
	Kind     CallKind
	Outcome  relatedro.Reason // empty when Karmak answered well; also when the answer only asks for a new token
	Status   int              // HTTP status; 0 when no answer came
	Attempt  int              // from 1; above 1 are retries
	Unread   int              // rows and cells of a good answer that could not be read, and count as unknown
	Duration time.Duration
}
