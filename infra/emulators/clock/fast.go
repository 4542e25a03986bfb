package clock

import "time"

// Fast is a clock that runs faster than the system clock. With it, a queue's minutes pass in
// seconds without an effect on other parts of the program. Create one with NewFast.
type Fast struct {
	start time.Time
	times int
}

var _ Clock = Fast{}

// NewFast returns a clock that starts at the current time and runs at the given multiple of the
// system clock's speed. It panics unless times is positive.
func NewFast(times int) Fast {
	if times < 1 {
		panic("clock: the speed of a fast clock must be positive")
	}
	return Fast{start: time.Now(), times: times}
}

// Now returns the current time of the clock.
func (f Fast) Now() time.Time { return f.start.Add(time.Since(f.start) * time.Duration(f.times)) }

// AfterFunc runs do in its own goroutine after d, measured by this clock.
func (f Fast) AfterFunc(d time.Duration, do func()) Timer {
	times := time.Duration(f.times)
	return time.AfterFunc((d+times-1)/times, do) // round up so that do never runs early
}
