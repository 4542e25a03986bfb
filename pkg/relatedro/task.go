package relatedro

import (
	"errors"
	"slices"
	"time"
)

// task is the work for one case in one batch: its deliveries and the findings of the current round.
// Only one goroutine at a time uses a task.
type task struct {
	key        CaseKey
	deliveries []Delivery
	results    []*Result // results of the deliveries, at the same indexes

	stored   Case
	settings Settings
	decision Decision
	again    bool // a concurrent change sends it back to the start

	unreadable error // why the case or its location's settings could not be read
}

// tasksOf groups deliveries by case. Each task writes the results of its own deliveries.
func tasksOf(deliveries []Delivery, results []Result) []*task {
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
		t.results = append(t.results, &results[i])
	}
	return tasks
}

func (t *task) events() []Event {
	events := make([]Event, len(t.deliveries))
	for i, d := range t.deliveries {
		events[i] = d.Event
	}
	return events
}

// all settles every delivery of the task with the same result.
func (t *task) all(result Result) {
	for _, r := range t.results {
		*r = result
	}
}

// written reports whether a write of the task's case succeeded. Otherwise it sends the task back to
// the start or settles it as TryAgain.
func (t *task) written(err error) bool {
	switch {
	case errors.Is(err, ErrStale):
		t.again = true
	case err != nil:
		t.all(retryFor(asFailure(err, StoreUnavailable)))
	}
	return err == nil
}

// fetched gives result to the newest delivery of the event that was fetched for. The other
// deliveries are skipped: that event supersedes or repeats them.
func (t *task) fetched(result Result) {
	t.all(Result{Verdict: Done, Settlement: SettledSkipped})
	*t.results[t.indexOf(*t.decision.Fetch)] = result
}

// latestOf returns the delivery of ev that a queue accepted last, because the age of a redriven
// message starts again.
func (t *task) latestOf(ev Event) Delivery { return t.deliveries[t.indexOf(ev)] }

func (t *task) indexOf(ev Event) int {
	found := -1
	for i, d := range t.deliveries {
		if d.Event.ID == ev.ID && d.Event.Type == ev.Type && (found < 0 || d.SentAt.After(t.deliveries[found].SentAt)) {
			found = i
		}
	}
	return found
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
func (t *task) known(over Connection) Case {
	c := t.decision.Case
	if t.settings.wasFormer(c.FetchedOver) {
		c.FetchedOver = over
	}
	return c
}

// invented reports whether the case is known only from refreshes.
func (t *task) invented() bool { return !t.stored.Stored() && !t.decision.Case.takenIn() }

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

// waiting settles a task whose DMS request was not made. A busy account is not a problem to report.
func waiting(f *Failure) Result {
	result := retryFor(f)
	if f.Reason == AccountBusy {
		result.Settlement = SettledWaiting
	}
	return result
}

func retryFor(f *Failure) Result {
	return Result{Verdict: TryAgain, Settlement: SettledRetrying, Failure: f}
}

// group is the tasks of one connection. The tasks of disabled locations form one group, which makes
// no request.
type group struct {
	over    Connection
	enabled bool
	tasks   []*task
}

// readable returns the tasks whose case and settings were read. It settles the others as TryAgain;
// they keep failing until a person repairs the stored item.
func readable(tasks []*task) (read []*task) {
	for _, t := range tasks {
		if t.unreadable == nil {
			read = append(read, t)
		} else {
			t.all(retryFor(&Failure{Reason: StoreUnavailable, Err: t.unreadable}))
		}
	}
	return read
}

func groups(tasks []*task) []group {
	type key struct {
		over    Connection
		enabled bool
	}
	at := make(map[key]int)
	var all []group
	for _, t := range tasks {
		k := key{enabled: t.settings.Enabled()}
		if k.enabled {
			k.over = t.settings.Connection
		}
		i, ok := at[k]
		if !ok {
			i = len(all)
			at[k] = i
			all = append(all, group{over: k.over, enabled: k.enabled})
		}
		all[i].tasks = append(all[i].tasks, t)
	}
	return all
}

// byAccount groups the groups by account, because an account takes one request at a time. Groups
// without a request stand alone.
func byAccount(all []group) [][]group {
	at := make(map[string]int)
	var accounts [][]group
	for _, g := range all {
		i, ok := at[g.over.Account]
		if !ok {
			i = len(accounts)
			at[g.over.Account] = i
			accounts = append(accounts, nil)
		}
		accounts[i] = append(accounts[i], g)
	}
	return accounts
}

// rankOf returns the highest rank among tasks that are fetched together.
func rankOf(tasks []*task, now time.Time) Rank {
	highest := RankFollow
	for _, t := range tasks {
		highest = max(highest, t.decision.Fetch.rank(now))
	}
	return highest
}

// originals returns the distinct RO numbers to ask for.
func originals(tasks []*task) []string {
	ros := make([]string, len(tasks))
	for i, t := range tasks {
		ros[i] = t.decision.Case.RO
	}
	slices.Sort(ros)
	return slices.Compact(ros)
}

// known returns the related ROs that the tasks' stored cases list for the requested ROs, without
// those that are gone.
func known(tasks []*task) (ros []string) {
	for _, t := range tasks {
		for _, r := range t.stored.Related {
			if t.stored.RO == t.decision.Case.RO && r.GoneSince.IsZero() {
				ros = append(ros, r.RO)
			}
		}
	}
	return ros
}

// locations returns the tasks' distinct locations.
func locations(tasks []*task) []string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.key.Location
	}
	slices.Sort(names)
	return slices.Compact(names)
}
