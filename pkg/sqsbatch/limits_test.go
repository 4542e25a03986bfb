package sqsbatch

import (
	"maps"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func TestRetryDelayGrowsWithTheTimeOfTrying(t *testing.T) {
	asked, refused := &relatedro.Failure{}, &relatedro.Failure{NotAsked: true}
	after := func(wait time.Duration) *relatedro.Failure { return &relatedro.Failure{RetryAfter: wait} }
	for _, tt := range []struct {
		name        string
		failure     *relatedro.Failure
		tried       time.Duration
		least, most time.Duration
	}{
		{"first", asked, 0, 7500 * time.Millisecond, 10 * time.Second},
		{"a clock that has jumped back", asked, -time.Hour, 7500 * time.Millisecond, 10 * time.Second},
		{"after a minute", asked, time.Minute, 45 * time.Second, time.Minute},
		{"after an hour", asked, time.Hour, 675 * time.Second, 15 * time.Minute},
		{"after half a day", asked, 12 * time.Hour, 1350 * time.Second, 30 * time.Minute},
		{"on the second day", asked, 25 * time.Hour, 45 * time.Minute, time.Hour},
		{"on the fourth day", asked, 90 * time.Hour, 45 * time.Minute, time.Hour},
		{"nothing asked, first", refused, 0, 3 * time.Second, 4 * time.Second},
		{"nothing asked, after ten minutes", refused, 10 * time.Minute, 56250 * time.Millisecond, 75 * time.Second},
		{"nothing asked until a circuit may be tried", &relatedro.Failure{NotAsked: true, RetryAfter: 27 * time.Second}, time.Minute,
			27 * time.Second, 27 * time.Second},
		{"Retry-After is longer", after(time.Hour), 0, time.Hour, time.Hour},
		{"Retry-After is shorter", after(time.Second), time.Minute, 45 * time.Second, time.Minute},
		{"Retry-After is longer than SQS keeps a message invisible", after(48 * time.Hour), 0, 11 * time.Hour,
			12*time.Hour - 15*time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[time.Duration]bool{}
			for range 100 {
				d := retryDelay(tt.failure, noon.Add(-tt.tried), noon)
				if d < tt.least || d > tt.most {
					t.Fatalf("%v, want %v to %v", d, tt.least, tt.most)
				}
				seen[d] = true
			}
			if tt.failure.RetryAfter < tt.least && len(seen) < 2 {
				t.Error("the delay is constant: messages that failed together would return together")
			}
		})
	}
}

// Messages that share look-ups must come back in the same batch, no matter when each of them failed.
func TestMessagesOfABusyAccountReturnTogether(t *testing.T) {
	for _, tt := range []struct {
		name     string
		slow     bool
		tried    time.Duration
		interval time.Duration
	}{
		{"a DMS that answers soon", false, time.Second, 4 * time.Second},
		{"a slow DMS", true, time.Second, 16 * time.Second},
		{"after two minutes", false, 2 * time.Minute, 16 * time.Second},
		{"after an hour", true, time.Hour, 512 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			moments := map[string]map[time.Duration]bool{"4711": {}, "4712": {}}
			for account, seen := range moments {
				for step := range 60 {
					now := noon.Add(time.Duration(step) * 170 * time.Millisecond)
					d := retryDelay(&relatedro.Failure{NotAsked: true, Busy: &relatedro.Busy{Account: account, Slow: tt.slow}},
						now.Add(-tt.tried), now)
					if d < time.Second || d >= tt.interval+time.Second {
						t.Fatalf("%v, want 1 s to %v more", d, tt.interval)
					}
					seen[now.Add(d).Sub(noon)%tt.interval] = true
				}
				if len(seen) != 1 {
					t.Errorf("account %s: moments %v after a multiple of %v, want one", account, seen, tt.interval)
				}
			}
			if maps.Equal(moments["4711"], moments["4712"]) {
				t.Error("two accounts return at the same moments")
			}
		})
	}
}

// SQS moves a message to the dead-letter queue after 200 receives, without a reason.
func TestMessageIsGivenUpBeforeSQSTakesItAway(t *testing.T) {
	for share, name := range []string{"always asked", "every other time", "two of three times", "never asked", "always busy"} {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				receives := 0
				for tried := time.Duration(0); tried < relatedro.GiveUpAwayAfter; receives++ {
					refused := share >= 3 || share > 0 && receives%(share+1) > 0
					failure := &relatedro.Failure{NotAsked: refused}
					if share == 4 {
						failure.Busy = &relatedro.Busy{Account: "4711"}
					}
					tried += retryDelay(failure, noon, noon.Add(tried))
				}
				if receives >= 195 {
					t.Fatalf("%d receives in %v", receives, relatedro.GiveUpAwayAfter)
				}
			}
		})
	}
}

func TestCleanTextFitsAnAttribute(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"ordinary", "roNumber must be given\n", "roNumber must be given\n"},
		{"empty", "", "no details"},
		{"control characters", "a\x00b\x1b", "a\uFFFDb\uFFFD"},
		{"noncharacters", "a\uFFFE\uFFFF", "a\uFFFD\uFFFD"},
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
