package gateway

import (
	"sync"
	"time"
)

// throttle is a token bucket, as in API Gateway: it allows burst requests at once and refills at
// rate tokens per second.
type throttle struct {
	rate, burst float64
	now         func() time.Time

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

// newThrottle returns a full bucket; a bucket without rate or burst allows every request.
func newThrottle(rate float64, burst int, now func() time.Time) *throttle {
	return &throttle{rate: rate, burst: float64(burst), now: now, tokens: float64(burst), last: now()}
}

func (t *throttle) allow() bool {
	if t.rate == 0 || t.burst == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.tokens = min(t.burst, t.tokens+now.Sub(t.last).Seconds()*t.rate)
	t.last = now
	if t.tokens < 1 {
		return false
	}
	t.tokens--
	return true
}
