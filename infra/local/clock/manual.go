package clock

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Manual is a clock that stands still until Advance moves it, so that a test can let hours pass at once and still
// see everything happen in order. Create one with NewManual.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	timers  []*manualTimer // by time, then by creation
	changed chan struct{}  // closed and replaced whenever timers changes
}

var _ Clock = (*Manual)(nil)

// NewManual returns a clock that shows start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start, changed: make(chan struct{})}
}

// Now returns the time that the clock was last moved to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc runs f during the Advance that reaches d from now, or during the next one if d is not positive.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{clock: m, at: m.now.Add(max(d, 0)), f: f}
	i, _ := slices.BinarySearchFunc(m.timers, t, func(a, b *manualTimer) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // an equal one came first and stays first
	})
	m.timers = slices.Insert(m.timers, i, t)
	m.announce()
	return t
}

// Advance moves the clock by d, which must not be negative, and runs in order every function that falls due, those
// that are added on the way included. The clock shows each function its own due time. All have returned when
// Advance returns.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := m.now.Add(d)
	for len(m.timers) > 0 && !m.timers[0].at.After(end) {
		t := m.timers[0]
		m.timers = slices.Delete(m.timers, 0, 1)
		m.now = t.at
		m.announce()
		m.mu.Unlock()
		t.f()
		m.mu.Lock()
	}
	m.now = end
}

// AwaitTimers returns when at least n functions wait to be run: a way to know that another goroutine has started to
// wait before the clock is moved. Returns the context's error if that ends first.
func (m *Manual) AwaitTimers(ctx context.Context, n int) error {
	return m.await(ctx, func(set int) bool { return set >= n })
}

// AwaitNoTimers returns when no function waits to be run any more: another goroutine has stopped waiting. Returns
// the context's error if that ends first.
func (m *Manual) AwaitNoTimers(ctx context.Context) error {
	return m.await(ctx, func(set int) bool { return set == 0 })
}

func (m *Manual) await(ctx context.Context, enough func(set int) bool) error {
	for {
		m.mu.Lock()
		set, changed := len(m.timers), m.changed
		m.mu.Unlock()
		if enough(set) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("await timers, %d are set: %w", set, ctx.Err())
		}
	}
}

// announce wakes await. The caller holds the lock.
func (m *Manual) announce() {
	close(m.changed)
	m.changed = make(chan struct{})
}

type manualTimer struct {
	clock *Manual
	at    time.Time
	f     func()
}

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	i := slices.Index(t.clock.timers, t)
	if i < 0 {
		return false
	}
	t.clock.timers = slices.Delete(t.clock.timers, i, i+1)
	t.clock.announce()
	return true
}
