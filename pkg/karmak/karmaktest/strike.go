package karmaktest

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// turnedAway returns the answer of a fault that strikes at Unity's front, before the call is
// examined. It returns false for other faults.
func turnedAway(f Fault, now time.Time) (response, bool) {
	switch f.Kind {
	case Hang, Reset:
		return response{}, true
	case RateLimited:
		return retryAfter(message(http.StatusTooManyRequests, "Rate limit is exceeded. Try again later."), f, now), true
	case StatusError:
		status := cmp.Or(f.Status, http.StatusInternalServerError)
		text := cmp.Or(statusTexts[status], http.StatusText(status), "unknown error")
		return retryAfter(message(status, "%s", text), f, now), true
	}
	return response{}, false
}

// statusTexts holds Karmak's meaning, in short, of the response codes that HTTP has no text for, or
// that concern the dealer's system.
var statusTexts = map[int]string{
	http.StatusRequestTimeout:      "The request timed out in Fusion.",
	http.StatusInternalServerError: "Fusion answered with an error.",
	http.StatusBadGateway:          "The Fusion instance gave a bad answer.",
	http.StatusGatewayTimeout:      "The Fusion instance did not answer in time.",
	515:                            "SQL Server error.",
}

func retryAfter(a response, f Fault, now time.Time) response {
	value := f.RetryAfter
	if ahead, ok := strings.CutPrefix(value, "+"); ok {
		if d, err := time.ParseDuration(ahead); err == nil {
			value = now.Add(d).UTC().Format(http.TimeFormat)
		}
	}
	if value != "" {
		a.header.Set("Retry-After", value)
	}
	return a
}

// oversize exceeds the 8 MiB that a client must accept.
const oversize = 9 << 20

// distort applies a fault of the answer's content.
func distort(a response, fault Kind) response {
	switch fault {
	case Truncated:
		a.body = a.body[:len(a.body)/2]
	case WrongJSON:
		a.body = fmt.Appendf(nil, `{"value":%s}`, a.body)
	case NotOnlyGUID:
		a = jsonResponse(http.StatusOK, struct{ ProcessGUID, Message string }{processGUID(), "The request was queued."})
	case HTML:
		a = response{
			status: http.StatusOK,
			header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			body:   []byte("<!DOCTYPE html><title>Karmak</title><p>The service is being updated.\n"),
		}
	case Oversized:
		// White space keeps the answer correct except for its length.
		a.body = append(bytes.Repeat([]byte(" "), oversize), a.body...)
	}
	return a
}
