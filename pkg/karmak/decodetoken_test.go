package karmak

import (
	"net/http"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

func TestDecodeToken(t *testing.T) {
	for _, test := range []struct {
		name, body string
		life       time.Duration // 0: error expected
	}{
		{"as published", `{"access_token":"abc","expires_in":3600,"token_type":"Bearer"}`, time.Hour},
		{"seconds in quotes", `{"access_token":"abc","expires_in":"3600","token_type":"bearer"}`, time.Hour},
		{"no type", `{"access_token":"abc","expires_in":60}`, time.Minute},
		{"absurdly long", `{"access_token":"abc","expires_in":1e300}`, maxTokenLife},
		{"no token", `{"expires_in":3600}`, 0},
		{"token that breaks a header", `{"access_token":"a\nb","expires_in":3600}`, 0},
		{"no life", `{"access_token":"abc"}`, 0},
		{"no life left", `{"access_token":"abc","expires_in":0}`, 0},
		{"negative life", `{"access_token":"abc","expires_in":-1}`, 0},
		{"life of a word", `{"access_token":"abc","expires_in":"NaN"}`, 0},
		{"another type", `{"access_token":"abc","expires_in":3600,"token_type":"MAC"}`, 0},
		{"no object", `[]`, 0},
		{"nothing", ``, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			token, life, err := decodeToken([]byte(test.body))
			switch {
			case test.life == 0 && err == nil:
				t.Errorf("got %q, %v, want an error", token, err)
			case test.life != 0 && (err != nil || token != "abc" || life != test.life):
				t.Errorf("got %q for %s, %v, want abc for %s", token, life, err, test.life)
			}
		})
	}
}

func FuzzDecodeToken(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		token, life, err := decodeToken(body)
		if err != nil {
			return
		}
		if life < time.Second || life > maxTokenLife {
			t.Errorf("the life is %s", life)
		}
		r, err := authorized(base, http.Header{"Authorization": {"Bearer " + token}})(t.Context())
		if err != nil || r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("token %q: %v", token, err)
		}
		if err := r.Write(discard{}); err != nil {
			t.Errorf("token %q is not a valid header value: %v", token, err)
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestTokenRefusal(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       relatedro.Reason
	}{
		{"our own", `{"error":"invalid_client"}`, relatedro.CredentialsRejected},
		{"the account's", `{"error":"invalid_grant","error_description":"user 7 of account 9"}`, relatedro.AccountNotPermitted},
		{"another", `{"error":"invalid_scope"}`, relatedro.UnexpectedAnswer},
		{"no JSON", `<html>`, relatedro.UnexpectedAnswer},
	} {
		t.Run(test.name, func(t *testing.T) {
			if f := tokenRefusal([]byte(test.body), http.ErrNotSupported); f.Reason != test.want {
				t.Errorf("reason %s, want %s", f.Reason, test.want)
			}
		})
	}
}
