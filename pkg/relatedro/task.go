package relatedro

import (
	"context"
	"errors"
	"time"
)

// task is the work for one case in one batch: its deliveries, the findings of the current round and
// the result. Only one goroutine at a time uses a task.
type task struct {
	key        CaseKey
	deliveries []Delivery
	positions  []int // of the deliveries in the batch

	stored   Case
	settings Settings
	decision Decision
	again    bool // a concurrent change sends it back to the start

	result Result
	// fetched is the delivery that result belongs to, while the others are skipped; noDelivery if it
	// belongs to all of them.
	fetched int
}

const noDelivery = -1

// tasksOf groups deliveries by case.
func tasksOf(deliveries []Delivery) []*task {
	byCase := make(map[CaseKey]*task)
	var tasks []*task
	for i, d := range deliveries {
		t := byCase[d.Event.Key]
		if t == nil {
			t = &task{key: d.Event.Key}
			byCase[t.key] = t
			tasks = append(tasks, t)
		}
		t.deliveries = append(t.deliveries, d)
		t.positions = append(t.positions, i)
	}
	return tasks
}

// collect writes the result of each of the task's deliveries to the delivery's position.
func (t *task) collect(results []Result) {
	for i, position := range t.positions {
		if t.fetched == noDelivery || t.fetched == i {
			results[position] = t.result
		} else {
			results[position] = Result{Outcome: OutcomeSkipped}
		}
	}
}

// end gives every delivery of the task the same result.
func (t *task) end(result Result) { t.result, t.fetched = result, noDelivery }

// endFetch gives result to the newest delivery of the event that was fetched for. The other
// deliveries are skipped: that event supersedes or repeats them.
func (t *task) endFetch(result Result) { t.result, t.fetched = result, t.newest(*t.decision.Fetch) }

// newest returns the index of the delivery of ev that a queue accepted last, because the age of a
// redriven message starts again.
func (t *task) newest(ev Event) int {
	found := noDelivery
	for i, d := range t.deliveries {
		if d.Event.ID == ev.ID && d.Event.Type == ev.Type && (found == noDelivery || d.SentAt.After(t.deliveries[found].SentAt)) {
			found = i
		}
	}
	return found
}

// connection returns the connection to fetch over; zero if the location is not enabled.
func (t *task) connection() Connection {
	if !t.settings.Enabled() {
		return Connection{}
	}
	return t.settings.Connection
}

func (t *task) events() []Event {
	events := make([]Event, len(t.deliveries))
	for i, d := range t.deliveries {
		events[i] = d.Event
	}
	return events
}

// leftRetrying returns the task's event whose failed retrieval the case shows as retrying, or nil.
func (t *task) leftRetrying() *Event {
	if t.stored.Retrieval.Outcome != OutcomeRetrying {
		return nil
	}
	for i := range t.deliveries {
		if t.deliveries[i].Event.ID == t.stored.Retrieval.EventID {
			return &t.deliveries[i].Event
		}
	}
	return nil
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
		t.end(Result{Outcome: OutcomeDisabled})
	}
}

// skip ends a task that has nothing to fetch. It saves the facts of the task's events, a deletion
// included.
func (r *Retriever) skip(ctx context.Context, t *task) {
	if !t.decision.Changed || r.save(ctx, t, t.decision.Case) {
		t.end(Result{Outcome: OutcomeSkipped})
	}
}

// save writes the task's case and reports whether the write succeeded. Otherwise the task starts
// again or ends with a Retry.
func (r *Retriever) save(ctx context.Context, t *task, next Case) bool {
	r.saving <- struct{}{}
	defer func() { <-r.saving }()
	next.Expires = r.expiry(next)
	err := r.store.SaveCase(ctx, t.stored, next)
	switch {
	case errors.Is(err, ErrStale):
		t.again = true
	case err != nil:
		t.end(retryFor(asFailure(err, StoreUnavailable)))
	}
	return err == nil
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
