package karmaktest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

func TestTokenAnswerHasThePublishedFields(t *testing.T) {
	u := start(t, karmaktest.Config{})
	got := u.postForm(form())
	got.expect(t, 200)
	var answer map[string]any
	u.must(json.Unmarshal([]byte(got.body), &answer))
	if answer["access_token"] == "" || answer["expires_in"] != 3600.0 || answer["token_type"] != "Bearer" || len(answer) != 3 {
		t.Errorf("got %s", got.body)
	}
}

func TestTokenCallRefuses(t *testing.T) {
	u := start(t, karmaktest.Config{})
	twice := form()
	twice.Add("scope", "api")
	without := form()
	without.Del("user")
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		body   string
	}{
		{"unknown client", form("client_id", "x"), 401, `{"error":"invalid_client"}`},
		{"wrong secret", form("client_secret", "x"), 401, `{"error":"invalid_client"}`},
		{"empty secret", form("client_secret", ""), 401, `{"error":"invalid_client"}`},
		{"unknown account", form("account", "x"), 401, `{"error":"invalid_grant","error_description":`},
		{"unknown user", form("user", "x"), 401, `{"error":"invalid_grant","error_description":`},
		{"another account's user", form("account", "b", "user", "v"), 401, `{"error":"invalid_grant","error_description":`},
		{"another grant type", form("grant_type", "client_credentials"), 400, "unsupported_grant_type"},
		{"another scope", form("scope", "api openid"), 400, "invalid_scope"},
		{"a field twice", twice, 400, "scope is given more than once"},
		{"a field missing", without, 400, "user is missing"},
		{"a field of another call", form("refresh_token", "x"), 400, "refresh_token is no field"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u.postForm(test.form).expect(t, test.status, test.body)
		})
	}
}

func TestTokenCallWantsAFormInTheBodyOfAPost(t *testing.T) {
	u := start(t, karmaktest.Config{})
	const formType = "Content-Type: application/x-www-form-urlencoded"
	body := form().Encode()
	u.do(u.request("POST", tokens, body)).expect(t, 400, "Content-Type")
	u.do(u.request("POST", tokens, body, "Content-Type: application/json")).expect(t, 400, "Content-Type")
	u.do(u.request("POST", tokens, body, formType+"; charset=utf-8")).expect(t, 200)
	u.do(u.request("POST", tokens+"?"+body, "", formType)).expect(t, 400, "into the body")
	u.do(u.request("POST", tokens, "%zz", formType)).expect(t, 400, "not a form")
	u.do(u.request("GET", tokens, "")).expect(t, 405)
}

func TestLookupAndStatusWantABearerToken(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	for _, path := range []string{asked(headers), asked(tasks), branches, status} {
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
}

func TestLookupAndStatusAreGets(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	u.do(u.request("POST", asked(headers), "", token)).expect(t, 405)
	u.do(u.request("POST", status, "", token)).expect(t, 405)
}

func TestTokenLivesOneHour(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	u.clock.advance(time.Hour - time.Second)
	u.do(u.request("GET", asked(headers), "", token)).expect(t, 200)
	u.clock.advance(time.Second)
	u.do(u.request("GET", asked(headers), "", token)).expect(t, 401, "expired")
}

func TestTokenLifetimeIsConfigurable(t *testing.T) {
	u := start(t, karmaktest.Config{TokenLifetime: time.Minute})
	u.postForm(form()).expect(t, 200, `"expires_in":60`)
}

func TestTokenOfAUserTakenOutIsRefused(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "v")
	u.must(u.AddAccount(karmaktest.Account{ID: "a", Users: []string{"u"}}))
	u.do(u.request("GET", asked(headers), "", token)).expect(t, 401, "not open")
	u.postForm(form("user", "v")).expect(t, 401, "invalid_grant")
}

func TestRevokedTokensAreRefused(t *testing.T) {
	u := start(t, karmaktest.Config{})
	a, b := u.token("a", "u"), u.token("b", "u")
	u.RevokeTokens("a")
	u.do(u.request("GET", asked(headers), "", a)).expect(t, 401, "revoked")
	u.do(u.request("GET", asked(headers), "", b)).expect(t, 200)
	u.RevokeTokens("")
	u.do(u.request("GET", asked(headers), "", b)).expect(t, 401)
}

func TestRotatedSecretReplacesTheOldOne(t *testing.T) {
	u := start(t, karmaktest.Config{})
	token := u.token("a", "u")
	u.RotateSecret("new")
	u.postForm(form()).expect(t, 401, "invalid_client")
	u.postForm(form("client_secret", "new")).expect(t, 200)
	u.do(u.request("GET", asked(headers), "", token)).expect(t, 200)
}

func TestStatusTellsVersionAccountAndUser(t *testing.T) {
	u := start(t, karmaktest.Config{})
	got := u.do(u.request("GET", status, "", u.token("b", "u")))
	got.expect(t, 200)
	var answer map[string]any
	u.must(json.Unmarshal([]byte(got.body), &answer))
	for name, want := range map[string]any{
		"IsOnline": true, "BridgeVersion": "3.60.0.0", "FusionVersion": "3.60.0.0", "Account": "b", "User": "u",
	} {
		equal(t, answer[name], want)
	}
	for _, name := range []string{"Message", "ProcessGUID"} {
		if answer[name] == "" {
			t.Errorf("no %s in %s", name, got.body)
		}
	}
}
