package karmak

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what Retry-After can ask for: the time after which a message
// must be looked at again in any case.
const maxRetryAfter = 12 * time.Hour

// retryAfter reads a Retry-After header, seconds or an HTTP date, as the time to wait
// from now. It is 0 for a header that is missing, in the past or neither.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.Atoi(header)
		if err != nil || seconds > int(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}
