package relatedro

import (
	"context"
	"slices"
	"sync"
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

// Delivery is one event as a queue delivered it.
type Delivery struct {
	Event  Event
	SentAt time.Time // when the queue accepted it
}

// Verdict is the action to take on a delivery.
type Verdict int

// The verdicts.
const (
	Done     Verdict = iota // acknowledge
	TryAgain                // redeliver later, no earlier than Failure.RetryAfter
	GiveUp                  // set aside for a person, with Failure's reason
)

// Settlement is the end of a delivery as logs and metrics report it.
type Settlement string

// The settlements.
const (
	SettledOK       Settlement = "ok"       // fetched and stored
	SettledSkipped  Settlement = "skipped"  // done by a newer event or an earlier run of this one
	SettledDisabled Settlement = "disabled" // the location is not enabled
	SettledRetrying Settlement = "retrying" // failed, will be retried
	SettledWaiting  Settlement = "waiting"  // another function has the lease; retried in seconds
	SettledFailed   Settlement = "failed"   // failed permanently
	SettledGaveUp   Settlement = "gave_up"  // failed for too long
)

// Result describes how one delivery ended.
type Result struct {
	Verdict    Verdict
	Settlement Settlement
	Failure    *Failure // cause of the failure; nil on success
	Message    string   // explanation of the failure for people
	Related    int      // number of related ROs found; SettledOK only
}

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
	return &Retriever{store: store, dms: dms, turns: turns{store, now}, memory: NewSettingsMemory(now), now: now, saving: make(chan struct{}, savesAtOnce)}
}

// Retrieve processes deliveries and returns their Results in the same order. It never fails as a
// whole: each failure affects only its own deliveries. It stops querying the DMS early enough to
// save before ctx's deadline; deliveries that it did not reach get TryAgain with OutOfTime.
func (r *Retriever) Retrieve(ctx context.Context, deliveries []Delivery) []Result {
	results := make([]Result, len(deliveries))
	pending := tasksOf(deliveries, results)
	for range rounds {
		pending = r.round(ctx, pending)
	}
	for _, t := range pending {
		t.all(Result{Verdict: TryAgain, Settlement: SettledRetrying, Failure: &Failure{Reason: Conflict}})
	}
	return results
}

// round takes every task through read, decide, ask and write, and returns the tasks that a
// concurrent change sent back to the start.
func (r *Retriever) round(ctx context.Context, tasks []*task) (again []*task) {
	if len(tasks) == 0 {
		return nil
	}
	if err := r.read(ctx, tasks); err != nil {
		for _, t := range tasks {
			t.all(retryFor(asFailure(err, StoreUnavailable)))
		}
		return nil
	}
	inParallel(byAccount(groups(readable(tasks))), accountsAtOnce, func(gs []group) {
		for _, g := range gs {
			r.work(ctx, g)
		}
	})
	return slices.DeleteFunc(tasks, func(t *task) bool { return !t.again })
}

// read loads the tasks' stored cases and settings. Only enabled settings may come from memory.
func (r *Retriever) read(ctx context.Context, tasks []*task) error {
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
	loaded, err := r.store.Load(ctx, keys)
	if err != nil {
		return err
	}
	for location, s := range loaded.Settings {
		known[location] = s
		r.memory.Put(s)
	}
	for _, t := range tasks {
		t.again = false
		t.unreadable = loaded.readable(t.key)
		t.settings = known[t.key.Location]
		t.stored = loaded.Cases[t.key]
		t.stored.Key = t.key
		t.decision = Decide(t.stored, t.settings.Connection, r.now(), t.events())
	}
	return nil
}

// work settles a group. It settles tasks without a fetch first; the others share one fetch.
func (r *Retriever) work(ctx context.Context, g group) {
	if !g.enabled {
		inParallel(g.tasks, savesAtOnce, func(t *task) { r.disable(ctx, t) })
		return
	}
	fetching := slices.DeleteFunc(slices.Clone(g.tasks), func(t *task) bool { return t.decision.Fetch == nil })
	inParallel(g.tasks, savesAtOnce, func(t *task) {
		if t.decision.Fetch == nil {
			r.skip(ctx, t)
		}
	})
	if len(fetching) > 0 {
		r.fetch(ctx, g.over, fetching)
	}
}

