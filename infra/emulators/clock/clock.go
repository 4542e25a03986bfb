// Package clock provides the time for the local engines: the system clock, a faster one, or one
// that a test controls.
package clock

import "time"

// Clock returns the current time and schedules functions. It must be safe for concurrent use.
type Clock interface {
	// Now returns the current time.
	Now() time.Time

	// AfterFunc calls f after d, in a goroutine chosen by the clock, or as soon as possible if d is
	// not positive.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a scheduled function.
type Timer interface {
	// Stop cancels the function. It returns false if the function has already started or been
	// stopped.
	Stop() bool
}

// System is the system clock.
type System struct{}

var _ Clock = System{}

// Now returns time.Now.
func (System) Now() time.Time { return time.Now() }

// AfterFunc runs f in its own goroutine, as time.AfterFunc does.
func (System) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
