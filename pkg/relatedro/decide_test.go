package relatedro

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	key = CaseKey{Location: "loc-100", Case: "case-1"}
	ten = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
)

func export(id string, minute int, change ...func(*Event)) Event {
	return event(Event{ID: id, Type: Exported}, minute, change)
}

func closing(id string, minute int, change ...func(*Event)) Event {
	return event(Event{ID: id, Type: Closed, ClosedBy: ClosedByUser}, minute, change)
}

func refresh(id string, minute int, change ...func(*Event)) Event {
	return event(Event{ID: id, Type: Refresh}, minute, change)
}

func event(ev Event, minute int, change []func(*Event)) Event {
	ev.Key, ev.RO, ev.OccurredAt = key, "50123", ten.Add(time.Duration(minute)*time.Minute)
	for _, c := range change {
		c(&ev)
	}
	return ev
}

func of(asset string) func(*Event)   { return func(ev *Event) { ev.Asset = asset } }
func number(n string) func(*Event)   { return func(ev *Event) { ev.CaseNumber = n } }
func underRO(ro string) func(*Event) { return func(ev *Event) { ev.RO = ro } }
func ok(c Case, ev Event) Case {
	return c.Retrieved(ev, Family{Related: []RelatedRO{{RO: "50124"}}}, Connection{}, ten)
}
func failed(c Case, ev Event) Case    { return c.Failed(ev, OutcomeFailed, NotActivated, "", ten) }
func retrying(c Case, ev Event) Case  { return c.Failed(ev, OutcomeRetrying, Unreachable, "", ten) }
func unknown() Case                   { return Case{Key: key} }
func taken(c Case, evs ...Event) Case { c = decide(c, evs).Case; c.Revision++; return c }

// decide calls Decide a day later, for a location that reads over the zero Connection, as in ok.
func decide(stored Case, events []Event) Decision {
	return Decide(stored, Connection{}, ten.Add(24*time.Hour), events)
}

func deletion(id string, minute int, change ...func(*Event)) Event {
	return event(Event{ID: id, Type: Deleted}, minute, change)
}

func TestDecide(t *testing.T) {
	e1, e2, c2 := export("e1", 1), export("e2", 2), closing("c2", 2)
	r3 := refresh("r3", 3)
	for _, tt := range []struct {
		name   string
		stored Case
		events []Event
		fetch  string // id of the event to fetch for; empty if none
	}{
		{"first export", unknown(), []Event{e1}, "e1"},
		{"first close", unknown(), []Event{c2}, "c2"},
		{"same export after ok", ok(taken(unknown(), e1), e1), []Event{e1}, ""},
		{"same export after a failure, redriven", failed(taken(unknown(), e1), e1), []Event{e1}, "e1"},
		{"same export while retrying", retrying(taken(unknown(), e1), e1), []Event{e1}, "e1"},
		{"newer export after ok", ok(taken(unknown(), e1), e1), []Event{e2}, "e2"},
		{"close after ok export fetches anew", ok(taken(unknown(), e1), e1), []Event{c2}, "c2"},
		{"older export after a newer close", ok(taken(unknown(), c2), c2), []Event{e1}, ""},
		{"older export after a newer close that failed", failed(taken(unknown(), c2), c2), []Event{e1}, ""},
		{"at equal times close wins over a stored export", ok(taken(unknown(), e2), e2), []Event{c2}, "c2"},
		{"at equal times a stored close stays", ok(taken(unknown(), c2), c2), []Event{e2}, ""},
		{"the newest of a batch", unknown(), []Event{c2, e1, e2}, "c2"},
		{"the newest of a batch in another order", unknown(), []Event{e1, e2, c2}, "c2"},
		{"the same message twice in a batch", unknown(), []Event{e1, e1}, "e1"},
		{"refresh of an ok case", ok(taken(unknown(), e1), e1), []Event{r3}, "r3"},
		{"refresh of an unknown case", unknown(), []Event{r3}, "r3"},
		{"refresh redelivered after ok", ok(ok(taken(unknown(), e1), e1), r3), []Event{r3}, ""},
		{"refresh redelivered after a failure", failed(ok(taken(unknown(), e1), e1), r3), []Event{r3}, "r3"},
		{"export redelivered after ok and a failed refresh", failed(ok(taken(unknown(), e1), e1), r3), []Event{e1}, ""},
		{"late export after a refresh made the case", ok(taken(unknown(), r3), r3), []Event{e1}, "e1"},
		{"an export at hand serves a refresh too", unknown(), []Event{r3, e1}, "e1"},
		{"a done export at hand leaves the refresh to do", ok(taken(unknown(), e1), e1), []Event{e1, r3}, "r3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if d := decide(tt.stored, tt.events); d.Fetch != nil {
				got = d.Fetch.ID
			}
			if got != tt.fetch {
				t.Errorf("fetches for %q, want %q", got, tt.fetch)
			}
		})
	}
}

func TestDecideTakesFactsIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stored Case
		events []Event
		want   Case
	}{
		{"close without asset keeps the case at its asset", taken(unknown(), export("e1", 1, of("asset-7"))), []Event{closing("c2", 2)},
			Case{Asset: "asset-7", RO: "50123", Status: CaseClosed, ClosedBy: ClosedByUser}},
		{"older export fills in values that an overtaking close left out", taken(unknown(), closing("c2", 2)),
			[]Event{export("e1", 1, of("asset-7"), number("1001"))},
			Case{Asset: "asset-7", Number: "1001", RO: "50123", Status: CaseClosed, ClosedBy: ClosedByUser}},
		{"older export changes nothing that is known", taken(unknown(), closing("c2", 2, of("asset-8"))),
			[]Event{export("e1", 1, of("asset-7"), underRO("9"))},
			Case{Asset: "asset-8", RO: "50123", Status: CaseClosed, ClosedBy: ClosedByUser}},
		{"newer export reopens", taken(unknown(), closing("c2", 2)), []Event{export("e8", 8, underRO("60000"))},
			Case{RO: "60000", Status: CaseExported}},
		{"an export close behind a close may be older than it says", taken(unknown(), closing("c2", 2)),
			[]Event{export("e6", 6, underRO("60000"))},
			Case{RO: "50123", Status: CaseClosed, ClosedBy: ClosedByUser}},
		{"a close is newer than an export whose clock leads", taken(unknown(), export("e6", 6)), []Event{closing("c2", 2)},
			Case{RO: "50123", Status: CaseClosed, ClosedBy: ClosedByUser}},
		{"deleted", taken(unknown(), export("e1", 1, of("asset-7"), number("1001"))), []Event{deletion("d2", 2)},
			Case{Status: CaseDeleted}},
		{"deleted before anything else was known", unknown(), []Event{deletion("d2", 2)}, Case{Status: CaseDeleted}},
		{"late events do not restore a deleted case", taken(unknown(), deletion("d2", 2)),
			[]Event{export("e1", 1), closing("c7", 7), export("e12", 11), refresh("r13", 13)}, Case{Status: CaseDeleted}},
		{"an export long after a deletion is a case anew", taken(unknown(), deletion("d2", 2)), []Event{export("e13", 13)},
			Case{RO: "50123", Status: CaseExported}},
		{"refresh states nothing", taken(unknown(), export("e1", 1)), []Event{refresh("r3", 3, underRO("9"), of("asset-9"))},
			Case{RO: "50123", Status: CaseExported}},
		{"refresh of an unknown case", unknown(), []Event{refresh("r3", 3, of("asset-9"), number("1009"))},
			Case{RO: "50123", Asset: "asset-9", Number: "1009"}},
		{"late export gives a refreshed case its RO", taken(unknown(), refresh("r3", 3)), []Event{export("e1", 1, underRO("60000"))},
			Case{RO: "60000", Status: CaseExported}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decide(tt.stored, tt.events).Case
			got = Case{Number: got.Number, Asset: got.Asset, RO: got.RO, Status: got.Status, ClosedBy: got.ClosedBy}
			if !equalFacts(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func equalFacts(a, b Case) bool {
	return a.Number == b.Number && a.Asset == b.Asset && a.RO == b.RO && a.Status == b.Status && a.ClosedBy == b.ClosedBy
}

func TestDecideEndsAlikeInAnyOrder(t *testing.T) {
	events := []Event{export("e1", 1), export("e2", 2, underRO("60000")), closing("c2", 2, underRO("60001")), closing("c1", 1)}
	for range 4 {
		events = append(events[1:], events[0])
		c := unknown()
		for _, ev := range events {
			c = taken(c, ev)
		}
		if c.RO != "60001" || c.Status != CaseClosed || c.Stated.ID != "c2" {
			t.Errorf("in order %v the case becomes %+v", ids(events), c)
		}
	}
}

func TestFirstEventNeverChanges(t *testing.T) {
	c := taken(unknown(), closing("c2", 2))
	if c = taken(c, export("e1", 1)); !c.FirstEventAt.Equal(ten.Add(2 * time.Minute)) {
		t.Errorf("FirstEventAt = %v, want that of the first event taken in", c.FirstEventAt)
	}
}

func TestNewRODropsTheOldList(t *testing.T) {
	c := ok(taken(unknown(), export("e1", 1)), export("e1", 1))
	c = failed(taken(c, export("e2", 2, underRO("60000"))), export("e2", 2))
	if len(c.Related) != 0 || !c.Retrieval.RetrievedAt.IsZero() {
		t.Errorf("RO 60000 is shown with the related ROs of 50123: %+v", c)
	}
}

func TestAnotherSpellingKeepsTheList(t *testing.T) {
	for had, given := range map[string]string{"50123": "050123", "R50999": "r50999"} {
		e1, c2 := export("e1", 1, underRO(had)), closing("c2", 2, underRO(given))
		c := failed(taken(ok(taken(unknown(), e1), e1), c2), c2)
		if len(c.Related) != 1 || c.RO != had {
			t.Errorf("RO %s closed as %s: %+v", had, given, c)
		}
	}
}

func TestFailureKeepsTheLastGoodList(t *testing.T) {
	c := ok(taken(unknown(), export("e1", 1)), export("e1", 1))
	c = failed(taken(c, closing("c2", 2)), closing("c2", 2))
	if len(c.Related) != 1 || !c.Retrieval.RetrievedAt.Equal(ten) || c.Retrieval.Outcome != OutcomeFailed {
		t.Errorf("after a failed close: %+v", c)
	}
}

func ids(events []Event) []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, ev := range events {
			if !yield(ev.ID) {
				return
			}
		}
	})
}

