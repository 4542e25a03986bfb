package relatedro

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Limits of a retrieval that people notice.
const (
	// UnknownROGrace is how long after an event the DMS may not know its RO yet: the
	// export to the DMS may take its time.
	UnknownROGrace = time.Hour
	// NotActivatedGrace is how long a DMS must go on refusing an account until that is
	// taken for its word: a firewall or a restart may refuse for a moment, too. It
	// counts from the first refusal, not from the event. Otherwise the first refusal of a
	// message that has waited for the dealer's server would be final.
	NotActivatedGrace = time.Hour
	// GiveUpAfter is the age of a message at which a further failure is final. While the
	// dealer's server is away that is GiveUpAwayAfter: it may be switched off from Friday
	// evening to Monday morning.
	GiveUpAfter     = 24 * time.Hour
	GiveUpAwayAfter = 4 * 24 * time.Hour
	// TombstoneLife is how long a deletion keeps late events from bringing a case back:
	// longer than the 14 days in a queue and 14 more among dead letters.
	TombstoneLife = 30 * 24 * time.Hour
	// GroupBudget is how long the cases of one connection may take to ask for; more come
	// back later. It bears four look-ups, one after the other, that each take as long as
	// the DMS's client lets them.
	GroupBudget = 40 * time.Second
)

const (
	rounds         = 3  // a case that others changed meanwhile is done again twice
	accountsAtOnce = 50 // asked side by side; a batch has at most 50 messages
	savesAtOnce    = 16 // case writes side by side in one invocation
)

// Delivery is one event as a queue handed it over.
type Delivery struct {
	Event  Event
	SentAt time.Time // when the queue took it
}

// Verdict is what becomes of a delivery.
type Verdict int

// The verdicts.
const (
	Done     Verdict = iota // acknowledge
	TryAgain                // hand over again later, not before Failure.RetryAfter
	GiveUp                  // set aside for a person, with Failure's reason
)

// Settlement is how a delivery ended, for logs and metrics.
type Settlement string

// How deliveries end.
const (
	SettledOK       Settlement = "ok"       // fetched and stored
	SettledSkipped  Settlement = "skipped"  // a newer event, or an earlier run of this one, has done it
	SettledDisabled Settlement = "disabled" // the location is not enabled
	SettledRetrying Settlement = "retrying" // failed, will be tried again
	SettledWaiting  Settlement = "waiting"  // its account is being asked by another function; its turn comes in seconds
	SettledFailed   Settlement = "failed"   // failed for good
	SettledGaveUp   Settlement = "gave_up"  // failed for too long
)

// Result says what became of one delivery.
type Result struct {
	Verdict    Verdict
	Settlement Settlement
	Failure    *Failure // why it failed, nil if it did not
	Message    string   // what to tell people of the failure
	Related    int      // related ROs found; of SettledOK only
}

// Retriever turns events into stored related ROs. Safe for concurrent use.
type Retriever struct {
	// Retention is how long a case is kept after its last event; 0 is for ever. It must
	// be set before the first use.
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

// Retrieve works off deliveries and returns a Result for each, in their order. It
// does not fail as a whole: a failure is its deliveries' alone. It stops asking the
// DMS in time to save before ctx's deadline, and what it did not get to is TryAgain
// with OutOfTime.
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

// round takes every task once through read, decide, ask and write, and returns
// those that somebody else's change sent back to the start.
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

// read fills the tasks' stored cases and settings. Only enabled settings come from
// memory.
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
		t.decision = Decide(t.stored, t.settings.Over, r.now(), t.events())
	}
	return nil
}

// work settles a group: what needs no DMS at once, the rest with one question.
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

// disable acknowledges events of a location that is not enabled. A retrieval that
// one of them left retrying is over. What is deleted is deleted here too.
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

// skip settles a task that has nothing to fetch. The facts that its events state, a
// deletion among them, are kept.
func (r *Retriever) skip(ctx context.Context, t *task) {
	if !t.decision.Changed || r.save(ctx, t, t.decision.Case) {
		t.all(Result{Verdict: Done, Settlement: SettledSkipped})
	}
}

// fetch asks the DMS for the tasks' families over one connection and settles them.
func (r *Retriever) fetch(ctx context.Context, over Connection, tasks []*task) {
	if !inTime(ctx) {
		for _, t := range tasks {
			t.all(retryFor(&Failure{Reason: OutOfTime, NotAsked: true}))
		}
		return
	}
	reserved, cancel := WithReserve(ctx, 5, 3*time.Second) // to save what was fetched
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
			err = &Failure{Reason: OutOfTime, Err: err} // whatever the DMS would have said
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
		err = unread // whatever the answer, nobody knows whether it is still the location's
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

// stillOver reads the tasks' settings again and returns those whose location still
// is enabled and reads over the connection. The others start again: their answer, a
// failure too, may be another account's.
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
		if s := loaded.Settings[t.key.Location]; s.Enabled() && s.Over == over {
			still = append(still, t)
		} else {
			t.again = true
		}
	}
	return still, nil
}

// succeed settles a task whose family was found at the given time. A look at whether the
// DMS has changed costs no write where it has not.
func (r *Retriever) succeed(ctx context.Context, t *task, family Family, over Connection, at time.Time) {
	next := t.known(over).Retrieved(*t.decision.Fetch, family, over, at)
	unchanged := t.decision.Fetch.Cause == TriggerFollow && !t.decision.Changed && next.listEquals(t.stored) && !t.stored.Unindexed
	if unchanged || r.save(ctx, t, next) {
		t.fetched(Result{Verdict: Done, Settlement: SettledOK, Related: len(family.Related)})
	}
}

// fail settles a task whose retrieval failed: again later, or for good. A list that a
// refresh got since is not marked with an older event's failure. Of a case that only a
// refresh speaks of, nothing is stored or set aside: anybody who may refresh can make one
// up.
func (r *Retriever) fail(ctx context.Context, t *task, f *Failure) {
	ev, now := *t.decision.Fetch, r.now()
	next := t.decision.Case
	outcome, result := judge(t.latestOf(ev), f, next.Retrieval.failingSince(ev, f.Reason, now), now)
	result.Message = r.dms.Sentence(t.settings.Over, f.Reason)
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
	// Trying again costs no write if the case says so already. Giving up does: the write
	// fails if another run of the event has ended well meanwhile.
	said := result.Verdict == TryAgain && !t.decision.Changed && next.Retrieval == t.stored.Retrieval
	if said || r.save(ctx, t, next) {
		t.fetched(result)
	}
}

// judge says whether a delivery that failed is tried again. since is when its case's
// retrievals began to fail for this reason. A refresh that fails for good is for the
// person who sees the case, not for our support.
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

// save writes the task's case and reports whether that went well. Otherwise the task
// starts again or is settled as one to try again.
func (r *Retriever) save(ctx context.Context, t *task, next Case) bool {
	r.saving <- struct{}{}
	defer func() { <-r.saving }()
	next.Expires = r.expiry(next)
	return t.written(r.store.SaveCase(ctx, t.stored, next))
}

// expiry returns when the store may forget a case; zero is never.
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

// leastTime is how much of an invocation must be left to ask the DMS anything.
const leastTime = time.Second

// inTime reports whether enough is left until ctx's deadline to begin something.
func inTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > leastTime
}

// WithReserve returns ctx ending earlier, by one part in parts of the time left and by
// most at most, so that what has to follow has its time. Without a deadline nothing is
// taken off.
func WithReserve(ctx context.Context, parts int, most time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/time.Duration(parts), most)))
}

// inParallel calls do for every item, at most atOnce at a time, and returns when
// all are done.
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
