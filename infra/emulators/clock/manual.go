package clock

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Manual is a clock that stands still until Advance moves it. With it, a test can let hours pass at
// once and observe events in order. Create one with NewManual.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	timers  []*manualTimer // by due time, then by creation
	changed chan struct{}  // closed and replaced when timers changes
}

var _ Clock = (*Manual)(nil)

// NewManual returns a clock that is set to start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start, changed: make(chan struct{})}
}

// Now returns the time to which the clock was last moved.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc runs f during the Advance that reaches d from now. If d is not positive, f runs during
// the next Advance.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{clock: m, at: m.now.Add(max(d, 0)), f: f}
	i, _ := slices.BinarySearchFunc(m.timers, t, func(a, b *manualTimer) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // equal timers keep their order of creation
	})
	m.timers = slices.Insert(m.timers, i, t)
	m.announce()
	return t
}

// Advance moves the clock by d, which must not be negative, and runs all functions that fall due in
// order of time, including those added meanwhile. While a function runs, the clock shows its due
// time. Advance returns after all of them have returned.
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

// AwaitTimers waits until at least n functions are scheduled. A test uses it to know that another
// goroutine has started to wait before it moves the clock. It returns an error that wraps ctx.Err()
// if the context ends first.
func (m *Manual) AwaitTimers(ctx context.Context, n int) error {
	return m.await(ctx, func(set int) bool { return set >= n })
}

// AwaitNoTimers waits until no function is scheduled, that is, until other goroutines have stopped
// waiting. It returns an error that wraps ctx.Err() if the context ends first.
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
			return fmt.Errorf("wait for timers (%d are set): %w", set, ctx.Err())
		}
	}
}

// announce wakes up await. The caller must hold the lock.
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
