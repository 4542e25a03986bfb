package dynamo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/relatedro"
)

func refreshOf(id string) relatedro.Occasion {
	return relatedro.Occasion{Kind: relatedro.RefreshOccasion, Location: "loc-100", Case: id}
}

func TestTakeOccasion(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration // between the first and the second claim
		wait  time.Duration // 0 means granted
	}{
		{"at the same moment", 0, time.Minute},
		{"too soon", 20 * time.Second, 40 * time.Second},
		{"a nanosecond too soon", time.Minute - 1, 1},
		{"a period later", time.Minute, 0},
		{"by a clock a little behind", -10 * time.Second, time.Minute},
		{"after a clock far ahead", -time.Hour, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, occasion := newStore(t), refreshOf("case-1")
			for _, other := range []relatedro.Occasion{
				occasion, refreshOf("case-2"), {Kind: relatedro.RefreshOccasion, Location: "loc-200", Case: "case-1"},
				{Kind: relatedro.VerifyOccasion, Location: "loc-100"},
			} {
				if holder, _, err := s.TakeOccasion(t.Context(), other, "first", noon, time.Minute); holder != "first" || err != nil {
					t.Fatalf("claim of %s: holder %q, error %v", other, holder, err)
				}
			}
			holder, wait, err := s.TakeOccasion(t.Context(), occasion, "second", noon.Add(tt.after), time.Minute)
			want := map[bool]string{true: "first", false: "second"}[tt.wait > 0]
			if holder != want || wait != tt.wait || err != nil {
				t.Errorf("not finished: holder %q, wait %v, error %v", holder, wait, err)
			}
			if err := s.FinishOccasion(t.Context(), occasion, "first", noon.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			holder, wait, err = s.TakeOccasion(t.Context(), occasion, "third", noon.Add(tt.after), time.Minute)
			switch {
			case tt.wait > 0 && (holder != "" || wait != tt.wait || !errors.Is(err, relatedro.ErrTooSoon)):
				t.Errorf("finished: holder %q, wait %v, error %v", holder, wait, err)
			case tt.wait == 0 && (holder != "second" || err != nil): // first no longer had it
				t.Errorf("finished by a former holder: holder %q, wait %v, error %v", holder, wait, err)
			}
		})
	}
}

func TestFinishingFreesAnOccasion(t *testing.T) {
	s, occasion := newStore(t), relatedro.Occasion{Kind: relatedro.EnableOccasion, Location: "loc-100"}
	for _, id := range []string{"first", "second"} {
		if holder, _, err := s.TakeOccasion(t.Context(), occasion, id, noon, time.Minute); holder != id || err != nil {
			t.Errorf("claim by %s: holder %q, error %v", id, holder, err)
		}
		if err := s.FinishOccasion(t.Context(), occasion, id, noon); err != nil {
			t.Error(err)
		}
	}
}

// TestTakingWhoseAnswerIsLost loses the response to a successful claim, so that the SDK sends the
// claim again.
func TestTakingWhoseAnswerIsLost(t *testing.T) {
	s := newStore(t)
	server.Faults(t, times(1, "PutItem", dynamodbengine.AnswerLost()))
	if holder, _, err := s.TakeOccasion(t.Context(), refreshOf("case-1"), "mine", noon, time.Minute); holder != "mine" || err != nil {
		t.Errorf("holder %q, error %v, want mine", holder, err)
	}
}

func TestTakingWithoutOldItem(t *testing.T) {
	s, occasion := newStore(t), refreshOf("case-1")
	if _, _, err := s.TakeOccasion(t.Context(), occasion, "first", noon, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishOccasion(t.Context(), occasion, "first", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	server.Faults(t, times(1, "PutItem", &dynamodbengine.Fault{Err: &dynamodbengine.Error{Status: 400,
		Code: "ConditionalCheckFailedException"}}))
	_, wait, err := s.TakeOccasion(t.Context(), occasion, "second", noon.Add(time.Second), time.Minute)
	if wait != 59*time.Second || !errors.Is(err, relatedro.ErrTooSoon) {
		t.Errorf("wait %v, error %v, want 59s and ErrTooSoon", wait, err)
	}
}

func TestTakingTransient(t *testing.T) {
	s := newStore(t)
	server.Faults(t, times(1000, "PutItem", dynamodbengine.Throttled()))
	if _, _, err := s.TakeOccasion(t.Context(), refreshOf("case-1"), "id", noon, time.Minute); err == nil ||
		errors.Is(err, relatedro.ErrTooSoon) {
		t.Errorf("error %v, want one other than ErrTooSoon", err)
	}
}

func TestCountAsk(t *testing.T) {
	s := newStore(t)
	now := noon.Truncate(time.Minute).Add(20 * time.Second)
	for i := range 3 {
		if _, err := s.CountAsk(t.Context(), "ann", now, 3); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if wait, err := s.CountAsk(t.Context(), "ann", now, 3); wait != 40*time.Second || !errors.Is(err, relatedro.ErrTooSoon) {
		t.Errorf("one request over the limit: wait %v, error %v, want 40s and ErrTooSoon", wait, err)
	}
	for _, subject := range []string{"bob", "", "ann ", strings.Repeat("x", 5000)} {
		if _, err := s.CountAsk(t.Context(), subject, now, 3); err != nil {
			t.Errorf("subject %.10q: %v", subject, err)
		}
	}
	if _, err := s.CountAsk(t.Context(), "ann", now.Add(40*time.Second), 3); err != nil {
		t.Errorf("request in the next minute: %v", err)
	}
}
