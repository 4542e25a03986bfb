// Package negotiate reads the request headers that negotiate an answer's encoding and its validity
// in the client's cache (RFC 9110).
package negotiate

import "strings"

// Gzip reports whether an Accept-Encoding header accepts gzip (section 12.5.3). An empty header
// accepts no coding.
func Gzip(acceptEncoding string) bool {
	accepted := false
	for item := range strings.SplitSeq(acceptEncoding, ",") {
		coding, params, _ := strings.Cut(item, ";")
		refused := false
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			refused = strings.Trim(q, "0.") == ""
		}
		switch strings.TrimSpace(strings.ToLower(coding)) {
		case "gzip":
			return !refused
		case "*":
			accepted = !refused
		}
	}
	return accepted
}

// Has reports whether an If-None-Match header matches the ETag by weak comparison (section 13.1.2).
func Has(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || tag != "" && strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
