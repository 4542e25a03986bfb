package karmaktest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// faults holds the faults in the order in which they were set. Times and After count down.
type faults struct {
	mu     sync.Mutex
	active []*Fault
	chance *rand.Rand
}

func (fs *faults) set(f Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	same := func(other *Fault) bool {
		return other.Account == f.Account && other.Call == f.Call && other.RO == f.RO && other.Kind == f.Kind && other.Status == f.Status
	}
	if i := slices.IndexFunc(fs.active, same); i >= 0 {
		fs.active[i] = &f
		return
	}
	fs.active = append(fs.active, &f)
}

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.active = nil
}

func (fs *faults) list() []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := make([]Fault, len(fs.active))
	for i, f := range fs.active {
		list[i] = *f
	}
	return list
}

// spent stands for the Times of a fault that has struck as often as it may.
const spent = -1

// effect is the fault that strikes one call, or a zero fault, after a delay. Its kind is Latency if
// the delay is all of it.
type effect struct {
	Fault
	delay time.Duration
}

// draw selects the effect on a call. touches reports whether the call concerns an RO number.
func (fs *faults) draw(account, call string, touches func(ro string) bool) effect {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var e effect
	for _, f := range fs.active {
		matches := (f.Account == "" || f.Account == account) && (f.Call == "" || f.Call == call) && f.Kind.concerns(call) &&
			(f.RO == "" || touches(f.RO))
		if !matches || e.Kind != "" && f.Kind != Latency {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Probability > 0 && fs.chance.Float64() >= f.Probability {
			continue
		}
		e.delay += fs.vary(f.Latency, f.Jitter)
		if f.Kind != Latency {
			e.Fault = *f
		}
		switch {
		case f.Times > 1:
			f.Times--
		case f.Times == 1:
			f.Times = spent
		}
	}
	if e.Kind == "" && e.delay > 0 {
		e.Kind = Latency
	}
	fs.active = slices.DeleteFunc(fs.active, func(f *Fault) bool { return f.Times == spent })
	return e
}

func (fs *faults) vary(latency, jitter time.Duration) time.Duration {
	if jitter > 0 {
		latency += time.Duration(fs.chance.Int64N(2*int64(jitter)+1)) - jitter
	}
	return max(latency, 0)
}

// wait waits for the delay. It returns false if the client goes away first.
func (e effect) wait(ctx context.Context) bool {
	if e.delay <= 0 {
		return true
	}
	timer := time.NewTimer(e.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
