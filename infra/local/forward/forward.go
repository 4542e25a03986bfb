// Package forward passes requests on to another server: an engine elsewhere, or the simulated Karmak.
package forward

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// To returns a handler that passes each request on to target and its answer back. A request whose body the client breaks off
// is not passed on. A target that does not answer is a 502.
//
// The body is read to its end before: net/http closes it with the first byte of the answer, and a proxy that then looks
// whether there is more of it cuts the answer off. A fast engine answers before that look about once in a thousand times.
func To(target *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// A connection a request: an engine may close an idle one just when the next request is sent on it.
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // there is nobody to answer, and nothing to report
			}
			log.Printf("forward to %s: %v", target, err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // there is nobody to answer
		}
		whole := r.Clone(r.Context())
		whole.Body, whole.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, whole)
	})
}
