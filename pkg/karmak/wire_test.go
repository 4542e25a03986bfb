package karmak_test

import (
	"io"
	"net/http"
	"strings"
)

// fixedBody is a transport that issues a token and answers every other request with the same body
// and status 200.
type fixedBody string

func (fixed fixedBody) RoundTrip(r *http.Request) (*http.Response, error) {
	body := string(fixed)
	if r.URL.Path == "/auth/connect/token" {
		body = `{"access_token":"t0ken","expires_in":3600,"token_type":"Bearer"}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}
