package gateway

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/template"
)

// now is the gateway's clock in these tests.
var now = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// testKey is shared by all tests because generating a key is slow.
var testKey = sync.OnceValues(issuer.NewKey)

// bench is a gateway with its own key. Its function keeps the last event and replies as the test
// specifies.
type bench struct {
	Config
	key      *issuer.Key
	function string
	event    events.APIGatewayV2HTTPRequest
	reply    func(ctx context.Context) (lambdaengine.Result, error)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	id, public := key.Public()
	b := &bench{key: key}
	b.Config = Config{
		API: template.API{
			LogicalID: "Api",
			Authorizers: map[string]template.Authorizer{"Platform": {
				IdentitySource: "$request.header.Authorization", Issuer: issuer.Issuer, Audience: []string{issuer.Audience},
			}},
			Routes: []template.Route{
				{Method: "GET", Path: "/v1/open", Function: "Open"},
				{Method: "POST", Path: "/v1/open", Function: "Open"},
				{Method: "GET", Path: "/v1/locations/{locationId}", Function: "Closed", Authorizer: "Platform"},
				{Method: "ANY", Path: "/v1/{proxy+}", Function: "Other"},
			},
			CORS: &template.CORS{
				AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET", "PUT"},
				AllowHeaders: []string{"authorization"}, ExposeHeaders: []string{"etag"}, MaxAge: 600,
			},
		},
		Keys:      map[string]*rsa.PublicKey{id: public},
		AccountID: "000000000000",
		Now:       func() time.Time { return now },
		Invoke: func(ctx context.Context, function string, event []byte) (lambdaengine.Result, error) {
			b.function = function
			b.event = events.APIGatewayV2HTTPRequest{}
			if err := json.Unmarshal(event, &b.event); err != nil {
				t.Error(err)
			}
			if b.reply == nil {
				return lambdaengine.Result{Payload: []byte(`{"statusCode":200,"body":"fine"}`)}, nil
			}
			return b.reply(ctx)
		},
	}
	return b
}

func (b *bench) do(method, target, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	New(b.Config).ServeHTTP(w, r)
	return w.Result()
}

func (b *bench) answers(payload string) {
	b.reply = func(context.Context) (lambdaengine.Result, error) {
		return lambdaengine.Result{Payload: []byte(payload)}, nil
	}
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestMatchPriority(t *testing.T) {
	var routes []template.Route
	for _, key := range []string{
		"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{kind}/1", "GET /pets/{proxy+}", "ANY /pets/dog/{id}", "ANY /{proxy+}",
	} {
		method, path, _ := strings.Cut(key, " ")
		routes = append(routes, template.Route{Method: method, Path: path})
	}
	for request, want := range map[string]string{
		"GET /pets/dog/1":   "GET /pets/dog/1 map[]",
		"GET /pets/dog/2":   "GET /pets/dog/{id} map[id:2]",
		"PUT /pets/dog/2":   "ANY /pets/dog/{id} map[id:2]",
		"GET /pets/cat/1":   "GET /pets/{kind}/1 map[kind:cat]",
		"GET /pets/cat/2":   "GET /pets/{proxy+} map[proxy:cat/2]",
		"GET /pets/a%2Fb/1": "GET /pets/{kind}/1 map[kind:a/b]",
		"PUT /pets/cat":     "ANY /{proxy+} map[proxy:pets/cat]",
		"GET /pets/dog/1/":  "GET /pets/{proxy+} map[proxy:dog/1/]",
		"GET /":             " ",
	} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			route, parameters, found := match(routes, method, path)
			got := route.Method + " " + route.Path
			if found {
				got += " " + fmt.Sprint(parameters)
			}
			if got != want {
				t.Errorf("matched %q, want %q", got, want)
			}
		})
	}
}

