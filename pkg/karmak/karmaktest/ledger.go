package karmaktest

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is a recorded request.
type Request struct {
	Time time.Time `json:"time"` // arrival, by the simulator's clock
	Call string    `json:"call"`
	// Account is from the token form or the bearer token. It is empty if unknown.
	Account string      `json:"account,omitempty"`
	User    string      `json:"user,omitempty"`
	Method  string      `json:"method"`
	URL     string      `json:"url"`             // path and query
	Status  int         `json:"status"`          // 0: no answer
	Rows    int         `json:"rows"`            // rows or branches in the answer
	Fault   Kind        `json:"fault,omitempty"` // the fault that struck it
	Header  http.Header `json:"-"`
}

// Counts counts the requests received, including those without an answer. A request is in progress
// until its answer is about to be complete. One that hangs is in progress until the simulator sees
// that its client went away.
type Counts struct {
	Total int            `json:"total"`
	Calls map[string]int `json:"calls"` // by call
	// Accounts counts by account and call. The account "" is unknown.
	Accounts map[string]map[string]int `json:"accounts"`
	// Faults counts the requests that a fault struck, by kind.
	Faults map[Kind]int `json:"faults"`
	// MostAtOnce is the maximum number of requests in progress at the same time, by account.
	MostAtOnce map[string]int `json:"mostAtOnce"`
}

// Lookups returns the number of look-ups in the two views.
func (c Counts) Lookups() int { return c.Calls[CallHeaders] + c.Calls[CallTasks] }

// maxRecorded limits the memory of a soak test. Above it, the oldest tenth of the requests is
// dropped.
const maxRecorded = 10_000

// Requests returns the recorded requests, oldest first. After more than 10,000 requests it returns
// at least the last 9,000.
func (s *Simulator) Requests() []Request {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return slices.Clone(s.ledger.requests)
}

// Counts returns a copy of the counts.
func (s *Simulator) Counts() Counts {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	c := s.ledger.counts
	c.Calls, c.Faults, c.MostAtOnce = maps.Clone(c.Calls), maps.Clone(c.Faults), maps.Clone(c.MostAtOnce)
	c.Accounts = maps.Clone(c.Accounts)
	for account, calls := range c.Accounts {
		c.Accounts[account] = maps.Clone(calls)
	}
	return c
}

// ResetCounts resets the counts and drops the recorded requests.
func (s *Simulator) ResetCounts() { s.ledger.reset() }

// ledger records and counts requests.
type ledger struct {
	mu       sync.Mutex
	requests []Request
	counts   Counts
	running  map[string]int // by account
}

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
	l.counts = Counts{
		Calls:      make(map[string]int),
		Accounts:   make(map[string]map[string]int),
		Faults:     make(map[Kind]int),
		MostAtOnce: make(map[string]int),
	}
	if l.running == nil { // requests in progress outlast a reset
		l.running = make(map[string]int)
	}
}

// enter counts a request that arrived. The caller calls leave when the request is done; further
// calls of leave do nothing.
func (l *ledger) enter(call, account string) (leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Total++
	l.counts.Calls[call]++
	if l.counts.Accounts[account] == nil {
		l.counts.Accounts[account] = make(map[string]int)
	}
	l.counts.Accounts[account][call]++
	l.running[account]++
	l.counts.MostAtOnce[account] = max(l.counts.MostAtOnce[account], l.running[account])
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.running[account]--
	})
}

func (l *ledger) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Fault != "" {
		l.counts.Faults[r.Fault]++
	}
	if len(l.requests) == maxRecorded {
		l.requests = slices.Delete(l.requests, 0, maxRecorded/10)
	}
	l.requests = append(l.requests, r)
}
