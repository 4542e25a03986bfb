package karmak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
)

// ReportDataAccess is the relatedro.Connection.Kind of a dealer that Karmak has moved to its newer
// interface. Account is then the dealer's Karmak account number, and there is no user. An empty
// Kind means Unity.
const ReportDataAccess = sentence.ReportDataAccess

// face is one of Karmak's interfaces to a dealer's data. Views, filters and answers are the same in
// both; a face provides the addresses and authenticates requests. An empty address means that the
// interface lacks the resource.
type face interface {
	views() string      // prefix of a view's address
	branches() string   // list of branches
	statuses() []string // system status, the likeliest address first

	// access returns the authentication of a request. Its error is a *relatedro.Failure.
	access(context.Context) (access, error)
	// proven reports whether access can be returned without a request.
	proven() bool
	// refused returns the failure for access that was refused twice in a row.
	refused(CallKind) *relatedro.Failure
}

// access authenticates a request.
type access struct {
	header http.Header
	in400  bool   // a 400 may mean refused access, as a 401 does
	drop   func() // forgets the access after a refusal
}

// unity is the face of one user of a Unity account.
type unity struct {
	c       *Client
	account *account
	login   *login
}

func (f *unity) views() string    { return f.c.cfg.BaseURL + unityViews }
func (f *unity) branches() string { return f.c.cfg.BaseURL + branchPath }

func (f *unity) statuses() []string {
	current, older := f.c.cfg.BaseURL+statusPath, f.c.cfg.BaseURL+olderStatusPath
	if f.c.older.Load() {
		return []string{older, current}
	}
	return []string{current, older}
}

func (f *unity) access(ctx context.Context) (access, error) {
	t, err := f.c.token(ctx, f.account, f.login)
	if err != nil {
		return access{}, err
	}
	header := http.Header{"Authorization": {"Bearer " + t.bearer}}
	return access{header, true, func() { f.login.token.CompareAndSwap(t, nil) }}, nil
}

func (f *unity) proven() bool { return f.login.token.Load().valid(f.c.cfg.Now()) }

func (f *unity) refused(kind CallKind) *relatedro.Failure {
	return &relatedro.Failure{Reason: relatedro.DMSError, Err: fmt.Errorf("%s: a new token was refused", kind)}
}

// reportData is the face of an account number at the newer interface, which publishes neither a
// list of branches nor a status.
type reportData struct {
	c      *Client
	number string
}

func (f reportData) views() string      { return f.c.cfg.BaseURL + reportDataPath }
func (f reportData) branches() string   { return "" }
func (f reportData) statuses() []string { return nil }

func (f reportData) access(ctx context.Context) (access, error) {
	keys, err := f.c.subscription.get(ctx)
	if err != nil {
		return access{}, err
	}
	header := http.Header{}
	header.Set("Ocp-Apim-Subscription-Key", keys.SubscriptionKey)
	header.Set(f.c.cfg.AccountHeader, f.number)
	return access{header: header, drop: func() { f.c.subscription.reject(keys) }}, nil
}

func (f reportData) proven() bool { return true }

// refused blames the subscription key: Karmak's gateway answers 401 for no other reason.
func (f reportData) refused(kind CallKind) *relatedro.Failure {
	return &relatedro.Failure{
		Reason: relatedro.CredentialsRejected, RetryAfter: rereadEvery, Err: fmt.Errorf("%s: the subscription key was refused", kind),
	}
}

// withSubscription wraps source to fail, and log an error, if the subscription key is missing or
// cannot be sent in a header. Unity's accounts do not need the key.
func withSubscription(source CredentialsFunc, log *slog.Logger) CredentialsFunc {
	return func(ctx context.Context) (Credentials, error) {
		keys, err := source(ctx)
		unsendable := func(r rune) bool { return r <= ' ' || r > '~' }
		switch {
		case err != nil:
			return Credentials{}, err
		case keys.SubscriptionKey == "":
			err = errors.New(`they have no "subscriptionKey", which a location of kind "rda" needs`)
		case strings.ContainsFunc(keys.SubscriptionKey, unsendable):
			err = errors.New(`"subscriptionKey" is not one that a header can carry`)
		}
		if err != nil {
			log.ErrorContext(ctx, "karmak credentials", "error", err)
		}
		return keys, err
	}
}
