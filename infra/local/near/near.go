// Package near protects the servers that a stack runs on this machine from pages of other sites. A
// browser sends the requests of any page to loopback, not only those of the user's own pages.
package near

import (
	"net/http"
	"net/url"

	"related-ro/pkg/boot"
)

// container is the name of this machine within Docker containers.
const container = "host.docker.internal"

// Only returns a handler that rejects with 403 all requests whose Host is not this machine, which
// stops DNS rebinding, and all requests made by a page of another site.
func Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !own(r.Host) || !fromHere(r.Header) {
			http.Error(w, "only programs and pages of this machine may use this server", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// own reports whether an address, with or without a port, is this machine.
func own(address string) bool {
	host := (&url.URL{Host: address}).Hostname()
	return boot.OwnHost(host) || host == container
}

// fromHere reports whether the request does not come from a page of another site. Requests of
// programs have neither header.
func fromHere(header http.Header) bool {
	for _, origin := range header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !own(u.Host) {
			return false
		}
	}
	return header.Get("Sec-Fetch-Site") != "cross-site"
}
