package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// corsHeaders sends a request and returns the response's status and CORS headers.
func corsHeaders(b *bench, method, path string, headers ...string) (int, map[string]string) {
	response := b.do(method, path, "", headers...)
	found := map[string]string{}
	for _, name := range []string{"Allow-Origin", "Allow-Methods", "Allow-Headers", "Max-Age", "Expose-Headers"} {
		if value := response.Header.Get("Access-Control-" + name); value != "" {
			found[name] = value
		}
	}
	return response.StatusCode, found
}

func TestCORS(t *testing.T) {
	preflight := map[string]string{
		"Allow-Origin": "https://app.example", "Allow-Methods": "GET,PUT", "Allow-Headers": "authorization", "Max-Age": "600",
	}
	for name, tc := range map[string]struct {
		method, path, origin string
		status               int
		want                 map[string]string
	}{
		"preflight without a route": {"OPTIONS", "/v2/any", "https://app.example", 204, preflight},
		"preflight that ANY takes":  {"OPTIONS", "/v1/locations/loc-1", "https://app.example", 200, preflight},
		"preflight of another site": {"OPTIONS", "/v2/any", "https://evil.example", 204, map[string]string{}},
		"answer": {"GET", "/v1/open", "https://app.example", 200,
			map[string]string{"Allow-Origin": "https://app.example", "Expose-Headers": "etag"}},
		"answer of the gateway": {"GET", "/v1/locations/loc-1", "https://app.example", 401,
			map[string]string{"Allow-Origin": "https://app.example", "Expose-Headers": "etag"}},
		"no origin": {"GET", "/v1/open", "", 200, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{}
			if tc.origin != "" {
				headers = append(headers, "Origin", tc.origin)
			}
			if tc.method == "OPTIONS" {
				headers = append(headers, "Access-Control-Request-Method", "GET")
			}
			status, got := corsHeaders(newBench(t), tc.method, tc.path, headers...)
			if status != tc.status {
				t.Errorf("status is %d, want %d", status, tc.status)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPreflightIsAnsweredByTheRouteThatTakesIt(t *testing.T) {
	b := newBench(t)
	b.do("OPTIONS", "/v1/locations/loc-1", "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	if b.function != "Other" {
		t.Errorf("invoked function %q, want the one behind ANY /v1/{proxy+}", b.function)
	}
}

func TestAnyOriginIsAnsweredByStar(t *testing.T) {
	b := newBench(t)
	b.API.CORS.AllowOrigins = []string{"*"}
	if _, got := corsHeaders(b, "GET", "/v1/open", "Origin", "https://other.example"); got["Allow-Origin"] != "*" {
		t.Errorf("headers are %v", got)
	}
}