func TestLinksAreCanonical(t *testing.T) {
	c := Case{Key: key, RO: "050123", Related: []RelatedRO{{RO: "50123"}, {RO: "r7"}, {RO: "R7"}, {RO: "0050124"}}}
	var got []string
	for _, l := range c.Links() {
		got = append(got, l.RO)
	}
	if want := []string{"50123", "50124", "R7"}; !slices.Equal(got, want) || !c.Links()[0].Own {
		t.Errorf("links %v, want %v", c.Links(), want)
	}
}

func TestNumbersThatCannotBeSearchedAreNotLinked(t *testing.T) {
	c := Case{Key: key, RO: "50123", Related: []RelatedRO{{RO: "50124"}, {RO: "1,2"}, {RO: "7#CASE#case-2"}}}
	if links := c.Links(); len(links) != 2 || links[0].RO != "50123" || links[1].RO != "50124" {
		t.Errorf("links %+v, want those of 50123 and 50124", links)
	}
}

func TestOnlyAnotherAccountOrBranchMakesAListAnothers(t *testing.T) {
	e1, r3 := export("e1", 1), refresh("r3", 3)
	fetchedOver := func(over Connection) Case {
		c := taken(unknown(), e1)
		return c.Retrieved(e1, Family{Related: []RelatedRO{{RO: "50124"}}}, over, ten.Add(4*time.Minute))
	}
	for name, tt := range map[string]struct {
		fetched, now Connection
		same         bool
	}{
		"the same":         {Connection{Account: "a", User: "u", Branch: "DAL"}, Connection{Account: "a", User: "u", Branch: "DAL"}, true},
		"another user":     {Connection{Account: "a", User: "u", Branch: "DAL"}, Connection{Account: "a", User: "v", Branch: "DAL"}, true},
		"the branch named": {Connection{Account: "a", User: "u", Branch: ""}, Connection{Account: "a", User: "u", Branch: "DAL"}, true},
		"the branch left":  {Connection{Account: "a", User: "u", Branch: "DAL"}, Connection{Account: "a", User: "u", Branch: ""}, true},
		"in capitals":      {Connection{Account: "6b1f", User: "u", Branch: ""}, Connection{Account: "6B1F", User: "u", Branch: ""}, true},
		"another branch": {Connection{Account: "a", User: "u", Branch: "DAL"}, Connection{Account: "a", User: "u", Branch: "HOU"},
			false},
		"another account": {Connection{Account: "a", User: "u", Branch: "DAL"}, Connection{Account: "b", User: "u", Branch: "DAL"},
			false},
		"no account":        {Connection{Account: "a", User: "u", Branch: ""}, Connection{}, false},
		"of an older store": {Connection{}, Connection{Account: "a", User: "u", Branch: ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := fetchedOver(tt.fetched)
			later := ten.Add(time.Hour)
			if fetches := Decide(c, tt.now, later, []Event{e1}).Fetch != nil; fetches == tt.same {
				t.Errorf("the redelivered export triggers a fetch: %t", fetches)
			}
			if fetches := Decide(c, tt.now, later, []Event{r3}).Fetch != nil; fetches == tt.same {
				t.Errorf("a refresh requested before the fetch of the list triggers a fetch: %t", fetches)
			}
			if shown := show(c, Settings{Connection: tt.now}); (len(shown.Related) == 1) != tt.same {
				t.Errorf("shown %+v", shown)
			}
		})
	}
}

