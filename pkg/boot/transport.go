package boot

import (
	"io"
	"net"
	"net/http"
	"time"
)

// NewTransport returns the HTTP transport of a Lambda function: connections are kept
// for as long as the function is warm, enough of them for a batch's concurrent calls.
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
// The SDK closes a body as soon as the answer's headers are there, and a closed body's
// WriteTo returns io.EOF, which is no error of Read but is one of WriteTo. net/http looks
// once more for bytes after it has sent the last one. If the answer is faster, which
// happens where goroutines wait for a processor, it takes that for a failed request
// and closes the connection while the answer is being read: "use of closed network
// connection", in a tenth of large requests on one busy processor.
type transport struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return t.Transport.RoundTrip(r)
	}
	readable := *r // a RoundTripper may not change the caller's
	readable.Body = struct{ io.ReadCloser }{r.Body}
	return t.Transport.RoundTrip(&readable)
}