// disable acknowledges the events of a location that is not enabled. It ends a retrieval that one
// of these events left in retrying. A deletion is carried out even here.
func (r *Retriever) disable(ctx context.Context, t *task) {
	if t.decision.Case.Deleted() {
		r.skip(ctx, t)
		return
	}
	ev := t.leftRetrying()
	if ev == nil || r.save(ctx, t, t.stored.Failed(*ev, OutcomeFailed, LocationDisabled, LocationDisabled.Sentence(), r.now())) {
		t.all(Result{Verdict: Done, Settlement: SettledDisabled})
	}
}

// skip settles a task that has nothing to fetch. It saves the facts of the task's events, a
// deletion included.
func (r *Retriever) skip(ctx context.Context, t *task) {
	if !t.decision.Changed || r.save(ctx, t, t.decision.Case) {
		t.all(Result{Verdict: Done, Settlement: SettledSkipped})
	}
}

// fetch queries the DMS for the tasks' families over one connection and settles the tasks.
func (r *Retriever) fetch(ctx context.Context, over Connection, tasks []*task) {
	if !inTime(ctx) {
		for _, t := range tasks {
			t.all(retryFor(&Failure{Reason: OutOfTime, NotAsked: true}))
		}
		return
	}
	reserved, cancel := WithReserve(ctx, 5, 3*time.Second) // leaves time to save the result
	defer cancel()
	asking, cancel := context.WithTimeout(reserved, GroupBudget)
	defer cancel()
	var at time.Time
	var families map[string]Family
	var expected map[string][]Expected
	var err error
	notAsked := r.turns.alone(asking, over.Account, rankOf(tasks, r.now()), func(ctx context.Context) {
		at = r.now()
		if families, err = r.dms.Families(ctx, over, originals(tasks), known(tasks)...); err != nil && ctx.Err() != nil {
			err = &Failure{Reason: OutOfTime, Err: err} // overrides any error of the DMS
		}
		if err == nil {
			expected = r.expected(ctx, over, tasks, families)
		}
	})
	if notAsked != nil {
		for _, t := range tasks {
			t.all(waiting(asFailure(notAsked, StoreUnavailable)))
		}
		return
	}
	tasks, unread := r.stillOver(ctx, over, tasks)
	if unread != nil {
		// Without the settings, the answer may belong to a former connection.
		err = unread
	}
	inParallel(tasks, savesAtOnce, func(t *task) {
		family := families[t.decision.Case.RO]
		switch {
		case err != nil:
			r.fail(ctx, t, asFailure(err, Unreachable))
		case family.Failure != nil:
			r.fail(ctx, t, family.Failure)
		default:
			family.Expected = t.expected(expected, family.Billed, over)
			r.succeed(ctx, t, family, over, at)
		}
	})
}

// stillOver reads the tasks' settings again and returns the tasks whose location is still enabled
// and still reads over the connection. The others start again: their answer, or their failure, may
// belong to another account.
func (r *Retriever) stillOver(ctx context.Context, over Connection, tasks []*task) ([]*task, error) {
	loaded, err := r.store.Load(ctx, Keys{Locations: locations(tasks)})
	if err != nil {
		return tasks, asFailure(err, StoreUnavailable)
	}
	for _, s := range loaded.Settings {
		r.memory.Put(s)
	}
	var still []*task
	for _, t := range tasks {
		if s := loaded.Settings[t.key.Location]; s.Enabled() && s.Connection == over {
			still = append(still, t)
		} else {
			t.again = true
		}
	}
	return still, nil
}

// succeed settles a task whose family was found at the given time. A follow refresh that finds no
// change writes nothing.
func (r *Retriever) succeed(ctx context.Context, t *task, family Family, over Connection, at time.Time) {
	next := t.known(over).Retrieved(*t.decision.Fetch, family, over, at)
	unchanged := t.decision.Fetch.Cause == TriggerFollow && !t.decision.Changed && next.listEquals(t.stored) && !t.stored.Unindexed
	if unchanged || r.save(ctx, t, next) {
		t.fetched(Result{Verdict: Done, Settlement: SettledOK, Related: len(family.Related)})
	}
}

