package clock_test

import (
	"testing"
	"time"

	"related-ro/infra/emulators/clock"
)

func TestFastRunsNothingBeforeItsTime(t *testing.T) {
	fast := clock.NewFast(1000)
	due := fast.Now().Add(time.Minute + time.Nanosecond)
	ran := make(chan time.Time)
	fast.AfterFunc(time.Minute+time.Nanosecond, func() { ran <- fast.Now() })
	if now := <-ran; now.Before(due) {
		t.Errorf("ran %v before its time", due.Sub(now))
	}
}

func TestFastTimerStops(t *testing.T) {
	timer := clock.NewFast(2).AfterFunc(time.Hour, func() { t.Error("ran") })
	if !timer.Stop() {
		t.Error("Stop returned false for a function due in an hour")
	}
}
