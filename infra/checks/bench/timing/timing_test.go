package timing

import (
	"errors"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	hundred := make(Times, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, tt := range []struct {
		name  string
		times Times
		q     float64
		want  time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", Times{7}, 0.99, 7},
		{"median", hundred, 0.5, 51},
		{"99th", hundred, 0.99, 100},
		{"lowest", hundred, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.times.Quantile(tt.q); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestInterleaveChangesTheOrder(t *testing.T) {
	var order string
	add := func(name string) func() error {
		return func() error { order += name; return nil }
	}
	times, err := Interleave(3, add("a"), add("b"))
	if err != nil || len(times) != 2 || len(times[0]) != 3 || len(times[1]) != 3 {
		t.Fatalf("%v, %v", times, err)
	}
	if order != "abbaab" {
		t.Errorf("order %s, want abbaab", order)
	}
}

func TestInterleaveEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	runs := 0
	_, err := Interleave(3, func() error { runs++; return broken })
	if !errors.Is(err, broken) || runs != 1 {
		t.Errorf("%v after %d runs", err, runs)
	}
}
