package karmaktest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

func tokenCall(t *testing.T) {
	u := start(t, karmaktest.Config{})
	got := u.postForm(form())
	got.expect(t, 200)
	var answer map[string]any
	u.must(json.Unmarshal([]byte(got.body), &answer))
	if answer["access_token"] == "" || answer["expires_in"] != 3600.0 || answer["token_type"] != "Bearer" || len(answer) != 3 {
		t.Errorf("got %s", got.body)
	}
	token := u.token("a", "u")
	u.clock.advance(time.Hour - time.Second)
	u.do(u.request("GET", lookup(headers), "", token)).expect(t, 200)
	u.clock.advance(time.Second)
	u.do(u.request("GET", lookup(headers), "", token)).expect(t, 401, "expired")
}

func tokenSeveral(t *testing.T) {
	u := start(t, karmaktest.Config{})
	one, other := u.token("a", "u"), u.token("a", "u")
	u.RotateSecret("new")
	u.postForm(form()).expect(t, 401, "invalid_client")
	u.postForm(form("client_secret", "new")).expect(t, 200)
	u.do(u.request("GET", lookup(headers), "", one)).expect(t, 200)
	u.do(u.request("GET", lookup(headers), "", other)).expect(t, 200)
}

func bearerCode(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.set(func(a *karmaktest.Account) { a.Rules.BadToken = 400 })
	revoked := u.token("a", "u")
	u.RevokeTokens("a")
	u.do(u.request("GET", lookup(headers), "", revoked)).expect(t, 400, "token was revoked")
	expired := u.token("a", "u")
	u.clock.advance(time.Hour)
	u.do(u.request("GET", status, "", expired)).expect(t, 400, "token has expired")
	u.get(headers).expect(t, 200)
}

func tokenRefused(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for _, field := range []string{"client_id", "client_secret"} {
		u.postForm(form(field, "x")).expect(t, 401, `{"error":"invalid_client"}`)
		u.postForm(form(field, "")).expect(t, 401, `{"error":"invalid_client"}`)
	}
	for _, grant := range [][]string{{"account", "x"}, {"user", "x"}, {"account", "b", "user", "v"}} {
		u.postForm(form(grant...)).expect(t, 401, `{"error":"invalid_grant","error_description":`)
	}
}

func tokenMalformed(t *testing.T) {
	u := start(t, karmaktest.Config{})
	twice := form()
	twice.Add("scope", "api")
	u.postForm(twice).expect(t, 400, "scope is given 2 times")
	without := form()
	without.Del("user")
	u.postForm(without).expect(t, 400, "user is given 0 times")
	u.postForm(form("refresh_token", "x")).expect(t, 400, "refresh_token is no field")
	u.postForm(form("grant_type", "client_credentials")).expect(t, 400, "unsupported_grant_type")
	u.postForm(form("scope", "api openid")).expect(t, 400, "invalid_scope")

	const formType = "Content-Type: application/x-www-form-urlencoded"
	body := form().Encode()
	u.do(u.request("POST", tokens, body)).expect(t, 400, "Content-Type")
	u.do(u.request("POST", tokens, body, "Content-Type: application/json")).expect(t, 400, "Content-Type")
	u.do(u.request("POST", tokens, body, formType+"; charset=utf-8")).expect(t, 200)
	u.do(u.request("POST", tokens+"?"+body, "", formType)).expect(t, 400, "into the body")
	u.do(u.request("POST", tokens, "%zz", formType)).expect(t, 400, "not a form")
	u.do(u.request("GET", tokens, "")).expect(t, 405)
}

func bearer(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	for _, path := range []string{lookup(headers), lookup(tasks), branches, status} {
		for _, test := range []struct {
			name   string
			header []string
			status int
		}{
			{"right", []string{token}, 200},
			{"missing", nil, 401},
			{"unknown", []string{"Authorization: Bearer x"}, 401},
			{"lower-case scheme", []string{strings.Replace(token, "Bearer", "bearer", 1)}, 401},
			{"given twice", []string{token, token}, 401},
		} {
			t.Run(path[strings.LastIndex(path, "/")+1:]+" "+test.name, func(t *testing.T) {
				got := u.do(u.request("GET", path, "", test.header...))
				got.expect(t, test.status)
				if test.status == 401 {
					equal(t, got.header.Get("WWW-Authenticate"), "Bearer")
				}
			})
		}
	}

	a, b := u.token("a", "u"), u.token("b", "u")
	u.RevokeTokens("a")
	u.do(u.request("GET", lookup(headers), "", a)).expect(t, 401, "revoked")
	u.do(u.request("GET", lookup(headers), "", b)).expect(t, 200)
	u.RevokeTokens("")
	u.do(u.request("GET", lookup(headers), "", b)).expect(t, 401)
}

func onlyGet(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	u.do(u.request("POST", lookup(headers), "", token)).expect(t, 405)
	u.do(u.request("POST", status, "", token)).expect(t, 405)
}

func TestTokenOfARemovedUserIsRefused(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "v")
	u.must(u.AddAccount(karmaktest.Account{ID: "a", Users: []string{"u"}}))
	u.do(u.request("GET", lookup(headers), "", token)).expect(t, 401, "not open")
	u.postForm(form("user", "v")).expect(t, 401, "invalid_grant")
}
