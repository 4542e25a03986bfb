package near

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOnlyThisMachineIsServed(t *testing.T) {
	for name, c := range map[string]struct {
		host   string
		header http.Header
		want   int
	}{
		"a program":                   {"127.0.0.1:9324", nil, 200},
		"a program, by name":          {"localhost:9324", nil, 200},
		"a program, by IPv6":          {"[::1]:9324", nil, 200},
		"without a port":              {"127.0.0.1", nil, 200},
		"a container":                 {"host.docker.internal:9324", nil, 200},
		"an address of ours":          {ownAddress(t) + ":9324", nil, 200},
		"another address":             {"192.0.2.1:9324", nil, 403},
		"a name that leads here":      {"evil.example:9324", nil, 403},
		"a name similar to localhost": {"localhost.evil.example:9324", nil, 403},
		"a name similar to loopback":  {"127.0.0.1.evil.example", nil, 403},
		"no host":                     {"", nil, 403},
		"our own page": {"127.0.0.1:9324", http.Header{"Origin": {"http://127.0.0.1:3000"}, "Sec-Fetch-Site": {"same-site"}},
			200},
		"a page of another site":   {"127.0.0.1:9324", http.Header{"Origin": {"https://evil.example"}}, 403},
		"a page of no site":        {"127.0.0.1:9324", http.Header{"Origin": {"null"}}, 403},
		"a page without an origin": {"127.0.0.1:9324", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"two origins":              {"127.0.0.1:9324", http.Header{"Origin": {"http://127.0.0.1:3000", "https://evil.example"}}, 403},
		"a person":                 {"127.0.0.1:9324", http.Header{"Sec-Fetch-Site": {"none"}}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/control/spinoff", nil)
			r.Host, r.Header = c.host, c.header
			w := httptest.NewRecorder()
			Only(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}

// ownAddress returns a non-loopback IPv4 address of this machine, or 127.0.0.1 if there is none.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}
