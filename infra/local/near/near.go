// Package near keeps pages of other sites from what a stack serves on this machine. A browser sends their requests to
// loopback as willingly as the person's own.
package near

import (
	"net/http"
	"net/url"

	"related-ro/pkg/boot"
)

// container is this machine as Docker's containers name it.
const container = "host.docker.internal"

// Only refuses, by 403, requests that name another host than this machine, as those of a site whose name leads here do,
// and those that a page of another site makes.
func Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !own(r.Host) || !fromHere(r.Header) {
			http.Error(w, "only this machine's own programs and pages may use this", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// own reports whether a host, with or without a port, is this machine.
func own(address string) bool {
	host := (&url.URL{Host: address}).Hostname()
	return boot.OwnHost(host) || host == container
}

// fromHere reports whether no page of another site has made the request. Programs send neither header.
func fromHere(header http.Header) bool {
	for _, origin := range header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !own(u.Host) {
			return false
		}
	}
	return header.Get("Sec-Fetch-Site") != "cross-site"
}
