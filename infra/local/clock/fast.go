package clock

import "time"

// Fast is the machine's clock run faster from some moment on: a queue's minutes pass in seconds while everything around
// it keeps its own time. Create one with NewFast.
type Fast struct {
	start time.Time
	times int
}

var _ Clock = Fast{}

// NewFast returns a clock that shows the time now and runs so many times as fast as the machine's. It panics unless times
// is positive.
func NewFast(times int) Fast {
	if times < 1 {
		panic("clock: a fast clock must run forwards")
	}
	return Fast{start: time.Now(), times: times}
}

// Now returns the time that the clock shows.
func (f Fast) Now() time.Time { return f.start.Add(time.Since(f.start) * time.Duration(f.times)) }

// AfterFunc runs do in its own goroutine once d has passed by this clock.
func (f Fast) AfterFunc(d time.Duration, do func()) Timer {
	times := time.Duration(f.times)
	return time.AfterFunc((d+times-1)/times, do) // rounded up: never before its time
}
