package karmak

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"related-ro/pkg/relatedro"
)

// The client replaces a token tokenMargin before it expires, or a tenth of its life before if that
// is less, so that no token expires in transit. maxTokenLife limits the effect of absurd answers.
const (
	tokenMargin  = time.Minute
	maxTokenLife = 24 * time.Hour
)

// login is one user of one account, with its token.
type login struct {
	account, user string
	turn          turn // held while fetching a token
	token         atomic.Pointer[token]
}

// token is a bearer token, in use until shortly before it expires.
type token struct {
	bearer string
	until  time.Time
}

// valid reports whether there is a token that stays valid for a while.
func (t *token) valid(now time.Time) bool { return t != nil && now.Before(t.until) }

// token returns the user's token. It fetches one if there is none.
func (c *Client) token(ctx context.Context, a *account, l *login) (*token, error) {
	if f := l.turn.take(ctx); f != nil {
		return nil, f
	}
	defer l.turn.pass()
	if t := l.token.Load(); t.valid(c.cfg.Now()) {
		return t, nil
	}
	return c.fetchToken(ctx, a, l)
}

// fetchToken makes the token call. It reads refused credentials again once.
func (c *Client) fetchToken(ctx context.Context, a *account, l *login) (fetched *token, err error) {
	started := c.cfg.Now()
	for range 2 {
		var keys Credentials
		if keys, err = c.keys.get(ctx); err != nil {
			return nil, err
		}
		err = c.send(ctx, a, request{
			kind: CallToken,
			make: c.tokenRequest(l, keys),
			read: func(body []byte) ([]string, error) {
				bearer, life, err := decodeToken(body)
				fetched = &token{bearer, started.Add(life - min(tokenMargin, life/10))}
				return nil, err
			},
		})
		if err == nil {
			l.token.Store(fetched)
		}
		if failureOf(err).Reason != relatedro.CredentialsRejected {
			return fetched, err
		}
		c.keys.reject(keys)
	}
	return nil, err
}

func (c *Client) tokenRequest(l *login, keys Credentials) func(context.Context) (*http.Request, error) {
	form := url.Values{
		"client_id":     {keys.ClientID},
		"client_secret": {keys.ClientSecret},
		"grant_type":    {"karmak_identity"},
		"scope":         {"api"},
		"account":       {l.account},
		"user":          {l.user},
	}.Encode()
	return func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.BaseURL+tokenPath, strings.NewReader(form))
		if err != nil {
			return nil, errors.New("not a URL")
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		return r, nil
	}
}

// decodeToken reads the answer of a token call.
func decodeToken(body []byte) (token string, life time.Duration, err error) {
	var answer struct {
		Token     string      `json:"access_token"`
		ExpiresIn json.Number `json:"expires_in"` // in quotes or not
		Type      string      `json:"token_type"`
	}
	unexpected := func(problem string) (string, time.Duration, error) {
		return "", 0, errors.New(problem)
	}
	if json.Unmarshal(body, &answer) != nil {
		return unexpected("the answer is not of the published form")
	}
	if answer.Token == "" || strings.ContainsFunc(answer.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return unexpected("no access_token that a header can carry")
	}
	if answer.Type != "" && !strings.EqualFold(answer.Type, "Bearer") {
		return unexpected("token_type is not Bearer")
	}
	seconds, err := strconv.ParseFloat(answer.ExpiresIn.String(), 64)
	if err != nil || !(seconds >= 1) {
		return unexpected("expires_in is not a number of seconds")
	}
	return answer.Token, time.Duration(min(seconds, maxTokenLife.Seconds()) * float64(time.Second)), nil
}

// tokenRefusal returns the failure for a refused token call. It repeats neither the description nor
// the code from the answer, because they may name the account.
func tokenRefusal(body []byte, err error) *relatedro.Failure {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil {
		switch answer.Error {
		case "invalid_client":
			return &relatedro.Failure{Reason: relatedro.CredentialsRejected, RetryAfter: rereadEvery, Err: err}
		case "invalid_grant":
			return &relatedro.Failure{Reason: relatedro.AccountNotPermitted, Err: err}
		}
	}
	return &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: err}
}
