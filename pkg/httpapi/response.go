package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"related-ro/pkg/negotiate"
)

// Limits of one response, in bytes. Lambda returns at most 6 MB, and the body is a JSON string in
// it: each quote takes an additional byte.
const (
	maxResponse = 5_000_000
	maxPayload  = 6_000_000
)

// response is the result of an endpoint.
type response struct {
	status  int
	headers map[string]string // names in lower case
	body    any               // encoded as JSON; nil means no body

	tagged     bool   // has an ETag and honors If-None-Match
	tagVersion string // prefix of the ETag, followed by "-"; "" means no prefix

	encoded []byte
	gzipped []byte // sent instead of encoded if not nil
}

// success returns a response with status 200.
func success(body any) response { return response{status: http.StatusOK, body: body} }

// listing is a body of cases whose lists can be shortened.
type listing interface{ cases() []*caseJSON }

// encode encodes the body. It shortens the longest lists if the body is too large, and sets the
// status to 304 if ifNoneMatch contains the ETag.
func (r *response) encode(ifNoneMatch string) error {
	if r.body == nil {
		return nil
	}
	var err error
	if r.encoded, err = encodeJSON(r.body); err != nil {
		return err
	}
	if list, ok := r.body.(listing); ok && !weigh(r.encoded).fits() {
		if err := cut(list.cases(), r.encoded); err != nil {
			return err
		}
		if r.encoded, err = encodeJSON(r.body); err != nil {
			return err
		}
	}
	if !r.tagged {
		return nil
	}
	sum := sha256.Sum256(r.encoded)
	tag := hex.EncodeToString(sum[:8])
	if r.tagVersion != "" {
		tag = r.tagVersion + "-" + tag
	}
	tag = `"` + tag + `"`
	if r.headers == nil {
		r.headers = map[string]string{}
	}
	r.headers["etag"] = tag
	if negotiate.Has(ifNoneMatch, tag) {
		r.status, r.body, r.encoded = http.StatusNotModified, nil, nil
	}
	return nil
}

// compressFrom is the minimum size of a compressed body in bytes. Shorter bodies fit into a packet
// or two anyway.
const compressFrom = 4 << 10

// Each compressor takes about 800 KB.
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid, so no error
	return w
}}

// compress gzips a long body to about a tenth of its size: API Gateway HTTP APIs do not compress,
// and outgoing traffic is billed. It leaves a body with an ETag uncompressed, because the tag
// identifies exactly these bytes.
func (r *response) compress() {
	if len(r.encoded) < compressFrom || r.tagged {
		return
	}
	var out bytes.Buffer
	w, _ := compressors.Get().(*gzip.Writer) // the pool holds only writers
	defer compressors.Put(w)
	w.Reset(&out)
	_, _ = w.Write(r.encoded) // a bytes.Buffer never fails
	_ = w.Close()
	r.gzipped = out.Bytes()
}

// commonHeaders holds the headers of every response.
var commonHeaders = map[string]string{
	"cache-control":             "private, no-store",
	"content-security-policy":   "default-src 'none'; frame-ancestors 'none'",
	"referrer-policy":           "no-referrer",
	"strict-transport-security": "max-age=31536000",
	"x-content-type-options":    "nosniff",
}

// payload returns the response in API Gateway's payload format 2.0.
func (r response) payload(requestID string) ([]byte, error) {
	out := struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            any               `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded,omitzero"`
	}{StatusCode: r.status, Headers: maps.Clone(commonHeaders), Body: ""}
	out.Headers["x-request-id"] = requestID
	switch {
	case r.gzipped != nil:
		out.Headers["content-encoding"] = "gzip"
		out.Body, out.IsBase64Encoded = r.gzipped, true // encoding/json writes bytes in base64
	case r.encoded != nil:
		out.Body = string(r.encoded) + "\n" // for readability in a terminal
	}
	if r.encoded != nil {
		out.Headers["content-type"] = "application/json"
	}
	maps.Copy(out.Headers, r.headers)
	return encodeJSON(out)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // not HTML, and the outer JSON string would double each backslash
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
