// Package forward forwards requests to another server, such as another engine or the Karmak
// simulator.
package forward

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// To returns a handler that forwards each request to target and returns the response. It does not
// forward a request whose body is cut off by the client. If target does not respond, the handler
// returns 502.
//
// The handler reads the whole body before it forwards the request. Otherwise net/http closes the
// body at the first byte of the response, and a proxy that then reads the rest of the body cuts off
// the response. With a fast engine this happens about once in a thousand requests.
func To(target *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// One connection per request, because an engine may close an idle connection just as the
		// next request is sent on it.
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // the client is gone; nothing to log
			}
			log.Printf("forward to %s: %v", target, err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		whole := r.Clone(r.Context())
		whole.Body, whole.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, whole)
	})
}