// fail settles a task whose retrieval failed, to be retried or for good. An older event's failure
// does not mark a list that a refresh has fetched since. A case known only from a refresh is
// neither stored nor set aside, because anyone with permission to refresh can invent one.
func (r *Retriever) fail(ctx context.Context, t *task, f *Failure) {
	ev, now := *t.decision.Fetch, r.now()
	next := t.decision.Case
	outcome, result := judge(t.latestOf(ev), f, next.Retrieval.failingSince(ev, f.Reason, now), now)
	result.Message = r.dms.Sentence(t.settings.Connection, f.Reason)
	if t.invented() {
		if f.Reason == RONotFound || f.Reason == NotActivated || result.Verdict == GiveUp {
			result = Result{Verdict: Done, Settlement: SettledFailed, Failure: f}
		}
		t.fetched(result)
		return
	}
	if !t.overtaken(now) {
		next = next.Failed(ev, outcome, f.Reason, result.Message, now)
	}
	// A retry writes nothing if the case already shows this failure. Giving up always writes, and
	// the write fails if another run of the event has succeeded meanwhile.
	said := result.Verdict == TryAgain && !t.decision.Changed && next.Retrieval == t.stored.Retrieval
	if said || r.save(ctx, t, next) {
		t.fetched(result)
	}
}

// judge decides whether a failed delivery is retried. since is when the case's retrievals began to
// fail for this reason. A refresh that fails permanently is shown to the person who sees the case
// and is not set aside for our support staff.
func judge(d Delivery, f *Failure, since, now time.Time) (Outcome, Result) {
	forGood := Result{Verdict: GiveUp, Settlement: SettledFailed, Failure: f}
	switch {
	case f.Reason.Permanent(),
		f.Reason == RONotFound && now.Sub(d.Event.OccurredAt) >= UnknownROGrace,
		f.Reason == NotActivated && now.Sub(since) >= NotActivatedGrace:
	case now.Sub(d.SentAt) >= f.Reason.GiveUpAfter():
		forGood.Settlement = SettledGaveUp
	default:
		return OutcomeRetrying, retryFor(f)
	}
	if !d.Event.statesFacts() {
		forGood.Verdict, forGood.Settlement = Done, SettledFailed
	}
	return OutcomeFailed, forGood
}

// save writes the task's case and reports whether the write succeeded. Otherwise the task starts
// again or is settled as TryAgain.
func (r *Retriever) save(ctx context.Context, t *task, next Case) bool {
	r.saving <- struct{}{}
	defer func() { <-r.saving }()
	next.Expires = r.expiry(next)
	return t.written(r.store.SaveCase(ctx, t.stored, next))
}

// expiry returns when the store may delete a case; zero means never.
func (r *Retriever) expiry(c Case) time.Time {
	last := c.Stated.OccurredAt
	switch {
	case c.Deleted():
		return r.now().Add(TombstoneLife)
	case r.Retention == 0:
		return time.Time{}
	case last.IsZero():
		last = c.FirstEventAt
	}
	return last.Add(r.Retention)
}

// leastTime is the least time left in an invocation for another DMS query.
const leastTime = time.Second

// inTime reports whether enough time is left before ctx's deadline to start another query.
func inTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > leastTime
}

// WithReserve returns ctx with an earlier deadline, which reserves time for the steps that follow.
// The reserve is one part in parts of the remaining time, but no more than most. Without a deadline
// nothing is reserved.
func WithReserve(ctx context.Context, parts int, most time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/time.Duration(parts), most)))
}

// inParallel calls do for every item, at most atOnce at a time, and returns when all calls have
// returned.
func inParallel[T any](items []T, atOnce int, do func(T)) {
	if len(items) == 1 {
		do(items[0])
		return
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, item := range items {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			do(item)
		})
	}
	wg.Wait()
}
