// Package clock is the time the local engines live in: the machine's own, or one that a test turns by hand.
package clock

import "time"

// Clock tells the time and runs functions later. It must be safe for concurrent use.
type Clock interface {
	// Now returns the current time.
	Now() time.Time

	// AfterFunc runs f in a goroutine of the clock's choosing once d has passed; at once if d is not positive.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a function that waits to be run.
type Timer interface {
	// Stop keeps the function from running. It returns false if it has run, has started, or was stopped before.
	Stop() bool
}

// System is the machine's clock.
type System struct{}

var _ Clock = System{}

// Now returns time.Now.
func (System) Now() time.Time { return time.Now() }

// AfterFunc runs f in its own goroutine, as time.AfterFunc does.
func (System) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