func TestEventIsOfFormat2(t *testing.T) {
	b := newBench(t)
	b.do("POST", "http://api.example/v1/open?a=1&b=x%20y&a=2", `{"x":1}`,
		"Content-Type", "application/json", "X-One", "1", "X-One", "2", "Cookie", "c=1; d=2", "User-Agent", "test")
	got := b.event
	if id := got.Headers["x-amzn-trace-id"]; id == "" {
		t.Error("no trace ID")
	}
	delete(got.Headers, "x-amzn-trace-id")
	if got.RequestContext.RequestID == "" {
		t.Error("no request ID")
	}
	got.RequestContext.RequestID = ""
	want := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/open", RawPath: "/v1/open", RawQueryString: "a=1&b=x%20y&a=2",
		Cookies: []string{"c=1", "d=2"},
		Headers: map[string]string{
			"content-type": "application/json", "x-one": "1,2", "host": "api.example", "user-agent": "test",
			"content-length": "7", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		},
		QueryStringParameters: map[string]string{"a": "1,2", "b": "x y"},
		Body:                  `{"x":1}`,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "POST /v1/open", AccountID: "000000000000", Stage: "$default", APIID: "Api",
			DomainName: "api.example", DomainPrefix: "Api", Time: "23/Nov/2026:10:15:00 +0000", TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: "POST", Path: "/v1/open", Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "test",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPathIsUnescaped(t *testing.T) {
	b := newBench(t)
	b.do("GET", "/v1/a%20b", "")
	if b.event.RawPath != "/v1/a b" || b.event.PathParameters["proxy"] != "a b" {
		t.Errorf("rawPath is %q, parameters %v", b.event.RawPath, b.event.PathParameters)
	}
}

func TestBodyThatIsNoTextIsBase64(t *testing.T) {
	for contentType, want := range map[string]string{
		"application/json; charset=utf-8":   "a=1",
		"application/problem+json":          "a=1",
		"text/csv":                          "a=1",
		"application/x-www-form-urlencoded": "YT0x",
		"image/png":                         "YT0x",
	} {
		t.Run(contentType, func(t *testing.T) {
			b := newBench(t)
			b.do("POST", "/v1/open", "a=1", "Content-Type", contentType)
			if b.event.Body != want || b.event.IsBase64Encoded != (want != "a=1") {
				t.Errorf("body is %q, base64 %v", b.event.Body, b.event.IsBase64Encoded)
			}
		})
	}
}

func TestAnswerForms(t *testing.T) {
	for name, tc := range map[string]struct {
		payload, body, contentType string
		status                     int
	}{
		"object without statusCode": {`{"a":1}`, `{"a":1}`, "application/json", 200},
		"plain text":                {`"hello"`, `"hello"`, "application/json", 200},
		"full":                      {`{"statusCode":201,"headers":{"content-type":"text/html"},"body":"<p>"}`, "<p>", "text/html", 201},
		"base64":                    {`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, "hi", "text/plain;charset=UTF-8", 200},
		"without body":              {`{"statusCode":204}`, "", "", 204},
		"statusCode is text":        {`{"statusCode":"201"}`, `{"message":"Internal Server Error"}`, "application/json", 500},
		"statusCode out of range":   {`{"statusCode":99}`, `{"message":"Internal Server Error"}`, "application/json", 500},
		"not base64": {`{"statusCode":200,"body":"!","isBase64Encoded":true}`, `{"message":"Internal Server Error"}`,
			"application/json", 500},
		"no json": {`oops`, `{"message":"Internal Server Error"}`, "application/json", 500},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.answers(tc.payload)
			response := b.do("GET", "/v1/open", "")
			body := text(t, response)
			if response.StatusCode != tc.status || body != tc.body || response.Header.Get("Content-Type") != tc.contentType {
				t.Errorf("answer is %d %q of type %q", response.StatusCode, body, response.Header.Get("Content-Type"))
			}
		})
	}
}

func TestAnswerCarriesCookiesAndTheRequestID(t *testing.T) {
	b := newBench(t)
	b.answers(`{"statusCode":200,"cookies":["a=1","b=2"],"headers":{"Access-Control-Allow-Origin":"https://evil.example"}}`)
	response := b.do("GET", "/v1/open", "")
	if diff := cmp.Diff([]string{"a=1", "b=2"}, response.Header.Values("Set-Cookie")); diff != "" {
		t.Error(diff)
	}
	if id := response.Header.Get("Apigw-Requestid"); id != b.event.RequestContext.RequestID {
		t.Errorf("request id is %q, the function's %q", id, b.event.RequestContext.RequestID)
	}
	if origin := response.Header.Get("Access-Control-Allow-Origin"); origin != "" {
		t.Errorf("the function's CORS header got through: %q", origin)
	}
}

func TestOwnErrors(t *testing.T) {
	replies := func(result lambdaengine.Result, err error) func(context.Context) (lambdaengine.Result, error) {
		return func(context.Context) (lambdaengine.Result, error) { return result, err }
	}
	for name, tc := range map[string]struct {
		path, body, message string
		reply               func(context.Context) (lambdaengine.Result, error)
		status              int
	}{
		"unknown route":    {path: "/v2/open", status: 404, message: "Not Found"},
		"no token":         {path: "/v1/locations/loc-1", status: 401, message: "Unauthorized"},
		"body over 10 MiB": {path: "/v1/open", body: strings.Repeat("x", maxBody+1), status: 413, message: "Request Entity Too Large"},
		"event over 6 MB": {path: "/v1/open", reply: replies(lambdaengine.Result{}, lambdaengine.ErrTooLarge), status: 413,
			message: "Request Entity Too Large"},
		"function throttled": {path: "/v1/open", reply: replies(lambdaengine.Result{}, lambdaengine.ErrThrottled), status: 503,
			message: "Service Unavailable"},
		"function failed": {path: "/v1/open", reply: replies(lambdaengine.Result{FunctionError: "Unhandled"}, nil), status: 500,
			message: "Internal Server Error"},
		"no function": {path: "/v1/open", reply: replies(lambdaengine.Result{}, errors.New("gone")), status: 500,
			message: "Internal Server Error"},
		"function too slow": {path: "/v1/open", status: 503, message: "Service Unavailable",
			reply: func(ctx context.Context) (lambdaengine.Result, error) {
				<-ctx.Done()
				return lambdaengine.Result{}, ctx.Err()
			}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.reply, b.Limit = tc.reply, time.Minute
			if name == "function too slow" {
				b.Limit = time.Millisecond
			}
			method := "GET"
			if tc.body != "" {
				method = "POST"
			}
			response := b.do(method, tc.path, tc.body)
			if want := fmt.Sprintf(`{"message":%q}`, tc.message); response.StatusCode != tc.status || text(t, response) != want {
				t.Errorf("answer is %d, want %d %s", response.StatusCode, tc.status, want)
			}
		})
	}
}

func TestThrottleRefills(t *testing.T) {
	later := now
	bucket := newThrottle(2, 3, func() time.Time { return later })
	count := func() (n int) {
		for bucket.allow() {
			n++
		}
		return n
	}
	if n := count(); n != 3 {
		t.Errorf("%d at once, want the burst of 3", n)
	}
	later = later.Add(time.Second)
	if n := count(); n != 2 {
		t.Errorf("%d after a second, want the rate of 2", n)
	}
}

func TestThrottledAnswerIs429(t *testing.T) {
	b := newBench(t)
	b.API.Rate, b.API.Burst = 1, 1
	g := New(b.Config)
	statuses := []int{}
	for range 2 {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "/v1/open", nil))
		statuses = append(statuses, w.Code)
	}
	if diff := cmp.Diff([]int{200, 429}, statuses); diff != "" {
		t.Error(diff)
	}
}

func TestHeadOfARequestHasALimit(t *testing.T) {
	const path = "/v1/open"
	head := len("GET "+path+" HTTP/1.1") + len("example.com")
	for name, c := range map[string]struct {
		target, value string
		want          int
	}{
		"as much as may be":    {path, strings.Repeat("x", 10_240-head), 200},
		"one byte more":        {path, strings.Repeat("x", 10_241-head), 431},
		"in the request line":  {path + "?" + strings.Repeat("x", 10_240-head-1), "", 200},
		"more of request line": {path + "?" + strings.Repeat("x", 10_240-head), "", 431},
	} {
		t.Run(name, func(t *testing.T) {
			response := newBench(t).do("GET", c.target, "", "X-Long", c.value)
			if response.StatusCode != c.want {
				t.Errorf("status is %d, want %d", response.StatusCode, c.want)
			}
			if body := text(t, response); c.want == 431 && body != `{"message":"Request Header Fields Too Large"}` {
				t.Errorf("body is %s", body)
			}
		})
	}
}

// TestTokenOfManyLocations finds how many locations, each named by a UUID, fit in a token next to
// the headers that a browser sends.
func TestTokenOfManyLocations(t *testing.T) {
	b := newBench(t)
	browser := []string{
		"User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Accept", "application/json", "Accept-Encoding", "gzip, deflate, br, zstd", "Accept-Language", "en-US,en;q=0.9,es;q=0.8",
		"Origin", "https://app.example", "Referer", "https://app.example/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors",
		"Sec-Ch-Ua", `"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`,
	}
	for locations, want := range map[int]int{170: 200, 185: 431} {
		claims := claims()
		var names []string
		for i := range locations {
			names = append(names, fmt.Sprintf("0d0f3a2e-9f1b-4b3a-8a39-%012d", i))
		}
		claims["roles"], claims["locations"] = []string{"field_manager"}, names
		token, err := b.key.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		if response := b.do("GET", "/v1/locations/loc-1", "",
			append(browser, "Authorization", "Bearer "+token)...); response.StatusCode != want {
			t.Errorf("%d locations: %d, want %d", locations, response.StatusCode, want)
		}
	}
}
