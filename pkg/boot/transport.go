package boot

import (
	"io"
	"net"
	"net/http"
	"time"
)

// NewTransport returns the HTTP transport of a Lambda function. It keeps idle connections between
// invocations, enough of them for a batch's concurrent calls.
func NewTransport() http.RoundTripper {
	return transport{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		MaxIdleConns:          200,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

// transport hides from net/http that the SDK's request bodies implement io.WriterTo.
//
// The SDK closes a request body as soon as the response headers arrive. WriteTo of a closed body
// returns io.EOF, which is an error from WriteTo, though not from Read. After sending the last
// byte, net/http reads the body once more. If the response arrives first, which happens when
// goroutines wait for a processor, net/http takes the io.EOF for a failed request and closes the
// connection while the response is being read: "use of closed network connection". On one busy
// processor this affected a tenth of large requests.
type transport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return t.Transport.RoundTrip(r)
	}
	readable := *r // a RoundTripper must not modify the caller's request
	readable.Body = struct{ io.ReadCloser }{r.Body}
	return t.Transport.RoundTrip(&readable)
}
