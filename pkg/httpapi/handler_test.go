package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/infra/emulators/issuer"
	"related-ro/pkg/relatedro"
)

// failing returns a read handler whose endpoints are all serve, and its log.
func failing(t *testing.T, serve endpoint) (*Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	config := Config{Log: slog.New(slog.NewJSONHandler(&log, nil)), Now: time.Now}
	h, err := newHandler(config, readFunction, allServedBy(serve))
	if err != nil {
		t.Fatal(err)
	}
	return h, &log
}

func allServedBy(serve endpoint) map[string]endpoint {
	all := make(map[string]endpoint)
	for _, r := range routes() {
		all[r.key()] = serve
	}
	return all
}

var healthRequest = events.APIGatewayV2HTTPRequest{
	RouteKey: "GET /v1/health", RawPath: "/v1/health",
	RequestContext: events.APIGatewayV2HTTPRequestContext{RequestID: "request-1"},
}

// handle sends a request through the handler as the Lambda runtime does.
func handle(t *testing.T, h *Handler, in events.APIGatewayV2HTTPRequest) (out events.APIGatewayV2HTTPResponse) {
	t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	response, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(response, &out); err != nil {
		t.Fatalf("%v: %s", err, response)
	}
	return out
}

func TestPanicIsOurOwnMistake(t *testing.T) {
	h, log := failing(t, func(context.Context, *request) (response, error) { panic("a secret value") })
	out := handle(t, h, healthRequest)
	if out.StatusCode != 500 || strings.Contains(out.Body, "secret") || !strings.Contains(out.Body, `"instance":"request-1"`) {
		t.Errorf("unexpected response: %d %s", out.StatusCode, out.Body)
	}
	if !strings.Contains(log.String(), "a secret value") || !strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("unexpected log: %s", log)
	}
}

func TestErrorOfTheOutsideIsUnavailable(t *testing.T) {
	h, log := failing(t, func(context.Context, *request) (response, error) {
		return response{}, fmt.Errorf("store: %w", errors.New("inner words"))
	})
	out := handle(t, h, healthRequest)
	if out.StatusCode != 503 || strings.Contains(out.Body, "inner") || out.Headers["retry-after"] == "" {
		t.Errorf("unexpected response: %d %v %s", out.StatusCode, out.Headers, out.Body)
	}
	if !strings.Contains(log.String(), "inner words") {
		t.Errorf("unexpected log: %s", log)
	}
}

func TestUnreadableItemIsNotSolvedByTryingAgain(t *testing.T) {
	h, _ := failing(t, func(context.Context, *request) (response, error) {
		return response{}, fmt.Errorf("read settings: %w", relatedro.ErrUnreadable)
	})
	if out := handle(t, h, healthRequest); out.StatusCode != 500 || out.Headers["retry-after"] != "" {
		t.Errorf("unexpected response: %d %v %s", out.StatusCode, out.Headers, out.Body)
	}
}

