package karmaktest

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// token holds the owner and validity of a bearer token.
type token struct {
	account, user string
	expires       time.Time
	revoked       bool
}

// tokenLife is the life of a token, as published.
const tokenLife = time.Hour

// checkForm parses the body of a token call into r.PostForm, and returns its fault.
func checkForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errors.New("the body is not a form")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return errors.New("Content-Type must be application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery != "" {
		return errors.New("the fields belong into the body, not into the URL")
	}
	values := r.PostForm
	fields := []string{"client_id", "client_secret", "grant_type", "scope", "account", "user"}
	for _, name := range fields {
		if n := len(values[name]); n != 1 {
			return fmt.Errorf("%s is given %d times", name, n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(fields, name) {
			return fmt.Errorf("%s is no field of the token call", name)
		}
	}
	return nil
}

// issueToken issues a token. Under the faults ExpiredToken and RevokedToken, the token is already
// invalid.
func (s *Simulator) issueToken(c call, fault Kind) response {
	if c.request.Method != http.MethodPost {
		return notAllowed(http.MethodPost)
	}
	if c.malformed != nil {
		return tokenError(http.StatusBadRequest, "invalid_request", c.malformed.Error())
	}
	field := c.request.PostForm.Get
	if field("grant_type") != "karmak_identity" {
		return tokenError(http.StatusBadRequest, "unsupported_grant_type", "")
	}
	if field("scope") != "api" {
		return tokenError(http.StatusBadRequest, "invalid_scope", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if field("client_id") != s.config.ClientID || field("client_secret") != s.secret {
		return tokenError(http.StatusUnauthorized, "invalid_client", "")
	}
	if !s.permitted(c.account, c.user) {
		return tokenError(http.StatusUnauthorized, "invalid_grant", "The account or user is not open to this client.")
	}
	now := s.config.Now()
	maps.DeleteFunc(s.tokens, func(_ string, t *token) bool { return t.expires.Add(time.Hour).Before(now) })
	issued := rand.Text()
	t := &token{account: c.account, user: c.user, expires: now.Add(tokenLife)}
	s.tokens[issued] = t
	s.spoil(issued, fault)
	return jsonResponse(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		TokenType   string `json:"token_type"`
	}{issued, int(tokenLife / time.Second), "Bearer"})
}

func tokenError(status int, code, description string) response {
	return jsonResponse(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}

// permitted reports whether the client may use the user of the account. The caller must hold s.mu.
func (s *Simulator) permitted(account, user string) bool {
	a := s.accounts[account]
	return a != nil && a.Face != ReportDataAccess && slices.Contains(a.Users, user)
}

// spoil invalidates a token in the way of the fault, if it is a fault of tokens. The caller must
// hold s.mu.
func (s *Simulator) spoil(bearer string, fault Kind) {
	t := s.tokens[bearer]
	switch {
	case t == nil:
	case fault == ExpiredToken:
		t.expires = s.config.Now()
	case fault == RevokedToken:
		t.revoked = true
	}
}

// bearer returns the request's bearer token, or "" unless the request has exactly one.
func bearer(r *http.Request) string {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return ""
	}
	value, ok := strings.CutPrefix(headers[0], "Bearer ")
	if !ok {
		return ""
	}
	return value
}

// tokenOwner returns the account and user of a token, even if it has expired.
func (s *Simulator) tokenOwner(bearer string) (account, user string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tokens[bearer]; t != nil {
		return t.account, t.user
	}
	return "", ""
}

// admit reports whether the call has a valid token. If not, it returns the refusal.
func (s *Simulator) admit(c call, fault Kind) (response, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil(c.bearer, fault)
	t := s.tokens[c.bearer]
	var problem string
	switch {
	case c.bearer == "":
		problem = "a bearer token is required"
	case t == nil:
		problem = "the token is unknown"
	case t.revoked:
		problem = "the token was revoked"
	case !s.config.Now().Before(t.expires):
		problem = "the token has expired"
	case !s.permitted(t.account, t.user):
		problem = "the account or user is not open to this client any more"
	default:
		return response{}, true
	}
	status := http.StatusUnauthorized
	if owner := s.accounts[c.account]; owner != nil {
		status = cmp.Or(owner.Rules.BadToken, status)
	}
	a := message(status, "%s", problem)
	if status == http.StatusUnauthorized {
		a.header.Set("WWW-Authenticate", "Bearer")
	}
	return a, false
}

// RevokeTokens revokes the account's tokens, or every token if account is empty.
func (s *Simulator) RevokeTokens(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		t.revoked = t.revoked || account == "" || t.account == account
	}
}

// RotateSecret sets the secret that token calls must have from now on. Tokens stay valid.
func (s *Simulator) RotateSecret(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = secret
}