func TestRefreshesAreAskedOnce(t *testing.T) {
	e1 := export("e1", 1)
	c := taken(unknown(), e1)
	c = c.Retrieved(e1, Family{}, Connection{}, ten.Add(5*time.Minute))
	for name, tt := range map[string]struct {
		stored Case
		asked  int
		now    int
		fetch  bool
	}{
		"asked before the list was fetched":        {c, 4, 10, false},
		"asked after the list was fetched":         {c, 6, 10, true},
		"the list failed since":                    {c.Failed(e1, OutcomeFailed, Unreachable, "", ten), 4, 10, true},
		"the list is of a clock that jumped ahead": {c, 4, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(tt.stored, Connection{}, ten.Add(time.Duration(tt.now)*time.Minute), []Event{refresh("r", tt.asked)})
			if (d.Fetch != nil) != tt.fetch {
				t.Errorf("triggers a fetch: %t", d.Fetch != nil)
			}
		})
	}
}

// A case is exported, possibly more than once, then closed and perhaps deleted, by senders whose
// clocks differ by up to MaxClockLead. In every order of delivery, the last event determines the
// final status.
func TestNoClockTurnsACloseIntoAnOlderEvent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		truth := ten
		var events []Event
		happens := func(ev Event) {
			truth = truth.Add(time.Duration(rapid.IntRange(1, 600).Draw(rt, "seconds later")) * time.Second)
			skew := time.Duration(rapid.Int64Range(0, int64(MaxClockLead)).Draw(rt, "clock leads by"))
			ev.Key, ev.RO, ev.OccurredAt = key, "50123", truth.Add(skew)
			events = append(events, ev)
		}
		for i := range rapid.IntRange(1, 3).Draw(rt, "exports") {
			happens(Event{ID: fmt.Sprint("e", i), Type: Exported})
		}
		last := CaseClosed
		happens(Event{ID: "c", Type: Closed, ClosedBy: ClosedByAuto})
		if rapid.Bool().Draw(rt, "is deleted") {
			happens(Event{ID: "d", Type: Deleted})
			last = CaseDeleted
		}
		c := unknown()
		for _, ev := range rapid.Permutation(append(events, events...)).Draw(rt, "delivery") {
			c = taken(c, ev)
		}
		if c.Status != last {
			rt.Errorf("final status is %s, want %s", c.Status, last)
		}
	})
}

// A location read another account for a while, and there a fetch for an already successful event
// failed. Back at the first account the case still shows a retry, so the retry must happen.
func TestWhatIsShownAsTriedAgainIs(t *testing.T) {
	e := export("e1", 1)
	c := retrying(ok(taken(unknown(), e), e), e)
	if d := decide(c, []Event{e}); d.Fetch == nil {
		t.Error("the case shows a retry, but the event counts as done")
	}
}
