package karmak

import (
	"testing"
	"time"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		name, header string
		want         time.Duration
	}{
		{"missing", "", 0},
		{"seconds", "120", 2 * time.Minute},
		{"zero", "0", 0},
		{"padded", " 5 ", 5 * time.Second},
		{"negative", "-5", 0},
		{"a day", "86400", maxRetryAfter},
		{"more than a Duration holds", "9999999999999", maxRetryAfter},
		{"absurd", "99999999999999999999999", maxRetryAfter},
		{"date", "Mon, 23 Nov 2026 12:00:30 GMT", 30 * time.Second},
		{"RFC 850 date", "Monday, 23-Nov-26 12:00:30 GMT", 30 * time.Second},
		{"past date", "Mon, 23 Nov 2026 11:00:00 GMT", 0},
		{"far date", "Mon, 23 Nov 2099 11:00:00 GMT", maxRetryAfter},
		{"neither", "soon", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := retryAfter(test.header, noon()); got != test.want {
				t.Errorf("retryAfter(%q) = %s, want %s", test.header, got, test.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		if d := retryAfter(header, noon()); d < 0 || d > maxRetryAfter {
			t.Errorf("retryAfter(%q) = %s", header, d)
		}
	})
}
