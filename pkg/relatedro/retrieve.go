package relatedro

import (
	"cmp"
	"context"
	"time"
)

// Limits of a retrieval that people notice.
const (
	// UnknownROGrace is how long after an event its RO may still be unknown to the DMS: the export
	// to the DMS takes time.
	UnknownROGrace = time.Hour
	// NotActivatedGrace is how long a DMS must keep refusing an account before the refusal is
	// final: a firewall or a restart may also refuse for a moment. It counts from the first
	// refusal, not from the event. Otherwise the first refusal of a message that had waited for the
	// dealer's server would be final.
	NotActivatedGrace = time.Hour
	// GiveUpAfter is the age of a message at which the next failure is final. GiveUpAwayAfter
	// replaces it while the dealer's server is unreachable, which may be from Friday evening to
	// Monday morning.
	GiveUpAfter     = 24 * time.Hour
	GiveUpAwayAfter = 4 * 24 * time.Hour
	// TombstoneLife is how long a deletion keeps late events from restoring a case. It exceeds the
	// longest life of an event: 14 days in a queue and 14 more in its dead-letter queue.
	TombstoneLife = 30 * 24 * time.Hour
	// GroupBudget is the time limit for fetching the cases of one connection; the rest are retried
	// later. It allows for four sequential look-ups that each take as long as the DMS client
	// permits.
	GroupBudget = 40 * time.Second
)

const (
	rounds         = 3  // a case that changed concurrently is processed up to twice more
	accountsAtOnce = 50 // accounts queried in parallel; a batch has at most 50 messages
	savesAtOnce    = 16 // parallel case writes in one invocation
)

// Retriever turns events into stored related ROs. It is safe for concurrent use.
type Retriever struct {
	// Retention is how long a case is kept after its last event; 0 means forever. Set it before the
	// first use.
	Retention time.Duration

	store  CaseStore
	dms    DMS
	turns  turns
	memory *SettingsMemory
	now    func() time.Time
	saving chan struct{}
}

// NewRetriever returns a Retriever that reads the clock from now.
func NewRetriever(store CaseStore, dms DMS, now func() time.Time) *Retriever {
	return &Retriever{
		store: store, dms: dms, turns: turns{store, now}, memory: NewSettingsMemory(now), now: now,
		saving: make(chan struct{}, savesAtOnce),
	}
}

// Retrieve processes deliveries and returns their Results in the same order. It never fails as a
// whole: each failure affects only its own deliveries. It stops querying the DMS early enough to
// save before ctx's deadline; deliveries that it did not reach get Retry with OutOfTime.
func (r *Retriever) Retrieve(ctx context.Context, deliveries []Delivery) []Result {
	tasks := tasksOf(deliveries)
	pending := tasks
	for range rounds {
		pending = r.round(ctx, pending)
	}
	for _, t := range pending {
		t.end(retryFor(&Failure{Reason: Conflict}))
	}
	results := make([]Result, len(deliveries))
	for _, t := range tasks {
		t.collect(results)
	}
	return results
}

// round takes every task through read, decide, fetch and save, and returns the tasks that a
// concurrent change sent back to the start.
func (r *Retriever) round(ctx context.Context, tasks []*task) (again []*task) {
	if len(tasks) == 0 {
		return nil
	}
	connections := grouped(r.read(ctx, tasks), (*task).connection)
	accounts := grouped(connections, func(tasks []*task) string { return tasks[0].connection().Account })
	// An account takes one request at a time.
	inParallel(accounts, accountsAtOnce, func(connections [][]*task) {
		for _, tasks := range connections {
			r.work(ctx, tasks)
		}
	})
	for _, t := range tasks {
		if t.again {
			again = append(again, t)
		}
	}
	return again
}

// read loads the tasks' stored cases and settings and decides. It returns the tasks that it could
// read and ends the others with a Retry: an unreadable item keeps failing until a person repairs
// it. Only enabled settings may come from memory.
func (r *Retriever) read(ctx context.Context, tasks []*task) (read []*task) {
	known := make(map[string]Settings)
	var keys Keys
	for _, t := range tasks {
		keys.Cases = append(keys.Cases, t.key)
		if s, ok := r.memory.Get(t.key.Location); ok {
			known[t.key.Location] = s
		} else {
			keys.Locations = append(keys.Locations, t.key.Location)
		}
	}
	loaded, failed := r.store.Load(ctx, keys)
	for location, s := range loaded.Settings {
		known[location] = s
		r.memory.Put(s)
	}
	for _, t := range tasks {
		t.again = false
		if err := cmp.Or(failed, loaded.readable(t.key)); err != nil {
			t.end(retryFor(asFailure(err, StoreUnavailable)))
			continue
		}
		t.settings = known[t.key.Location]
		t.stored = loaded.Cases[t.key]
		t.stored.Key = t.key
		t.decision = Decide(t.stored, t.settings.Connection, r.now(), t.events())
		read = append(read, t)
	}
	return read
}

// work ends the tasks of one connection: first those without a fetch, then the others, which share
// one.
func (r *Retriever) work(ctx context.Context, tasks []*task) {
	var fetching, others []*task
	for _, t := range tasks {
		if t.settings.Enabled() && t.decision.Fetch != nil {
			fetching = append(fetching, t)
		} else {
			others = append(others, t)
		}
	}
	inParallel(others, savesAtOnce, func(t *task) {
		if t.settings.Enabled() {
			r.skip(ctx, t)
		} else {
			r.disable(ctx, t)
		}
	})
	if len(fetching) > 0 {
		r.fetch(ctx, fetching[0].connection(), fetching)
	}
}
