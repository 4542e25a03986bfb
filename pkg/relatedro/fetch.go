package relatedro

import (
	"context"
	"time"
)

// found is the DMS's answer for a group of tasks.
type found struct {
	at       time.Time // when it was asked
	families map[string]Family
	expected map[string][]Expected
	err      error
}

// fetch queries the DMS for the tasks' families over their connection and ends the tasks.
func (r *Retriever) fetch(ctx context.Context, connection Connection, tasks []*task) {
	endAll := func(f *Failure) {
		for _, t := range tasks {
			t.end(retryFor(f))
		}
	}
	if !inTime(ctx) {
		endAll(&Failure{Reason: OutOfTime, NotAsked: true})
		return
	}
	reserved, cancel := WithReserve(ctx, 5, 3*time.Second) // leaves time to save the result
	defer cancel()
	asking, cancel := context.WithTimeout(reserved, GroupBudget)
	defer cancel()
	var answer found
	notAsked := r.turns.alone(asking, connection.Account, rankOf(tasks, r.now()), func(ctx context.Context) {
		answer = r.ask(ctx, connection, tasks)
	})
	if notAsked != nil {
		endAll(asFailure(notAsked, StoreUnavailable))
		return
	}
	tasks, err := r.stillConnected(ctx, connection, tasks)
	if err != nil { // without the settings, the answer may belong to a former connection
		answer.err = err
	}
	inParallel(tasks, savesAtOnce, func(t *task) {
		family := answer.families[t.decision.Case.RO]
		switch {
		case answer.err != nil:
			r.fail(ctx, t, asFailure(answer.err, Unreachable))
		case family.Failure != nil:
			r.fail(ctx, t, family.Failure)
		default:
			family.Expected = t.expected(answer.expected, family.Billed, connection)
			r.succeed(ctx, t, family, connection, answer.at)
		}
	})
}

// ask queries the DMS. The end of ctx overrides any error of the DMS.
func (r *Retriever) ask(ctx context.Context, connection Connection, tasks []*task) found {
	answer := found{at: r.now()}
	answer.families, answer.err = r.dms.Families(ctx, connection, originals(tasks), known(tasks)...)
	switch {
	case answer.err == nil:
		answer.expected = r.expected(ctx, connection, tasks, answer.families)
	case ctx.Err() != nil:
		answer.err = &Failure{Reason: OutOfTime, Err: answer.err}
	}
	return answer
}

// stillConnected reads the tasks' settings again and returns the tasks whose location is still
// enabled and still reads over the connection. The others start again: their answer, or their
// failure, may belong to another account.
func (r *Retriever) stillConnected(ctx context.Context, connection Connection, tasks []*task) ([]*task, error) {
	loaded, err := r.store.Load(ctx, Keys{Locations: locations(tasks)})
	if err != nil {
		return tasks, asFailure(err, StoreUnavailable)
	}
	for _, s := range loaded.Settings {
		r.memory.Put(s)
	}
	var still []*task
	for _, t := range tasks {
		if s := loaded.Settings[t.key.Location]; s.Enabled() && s.Connection == connection {
			still = append(still, t)
		} else {
			t.again = true
		}
	}
	return still, nil
}

// succeed ends a task whose family was found at the given time. A follow refresh that finds no
// change writes nothing.
func (r *Retriever) succeed(ctx context.Context, t *task, family Family, connection Connection, at time.Time) {
	next := t.known(connection).Retrieved(*t.decision.Fetch, family, connection, at)
	unchanged := t.decision.Fetch.Cause == TriggerFollow && !t.decision.Changed && next.listEquals(t.stored) && !t.stored.Unindexed
	if unchanged || r.save(ctx, t, next) {
		t.endFetch(Result{Outcome: OutcomeOK, Related: len(family.Related)})
	}
}

// fail ends a task whose retrieval failed, to be retried or for good. An older event's failure
// does not mark a list that a refresh has fetched since. A case known only from a refresh is
// neither stored nor set aside, because anyone with permission to refresh can invent one.
func (r *Retriever) fail(ctx context.Context, t *task, f *Failure) {
	ev, now := *t.decision.Fetch, r.now()
	next := t.decision.Case
	result := judge(t.deliveries[t.newest(ev)], f, next.Retrieval.failingSince(ev, f.Reason, now), now)
	result.Message = r.dms.Sentence(t.settings.Connection, f.Reason)
	if t.invented() {
		if f.Reason == RONotFound || f.Reason == NotActivated || result.Disposition == SetAside {
			result = Result{Outcome: OutcomeFailed, Failure: f}
		}
		t.endFetch(result)
		return
	}
	if !t.overtaken(now) {
		shown := OutcomeFailed
		if result.Disposition == Retry {
			shown = OutcomeRetrying
		}
		next = next.Failed(ev, shown, f.Reason, result.Message, now)
	}
	// A retry writes nothing if the case already shows this failure. A final failure always writes,
	// and the write fails if another run of the event has succeeded meanwhile.
	shows := result.Disposition == Retry && !t.decision.Changed && next.Retrieval == t.stored.Retrieval
	if shows || r.save(ctx, t, next) {
		t.endFetch(result)
	}
}

// overtaken reports whether people see a good list that a refresh has fetched since the event being
// fetched for, so that this event's failure must not be shown over it. A list fetched for an older
// export or close does not count, no matter when it was fetched. It is also true for a follow
// refresh of a case that already shows a permanent failure; otherwise the case would fail again
// every night.
func (t *task) overtaken(now time.Time) bool {
	c := t.decision.Case
	if t.decision.Fetch.Cause == TriggerFollow && c.Retrieval.Outcome == OutcomeFailed {
		return true
	}
	refreshed := c.Retrieval.Trigger == TriggerRefresh || c.Retrieval.Trigger == TriggerFollow
	return refreshed && c.fetchedSince(t.decision.Fetch.OccurredAt, t.settings.Connection, now)
}

// known returns the case with its facts taken in. If the dealer was moved here from the connection
// that the list was fetched over, the list counts as fetched over this one, so that the history of
// its ROs is kept.
func (t *task) known(connection Connection) Case {
	c := t.decision.Case
	if t.settings.wasFormer(c.FetchedOver) {
		c.FetchedOver = connection
	}
	return c
}

// invented reports whether the case is known only from refreshes.
func (t *task) invented() bool { return !t.stored.Stored() && !t.decision.Case.takenIn() }
