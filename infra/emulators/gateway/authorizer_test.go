package gateway

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/issuer"
)

// claims returns the claims of a valid token.
func claims() map[string]any {
	return map[string]any{
		"iss": issuer.Issuer, "aud": issuer.Audience, "sub": "ann", "roles": []string{"administrator", "support"},
		"locations": []string{"*"}, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 60, "admin": true,
	}
}

func TestClaimsArriveFlattened(t *testing.T) {
	b := newBench(t)
	token, err := b.key.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	if response := b.do("GET", "/v1/locations/loc-1", "", "Authorization", "Bearer "+token); response.StatusCode != 200 {
		t.Fatalf("status is %d", response.StatusCode)
	}
	want := map[string]string{
		"iss": issuer.Issuer, "aud": issuer.Audience, "sub": "ann", "roles": "[administrator support]", "locations": "[*]",
		"iat": "1795428900", "nbf": "1795428900", "exp": "1795428960", "admin": "true",
	}
	if diff := cmp.Diff(want, b.event.RequestContext.Authorizer.JWT.Claims); diff != "" {
		t.Error(diff)
	}
}

func TestAuthorizer(t *testing.T) {
	const absent = "absent"
	for name, tc := range map[string]struct {
		change map[string]any
		want   int
	}{
		"good":                   {nil, 200},
		"audience in a list":     {map[string]any{"aud": []string{"other", issuer.Audience}}, 200},
		"client_id for aud":      {map[string]any{"aud": absent, "client_id": issuer.Audience}, 200},
		"without nbf and iat":    {map[string]any{"nbf": absent, "iat": absent}, 200},
		"expired":                {map[string]any{"exp": now.Unix()}, 401},
		"without exp":            {map[string]any{"exp": absent}, 401},
		"exp is text":            {map[string]any{"exp": "9999999999"}, 401},
		"not yet valid":          {map[string]any{"nbf": now.Unix() + 1}, 401},
		"issued in the future":   {map[string]any{"iat": now.Unix() + 1}, 401},
		"other issuer":           {map[string]any{"iss": "https://other.example"}, 401},
		"other audience":         {map[string]any{"aud": "other"}, 401},
		"aud wins over clientid": {map[string]any{"aud": "other", "client_id": issuer.Audience}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			all := claims()
			maps.Copy(all, tc.change)
			maps.DeleteFunc(all, func(_ string, value any) bool { return value == absent })
			token, err := b.key.Sign(all)
			if err != nil {
				t.Fatal(err)
			}
			if response := b.do("GET", "/v1/locations/loc-1", "", "Authorization", "Bearer "+token); response.StatusCode != tc.want {
				t.Errorf("status is %d, want %d", response.StatusCode, tc.want)
			}
		})
	}
}

func TestTokenThatIsNotOurs(t *testing.T) {
	b := newBench(t)
	good, err := b.key.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	other, err := issuer.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]string{
		"empty":           "",
		"nonsense":        "Bearer nonsense",
		"other key":       "Bearer " + foreign,
		"alg none":        "Bearer " + unsigned + "." + parts[1] + ".",
		"other payload":   "Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`)) + "." + parts[2],
		"without a part":  "Bearer " + parts[0] + "." + parts[1],
		"basic, not ours": "Basic " + good,
	} {
		t.Run(name, func(t *testing.T) {
			response := b.do("GET", "/v1/locations/loc-1", "", "Authorization", header)
			if response.StatusCode != 401 || response.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("status is %d", response.StatusCode)
			}
		})
	}
}
