package sqsbatch

import (
	"strings"
	"testing"
	"time"
)

func TestRetryDelayGrowsWithReceives(t *testing.T) {
	for _, tt := range []struct {
		name        string
		receives    int
		retryAfter  time.Duration
		least, most time.Duration
	}{
		{"first", 1, 0, 10 * time.Second, 20 * time.Second},
		{"unknown counts as first", 0, 0, 10 * time.Second, 20 * time.Second},
		{"second", 2, 0, 20 * time.Second, 40 * time.Second},
		{"sixth", 6, 0, 320 * time.Second, 640 * time.Second},
		{"seventh", 7, 0, 450 * time.Second, 15 * time.Minute},
		{"last before SQS moves it away", 200, 0, 450 * time.Second, 15 * time.Minute},
		{"Retry-After is longer", 1, time.Hour, time.Hour, time.Hour},
		{"Retry-After is shorter", 3, time.Second, 40 * time.Second, 80 * time.Second},
		{"Retry-After is longer than SQS keeps a message invisible", 1, 48 * time.Hour, 11 * time.Hour, 12*time.Hour - 15*time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[time.Duration]bool{}
			for range 100 {
				d := retryDelay(tt.receives, tt.retryAfter)
				if d < tt.least || d > tt.most {
					t.Fatalf("%v, want %v to %v", d, tt.least, tt.most)
				}
				seen[d] = true
			}
			if tt.retryAfter < tt.least && len(seen) < 2 {
				t.Error("always the same: messages that failed together return together")
			}
		})
	}
}

func TestTurnDelayIsOfSeconds(t *testing.T) {
	for receives, most := range map[int]time.Duration{0: 4 * time.Second, 1: 4 * time.Second, 2: 8 * time.Second, 200: 30 * time.Second} {
		for range 100 {
			if d := turnDelay(receives); d < most/2 || d > most {
				t.Fatalf("%v after %d receives, want %v at most and half of it at least", d, receives, most)
			}
		}
	}
}

func TestCleanTextFitsAnAttribute(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"ordinary", "roNumber must be given\n", "roNumber must be given\n"},
		{"empty", "", "no details"},
		{"control characters", "a\x00b\x1b", "a\uFFFDb\uFFFD"},
		{"no character", "a\uFFFE\uFFFF", "a\uFFFD\uFFFD"},
		{"not UTF-8", "a\xff", "a\uFFFD"},
		{"beyond the basic plane", "🚚", "🚚"},
		{"too long", strings.Repeat("x", 2000), strings.Repeat("x", 1024)},
		{"too long, cut within a character", "x" + strings.Repeat("ö", 1000), "x" + strings.Repeat("ö", 511)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := cleanText(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