func TestObserve(t *testing.T) {
	for status, want := range map[int]string{200: "[false false]", 499: "[false false]", 500: "[true false]"} {
		var seen []bool
		config := Config{Log: slog.New(slog.DiscardHandler), Now: time.Now, Observe: func(failed bool) { seen = append(seen, failed) }}
		h, err := newHandler(config, readFunction, allServedBy(func(context.Context, *request) (response, error) {
			return response{status: status}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		handle(t, h, healthRequest)
		handle(t, h, events.APIGatewayV2HTTPRequest{RouteKey: catchAll, RawPath: "/v1/anything"}) // a 404
		if got := fmt.Sprint(seen); got != want {
			t.Errorf("status %d: failures are %s, want %s", status, got, want)
		}
	}
}

// The mapping of a custom domain may have a key, which rawPath contains.
func TestPathBelowAMappingsKey(t *testing.T) {
	h, _ := failing(t, func(context.Context, *request) (response, error) { return response{status: 200}, nil })
	in := events.APIGatewayV2HTTPRequest{RouteKey: catchAll, RawPath: "/ros/v1/search",
		PathParameters: map[string]string{"proxy": "search"}}
	in.RequestContext.HTTP.Method = "DELETE"
	if out := handle(t, h, in); out.StatusCode != 405 || out.Headers["allow"] != "GET, HEAD, OPTIONS" {
		t.Errorf("got status %d, Allow %q", out.StatusCode, out.Headers["allow"])
	}
}

func TestEventsThatAPIGatewayNeverSends(t *testing.T) {
	h, _ := failing(t, func(context.Context, *request) (response, error) { return response{status: 200}, nil })
	const search = `"routeKey":"GET /v1/search","requestContext":{"authorizer":`
	for name, c := range map[string]struct {
		event  string
		status int
	}{
		"no authorizer":        {`{` + search + `null}}`, 401},
		"no jwt":               {`{` + search + `{}}}`, 401},
		"no claims":            {`{` + search + `{"jwt":{"claims":{}}}}}`, 401},
		"claims of null":       {`{` + search + `{"jwt":{"claims":null}}}}`, 401},
		"claims as arrays":     {`{` + search + `{"jwt":{"claims":{"roles":["support"],"locations":["*"]}}}}}`, 403},
		"claims as a string":   {`{` + search + `{"jwt":{"claims":"support"}}}}`, 401},
		"authorizer no object": {`{` + search + `[]}}`, 401},
		"an array not closed":  {`{` + search + `{"jwt":{"claims":{"roles":"[support","locations":"*"}}}}}`, 403},
		"an array not opened":  {`{` + search + `{"jwt":{"claims":{"roles":"support]","locations":"*"}}}}}`, 403},
		"blanks between":       {`{` + search + `{"jwt":{"claims":{"roles":"[support  administrator]","locations":"*"}}}}}`, 403},
		"an empty array":       {`{` + search + `{"jwt":{"claims":{"roles":"support","locations":"[]"}}}}}`, 403},
		"flattened":            {`{` + search + `{"jwt":{"claims":{"roles":"[support]","locations":"[a]"}}}}}`, 200},
		"several words":        {`{` + search + `{"jwt":{"claims":{"roles":"[support]","locations":"[a b]"}}}}}`, 403},
		"an unknown word":      {`{` + search + `{"jwt":{"claims":{"roles":"[customer support]","locations":"[a]"}}}}}`, 403},
		"another route":        {`{"routeKey":"GET /v2/search","rawPath":"/v2/search"}`, 404},
		"the other function's": {`{"routeKey":"GET /v1/operations/dead-letters","rawPath":"/v1/operations/dead-letters",` +
			`"requestContext":{"http":{"method":"GET"}}}`, 404},
		"nothing": {`{}`, 404},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := h.Invoke(t.Context(), []byte(c.event))
			if err != nil {
				t.Fatal(err)
			}
			var out events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(payload, &out); err != nil {
				t.Fatal(err)
			}
			if out.StatusCode != c.status {
				t.Errorf("got status %d, want %d: %s", out.StatusCode, c.status, out.Body)
			}
		})
	}
}

// TestClaimsMustBeThoseOfTheToken sends claims with an Authorization header that contains another
// token.
func TestClaimsMustBeThoseOfTheToken(t *testing.T) {
	h, _ := failing(t, func(context.Context, *request) (response, error) { return response{status: 200}, nil })
	token := func(payload string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".e30"
	}
	same := token(`{"sub":"ann","roles":["service_advisor","customer support"],"locations":["a","b"]}`)
	for name, c := range map[string]struct {
		authorization string
		status        int
	}{
		"the same":         {"Bearer " + same, 200},
		"without a scheme": {same, 200},
		"other roles":      {"Bearer " + token(`{"sub":"ann","roles":["support"],"locations":["a","b"]}`), 403},
		"other locations": {"Bearer " + token(`{"sub":"ann","roles":["service_advisor","customer support"],"locations":["*"]}`),
			403},
		"another subject": {"Bearer " + token(`{"sub":"bob","roles":["service_advisor","customer support"],"locations":["a","b"]}`),
			403},
		"no subject": {"Bearer " + token(`{"roles":["service_advisor","customer support"],"locations":["a","b"]}`), 403},
		"names in another case": {"Bearer " + token(`{"sub":"ann","Roles":["service_advisor","customer support"],"locations":["a","b"]}`),
			403},
		"given twice": {"Bearer " + token(`{"sub":"ann","roles":["service_advisor","customer support"],"locations":["a","b"],`+
			`"roles":"support"}`), 403},
		"two headers joined":      {"Bearer " + same + ",Bearer " + same, 403},
		"no token":                {"Basic YTpi", 403},
		"a token of two parts":    {"Bearer a.b", 403},
		"a payload not of base64": {"Bearer a.!.c", 403},
		"a payload that is null":  {"Bearer " + token("null"), 403},
		"a payload no object":     {"Bearer " + token("[]"), 403},
	} {
		t.Run(name, func(t *testing.T) {
			out := handle(t, h, events.APIGatewayV2HTTPRequest{
				RouteKey: "GET /v1/search", Headers: map[string]string{"authorization": c.authorization},
				RequestContext: events.APIGatewayV2HTTPRequestContext{
					Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
						JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
							"sub": "ann", "roles": "[service_advisor customer support]", "locations": "[a b]",
						}},
					}},
			})
			if out.StatusCode != c.status {
				t.Errorf("got status %d, want %d: %s", out.StatusCode, c.status, out.Body)
			}
		})
	}
}

func TestEventThatIsNoJSON(t *testing.T) {
	h, _ := failing(t, nil)
	if _, err := h.Invoke(t.Context(), []byte("{")); err == nil {
		t.Error("got no error")
	}
}

func TestBodyInBase64(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"encoded":     {"e30=", "{}"},
		"not encoded": {"{}", ""},
	} {
		r := &request{route: route{body: requiredBody}, event: event{Body: c.body, IsBase64Encoded: true}}
		r.event.Headers.ContentType = "application/json"
		if err := r.readBody(); string(r.body) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: body %q, error %v", name, r.body, err)
		}
	}
}

