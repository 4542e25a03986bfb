// Package negotiate reads the headers by which a browser says what it can take, and what it has already (RFC 9110).
package negotiate

import "strings"

// Gzip reports whether an Accept-Encoding header takes gzip (section 12.5.3). An empty one takes nothing.
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

// Has reports whether an If-None-Match header names the ETag, compared weakly (section 13.1.2).
func Has(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || tag != "" && strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
