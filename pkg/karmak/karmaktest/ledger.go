package karmaktest

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is one Unity request as recorded. It holds neither the client's secret, nor a subscription key or bearer token.
type Request struct {
	Time    time.Time   `json:"time"` // when it came, by the simulator's clock
	Call    string      `json:"call"`
	Account string      `json:"account,omitempty"` // of the token form or the bearer token; empty when unknown
	User    string      `json:"user,omitempty"`
	Method  string      `json:"method"`
	URL     string      `json:"url"`             // path and query
	Status  int         `json:"status"`          // 0: it got no answer
	Rows    int         `json:"rows"`            // of a look-up's answer, or branches
	Fault   Kind        `json:"fault,omitempty"` // what struck it
	Header  http.Header `json:"-"`               // without Authorization, subscription key and cookies
}

// Counts says how many requests came, those without an answer included. A request is in progress until its answer is about to
// be complete; one that hangs, until the simulator sees that its client went away.
type Counts struct {
	Total      int                       `json:"total"`
	Calls      map[string]int            `json:"calls"`      // by call
	Accounts   map[string]map[string]int `json:"accounts"`   // by account and call; account "" is unknown
	Faults     map[Kind]int              `json:"faults"`     // requests that a fault struck, by kind
	MostAtOnce map[string]int            `json:"mostAtOnce"` // by account: most requests in progress at the same time
}

// Lookups returns the number of look-ups in the two views.
func (c Counts) Lookups() int { return c.Calls[CallHeaders] + c.Calls[CallTasks] }

// maxRecorded bounds the memory of a soak. Past it the oldest tenth goes.
const maxRecorded = 10_000

// Requests returns the recorded requests, oldest first. Of more than 10,000 only the last 9,000 or more are there.
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

// ResetCounts starts counting anew and forgets the recorded requests.
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

// enter counts a request that came. The function it returns says that it is done; calling that again does nothing.
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