func TestBodyMustBeUTF8(t *testing.T) {
	p := classify(parse([]byte("{\"a\":\"\xff\"}")).done())
	if p.fields[0].Field != "body" {
		t.Errorf("got an error of field %s", p.fields[0].Field)
	}
}

func TestFaultsOfABodyAreNotListedWithoutEnd(t *testing.T) {
	o := parse([]byte(`{` + strings.Repeat(`"`+strings.Repeat("é", 100)+`":1,`, 100) + `"z":1}`))
	p := classify(o.done())
	if len(p.fields) != maxFields {
		t.Errorf("got %d fields", len(p.fields))
	}
	for _, f := range p.fields {
		if len(f.Field) > 80 {
			t.Errorf("field name has %d bytes", len(f.Field))
		}
	}
}

func TestLocalTokens(t *testing.T) {
	key, err := issuer.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := issuer.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	sign := func(k *issuer.Key, change map[string]any) string {
		claims := map[string]any{
			"iss": issuer.Issuer, "aud": issuer.Audience, "sub": "user-7", "roles": []string{"support"},
			"locations": []string{"loc-100", "loc-200"},
			"exp":       now.Add(time.Hour).Unix(), "nbf": now.Unix(),
		}
		for name, value := range change {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
		token, err := k.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(key, nil)
	parts := strings.Split(good, ".")
	config := Config{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, LocalJWKS: key.JWKS(), SAMLocal: true,
	}
	h, err := newHandler(config, readFunction, allServedBy(func(_ context.Context, r *request) (response, error) {
		return response{status: 200, body: r.actor}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		authorization string
		status        int
	}{
		"good":                  {"Bearer " + good, 200},
		"scheme in lower case":  {"bearer " + good, 200},
		"audience among others": {"Bearer " + sign(key, map[string]any{"aud": []string{"x", issuer.Audience}}), 200},
		"none":                  {"", 401},
		"another scheme":        {"Basic " + good, 401},
		"of another key":        {"Bearer " + sign(other, nil), 401},
		"expired":               {"Bearer " + sign(key, map[string]any{"exp": now.Unix()}), 401},
		"without exp":           {"Bearer " + sign(key, map[string]any{"exp": nil}), 401},
		"exp as a string":       {"Bearer " + sign(key, map[string]any{"exp": "9999999999"}), 401},
		"not yet valid":         {"Bearer " + sign(key, map[string]any{"nbf": now.Add(time.Second).Unix()}), 401},
		"of another issuer":     {"Bearer " + sign(key, map[string]any{"iss": "https://elsewhere.invalid"}), 401},
		"without issuer":        {"Bearer " + sign(key, map[string]any{"iss": nil}), 401},
		"for another audience":  {"Bearer " + sign(key, map[string]any{"aud": "elsewhere"}), 401},
		"without audience":      {"Bearer " + sign(key, map[string]any{"aud": nil}), 401},
		"without signature":     {"Bearer " + parts[0] + "." + parts[1] + ".", 401},
		"alg none":              {"Bearer eyJhbGciOiJub25lIn0." + parts[1] + ".", 401},
		"alg HS256":             {"Bearer eyJhbGciOiJIUzI1NiJ9." + parts[1] + "." + parts[2], 401},
		"claims of another": {"Bearer " + parts[0] + "." + strings.Split(sign(key, map[string]any{"sub": "x"}),
			".")[1] + "." + parts[2], 401},
		"two parts":              {"Bearer " + parts[0] + "." + parts[1], 401},
		"not base64":             {"Bearer a.b!.c", 401},
		"good, but without role": {"Bearer " + sign(key, map[string]any{"roles": nil}), 403},
	} {
		t.Run(name, func(t *testing.T) {
			in := events.APIGatewayV2HTTPRequest{RouteKey: "GET /v1/search", Headers: map[string]string{"Authorization": c.authorization}}
			out := handle(t, h, in)
			if out.StatusCode != c.status {
				t.Errorf("got status %d, want %d: %s", out.StatusCode, c.status, out.Body)
			}
			if c.status == 200 && !strings.Contains(out.Body, `"Locations":["loc-100","loc-200"]`) {
				t.Errorf("unexpected claims: %s", out.Body)
			}
		})
	}
}

func TestLocalKeySetIsRefused(t *testing.T) {
	for name, config := range map[string]Config{
		"outside sam local": {LocalJWKS: `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`},
		"no JSON":           {LocalJWKS: "keys", SAMLocal: true},
		"no keys":           {LocalJWKS: `{"keys":[]}`, SAMLocal: true},
		"no RSA key":        {LocalJWKS: `{"keys":[{"kty":"EC"}]}`, SAMLocal: true},
		"not base64":        {LocalJWKS: `{"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]}`, SAMLocal: true},
		"no exponent":       {LocalJWKS: `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQABAQABAQAB"}]}`, SAMLocal: true},
	} {
		if _, err := newHandler(config, readFunction, allServedBy(nil)); err == nil || !strings.Contains(err.Error(), "LOCAL_JWKS") {
			t.Errorf("%s: unexpected error %v", name, err)
		}
	}
}
