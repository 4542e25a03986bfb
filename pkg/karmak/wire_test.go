package karmak_test

import (
	"io"
	"net/http"
	"strings"
)

// answers is a transport that issues a token and answers every other request with the same body and
// status 200.
type answers string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body := string(a)
	if r.URL.Path == "/auth/connect/token" {
		body = `{"access_token":"t0ken","expires_in":3600,"token_type":"Bearer"}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// padded is a transport that pads the answer of every look-up with white space to the given number
// of bytes.
type padded struct {
	*http.Transport
	size int
}

func (p padded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := p.Transport.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "/frw/") {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(strings.NewReader(strings.Repeat(" ", p.size-len(body)) + string(body)))
	return resp, err
}
