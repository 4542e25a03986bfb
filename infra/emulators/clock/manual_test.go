package clock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"related-ro/infra/emulators/clock"
)

var start = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

func TestAdvanceRunsDueFunctionsInOrder(t *testing.T) {
	m := clock.NewManual(start)
	var ran []string
	note := func(name string) func() {
		return func() { ran = append(ran, name+" at "+m.Now().Sub(start).String()) }
	}
	m.AfterFunc(3*time.Second, note("late"))
	m.AfterFunc(2*time.Second, note("first of two"))
	m.AfterFunc(2*time.Second, note("second of two"))
	m.AfterFunc(time.Second, func() { m.AfterFunc(time.Second/2, note("added on the way")) })

	m.Advance(2 * time.Second)

	want := []string{"added on the way at 1.5s", "first of two at 2s", "second of two at 2s"}
	if !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
	if got := m.Now().Sub(start); got != 2*time.Second {
		t.Errorf("the clock moved by %v, want 2s", got)
	}
}

func TestStopKeepsAFunctionFromRunning(t *testing.T) {
	m := clock.NewManual(start)
	timer := m.AfterFunc(time.Second, func() { t.Error("a stopped function ran") })
	if !timer.Stop() {
		t.Error("the first Stop returned false")
	}
	if timer.Stop() {
		t.Error("the second Stop returned true")
	}
	m.Advance(time.Hour)
}

func TestAwaitTimersReturnsOnceEnoughAreSet(t *testing.T) {
	m := clock.NewManual(start)
	go m.AfterFunc(time.Second, func() {})
	if err := m.AwaitTimers(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestAwaitTimersEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := clock.NewManual(start).AwaitTimers(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled context", err)
	}
}
