package relatedro

import (
	"errors"
	"slices"
	"time"
)

// task is the work of one case in one batch: its deliveries, and what a round found
// out about it. One goroutine at a time has a task.
type task struct {
	key        CaseKey
	deliveries []Delivery
	results    []*Result // of the deliveries, side by side

	stored   Case
	settings Settings
	decision Decision
	again    bool // somebody else's change sends it back to the start

	unreadable error // why the case or its location's settings were not read
}

// tasksOf sorts deliveries by case. Each task writes the results of its own
// deliveries.
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

// all settles every delivery of the task alike.
func (t *task) all(result Result) {
	for _, r := range t.results {
		*r = result
	}
}

// written reports whether a write of the task's case went well. Otherwise the task
// starts again or is settled as one to try again.
func (t *task) written(err error) bool {
	switch {
	case errors.Is(err, ErrStale):
		t.again = true
	case err != nil:
		t.all(retryFor(asFailure(err, StoreUnavailable)))
	}
	return err == nil
}

// fetched settles the newest delivery of the event that was fetched for with
// result; the others were superseded by it, or say the same.
func (t *task) fetched(result Result) {
	t.all(Result{Verdict: Done, Settlement: SettledSkipped})
	*t.results[t.indexOf(*t.decision.Fetch)] = result
}

// latestOf returns the delivery of ev that the queue took last: a redriven message
// starts its age anew.
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

// overtaken reports whether people see a good list that a refresh got since the event
// that is fetched for, so that its failure must not be shown over it. The list that an
// older export or close got speaks for no newer one, whenever it was fetched. A case that
// has failed says so already when follow looks in vain: it does not fail anew each night.
func (t *task) overtaken(now time.Time) bool {
	c := t.decision.Case
	if t.decision.Fetch.Cause == TriggerFollow && c.Retrieval.Outcome == OutcomeFailed {
		return true
	}
	refreshed := c.Retrieval.Trigger == TriggerRefresh || c.Retrieval.Trigger == TriggerFollow
	return refreshed && c.fetchedSince(t.decision.Fetch.OccurredAt, t.settings.Over, now)
}

// known returns the case with its facts taken in. A list that was fetched over the connection
// from which its dealer was moved counts as fetched over this one: what is known of its ROs
// stays known.
func (t *task) known(over Connection) Case {
	c := t.decision.Case
	if t.settings.wasFormer(c.FetchedOver) {
		c.FetchedOver = over
	}
	return c
}

// invented reports whether nothing but a refresh has ever spoken of the case.
func (t *task) invented() bool { return !t.stored.Stored() && !t.decision.Case.takenIn() }

// leftRetrying returns the event whose failed retrieval is shown as retrying, if it
// is one of the task's.
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

// waiting settles what could not be asked. That the account was busy is nobody's trouble.
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

// group is the tasks of one connection; those of disabled locations are a group
// too, with nothing to ask.
type group struct {
	over    Connection
	enabled bool
	tasks   []*task
}

// readable returns the tasks whose case and settings were read. The others are settled:
// they fail until a person has mended what is stored.
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
			k.over = t.settings.Over
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

// byAccount returns the groups of each account together: one at a time asks it. What has
// nothing to ask stands alone.
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

// rankOf returns the rank of what is fetched for together: that of its most urgent.
func rankOf(tasks []*task, now time.Time) Rank {
	highest := RankFollow
	for _, t := range tasks {
		highest = max(highest, t.decision.Fetch.rank(now))
	}
	return highest
}

// originals returns the RO numbers to ask for, each once.
func originals(tasks []*task) []string {
	ros := make([]string, len(tasks))
	for i, t := range tasks {
		ros[i] = t.decision.Case.RO
	}
	slices.Sort(ros)
	return slices.Compact(ros)
}

// known returns the related ROs that the tasks' cases have had, of the RO that is asked for and
// still there when last seen.
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

// locations returns the tasks' locations, each once.
func locations(tasks []*task) []string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.key.Location
	}
	slices.Sort(names)
	return slices.Compact(names)
}
