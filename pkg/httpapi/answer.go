package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"related-ro/pkg/negotiate"
)

// Limits of one answer. Lambda hands on at most 6 MB, in which the body is a JSON
// string: every quote in it takes a byte more.
const (
	maxAnswer  = 5_000_000
	maxPayload = 6_000_000
)

// answer is what an endpoint answers.
type answer struct {
	status  int
	headers map[string]string // names in lower case
	body    any               // encoded as JSON; nil for none

	tagged     bool   // has an ETag, and If-None-Match is honoured
	tagVersion string // what the ETag begins with, a "-" after it; "" for nothing

	encoded []byte
	gzipped []byte // what goes out instead of encoded, if not nil
}

// listing is a body that holds cases, whose lists can be cut.
type listing interface{ cases() []*caseJSON }

// encode encodes the body, with its longest lists cut if it would be too large, and
// makes it 304 if the caller has that very answer.
func (a *answer) encode(ifNoneMatch string) error {
	if a.body == nil {
		return nil
	}
	var err error
	if a.encoded, err = encodeJSON(a.body); err != nil {
		return err
	}
	if list, ok := a.body.(listing); ok && !fits(a.encoded) {
		if err := cut(list.cases(), a.encoded); err != nil {
			return err
		}
		if a.encoded, err = encodeJSON(a.body); err != nil {
			return err
		}
	}
	if !a.tagged {
		return nil
	}
	sum := sha256.Sum256(a.encoded)
	tag := hex.EncodeToString(sum[:8])
	if a.tagVersion != "" {
		tag = a.tagVersion + "-" + tag
	}
	tag = `"` + tag + `"`
	if a.headers == nil {
		a.headers = map[string]string{}
	}
	a.headers["etag"] = tag
	if negotiate.Has(ifNoneMatch, tag) {
		a.status, a.body, a.encoded = http.StatusNotModified, nil, nil
	}
	return nil
}

// compressFrom is the fewest bytes of a body that are worth compressing: what is shorter
// goes out in a packet or two anyway.
const compressFrom = 4 << 10

// compressors hold some 800 KB each.
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which is a level
	return w
}}

// compress makes a long body go out by gzip, a tenth as long: API Gateway's HTTP APIs
// compress nothing by themselves, and what goes out is paid for. A body with an ETag
// stays as it is, as the tag is of these very bytes.
func (a *answer) compress() {
	if len(a.encoded) < compressFrom || a.tagged {
		return
	}
	var out bytes.Buffer
	w, _ := compressors.Get().(*gzip.Writer) // there is nothing else in it
	defer compressors.Put(w)
	w.Reset(&out)
	_, _ = w.Write(a.encoded) // a buffer takes everything
	_ = w.Close()
	a.gzipped = out.Bytes()
}

// everyAnswer is the headers that every answer carries.
var everyAnswer = map[string]string{
	"cache-control":             "private, no-store",
	"content-security-policy":   "default-src 'none'; frame-ancestors 'none'",
	"referrer-policy":           "no-referrer",
	"strict-transport-security": "max-age=31536000",
	"x-content-type-options":    "nosniff",
}

// response returns the answer as API Gateway takes it (payload format 2.0).
func (a answer) response(requestID string) ([]byte, error) {
	out := struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded,omitzero"`
	}{StatusCode: a.status, Headers: maps.Clone(everyAnswer)}
	out.Headers["x-request-id"] = requestID
	switch {
	case a.gzipped != nil:
		out.Headers["content-encoding"] = "gzip"
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(a.gzipped), true
	case a.encoded != nil:
		out.Body = string(a.encoded) + "\n" // for those who read answers in a terminal
	}
	if a.encoded != nil {
		out.Headers["content-type"] = "application/json"
	}
	maps.Copy(out.Headers, a.headers)
	return encodeJSON(out)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is no HTML, and each escape would be escaped once more
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// fits reports whether an answer may go out with this body.
func fits(body []byte) bool {
	return len(body) <= maxAnswer && len(body)+escapes(body) <= maxPayload
}

// escapes returns how many bytes a body grows by as a JSON string.
func escapes(body []byte) int {
	return bytes.Count(body, []byte{'"'}) + bytes.Count(body, []byte{'\\'})
}
