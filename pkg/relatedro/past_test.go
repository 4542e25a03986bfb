package relatedro

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// said formats a past retrieval in one line.
func said(p PastRetrieval) string {
	words := []string{string(p.Trigger), string(p.Outcome)}
	if p.Reason != "" {
		words = append(words, string(p.Reason))
	}
	if p.Times > 1 {
		words = append(words, fmt.Sprintf("x%d until %s", p.Times, p.LastAt.Format("15:04")))
	}
	for _, kind := range []struct {
		sign string
		of   Numbers
	}{{"+", p.Added}, {"invoiced ", p.Invoiced}, {"voided ", p.Voided}, {"changed ", p.Changed}, {"-", p.Gone}} {
		for _, ro := range kind.of.Named {
			words = append(words, kind.sign+ro)
		}
		if kind.of.More > 0 {
			words = append(words, fmt.Sprintf("%sand %d", kind.sign, kind.of.More))
		}
	}
	return strings.Join(words, " ")
}

func saidOf(past []PastRetrieval) []string {
	lines := make([]string, len(past))
	for i, p := range past {
		lines[i] = said(p)
	}
	return lines
}

// happening is one retrieval in a table test; each is a minute after the one before.
type happening struct {
	ev     Event
	failed Reason  // "" means ok
	as     Outcome // OutcomeFailed unless given
	over   string  // account; "" means north
	found  []RelatedRO
}

func (h happening) to(c Case, at time.Time) Case {
	if h.failed != "" {
		outcome := h.as
		if outcome == "" {
			outcome = OutcomeFailed
		}
		return c.Failed(h.ev, outcome, h.failed, "", at)
	}
	account := h.over
	if account == "" {
		account = "north"
	}
	return c.Retrieved(h.ev, Family{Own: RelatedRO{RO: "50123"}, Related: h.found}, Connection{Account: account}, at)
}

func TestCaseRemembersWhatItsRetrievalsFound(t *testing.T) {
	e, c, r, f := export("e", 1), closing("c", 2), refresh("r", 3), refresh("f", 4, func(ev *Event) { ev.Cause = TriggerFollow })
	a, b := RelatedRO{RO: "50124", Status: ROOpen}, RelatedRO{RO: "50125", Status: ROOpen}
	with := func(r RelatedRO, change func(*RelatedRO)) RelatedRO { change(&r); return r }
	invoiced, voided := with(a, func(r *RelatedRO) { r.Status = ROInvoiced }), with(b, func(r *RelatedRO) { r.Voided = true })
	billed := with(a, func(r *RelatedRO) { r.BillTo = "Bendix" })
	spelled := with(a, func(r *RelatedRO) { r.RO = "050124" })
	var many []RelatedRO
	for i := range MostNamed + 3 {
		many = append(many, RelatedRO{RO: fmt.Sprint(60000 + i)})
	}
	for name, tt := range map[string]struct {
		happened []happening
		want     []string
	}{
		"a first list":        {[]happening{{ev: e, found: []RelatedRO{a, b}}}, []string{"export ok +50124 +50125"}},
		"a first list, empty": {[]happening{{ev: e}}, []string{"export ok"}},
		"one more": {[]happening{{ev: e, found: []RelatedRO{a}}, {ev: f, found: []RelatedRO{a, b}}},
			[]string{"export ok +50124", "follow ok +50125"}},
		"invoiced, voided": {[]happening{{ev: e, found: []RelatedRO{a, b}},
			{ev: c, found: []RelatedRO{invoiced, voided}}}, []string{"export ok +50124 +50125", "close ok invoiced 50124 voided 50125"}},
		"found voided": {[]happening{{ev: e, found: []RelatedRO{voided}}}, []string{"export ok +50125"}},
		"open again": {[]happening{{ev: e, found: []RelatedRO{invoiced}}, {ev: r, found: []RelatedRO{a}}},
			[]string{"export ok +50124", "refresh ok changed 50124"}},
		"billed to another": {[]happening{{ev: e, found: []RelatedRO{a}}, {ev: r, found: []RelatedRO{billed}}},
			[]string{"export ok +50124", "refresh ok changed 50124"}},
		"gone, and back": {[]happening{{ev: e, found: []RelatedRO{a, b}}, {ev: r, found: []RelatedRO{b}},
			{ev: c, found: []RelatedRO{a, b}}}, []string{"export ok +50124 +50125", "refresh ok -50124", "close ok +50124"}},
		"gone, and still gone": {[]happening{{ev: e, found: []RelatedRO{a, b}}, {ev: r, found: []RelatedRO{b}},
			{ev: f, found: []RelatedRO{b}}}, []string{"export ok +50124 +50125", "refresh ok -50124", "follow ok"}},
		"more than are named": {[]happening{{ev: e, found: many}},
			[]string{"export ok +60000 +60001 +60002 +60003 +60004 +60005 +60006 +60007 +60008 +60009 +and 3"}},
		"nothing new, by several": {[]happening{{ev: e, found: []RelatedRO{a}}, {ev: f, found: []RelatedRO{a}},
			{ev: f, found: []RelatedRO{a}}, {ev: r, found: []RelatedRO{a}}},
			[]string{"export ok +50124", "follow ok x2 until 10:02", "refresh ok"}},
		"nothing new is not added to a change": {[]happening{{ev: r, found: []RelatedRO{a}}, {ev: r, found: []RelatedRO{a}}},
			[]string{"refresh ok +50124", "refresh ok"}},
		"tried again, then ok": {[]happening{{ev: e, failed: Unreachable, as: OutcomeRetrying},
			{ev: e, failed: Unreachable, as: OutcomeRetrying}, {ev: e, found: []RelatedRO{a}}},
			[]string{"export retrying unreachable", "export ok +50124"}},
		"tried again, then given up": {[]happening{{ev: e, failed: Unreachable, as: OutcomeRetrying},
			{ev: e, failed: Unreachable}}, []string{"export failed unreachable"}},
		"another reason": {[]happening{{ev: e, failed: Unreachable, as: OutcomeRetrying},
			{ev: e, failed: NotActivated}}, []string{"export retrying unreachable", "export failed not_activated"}},
		"two refreshes in vain": {[]happening{{ev: r, failed: Unreachable}, {ev: refresh("r2", 5), failed: Unreachable}},
			[]string{"refresh failed unreachable x2 until 10:01"}},
		"over another account": {[]happening{{ev: e, found: []RelatedRO{a}}, {ev: r, over: "south", found: []RelatedRO{b}}},
			[]string{"refresh ok +50125"}},
		"failed before, elsewhere": {[]happening{{ev: e, failed: Unreachable}, {ev: r, over: "south", found: []RelatedRO{b}}},
			[]string{"export failed unreachable", "refresh ok +50125"}},
		"another RO": {[]happening{{ev: e, found: []RelatedRO{a}},
			{ev: export("e2", 9, underRO("70000")), found: []RelatedRO{b}}}, []string{"export ok +50125"}},
		"another spelling": {[]happening{{ev: e, found: []RelatedRO{a}}, {ev: r, found: []RelatedRO{spelled}}},
			[]string{"export ok +50124", "refresh ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			stored := unknown()
			for i, h := range tt.happened {
				stored = h.to(taken(stored, h.ev), ten.Add(time.Duration(i)*time.Minute))
			}
			if got := saidOf(stored.Past); !slices.Equal(got, tt.want) {
				t.Errorf("history is\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

// The numbers beyond the end of a cut list are unknown, so they do not count as added when they
// appear.
func TestWhatACutListHadIsNotNew(t *testing.T) {
	c := unknown()
	c.Related, c.Omitted = []RelatedRO{{RO: "50124"}, {RO: "50126"}}, 5
	found := []RelatedRO{{RO: "50124"}, {RO: "50125"}, {RO: "50126"}, {RO: "50127"}, {RO: "50128"}}
	c = c.Retrieved(refresh("r", 1), Family{Related: found}, Connection{}, ten)
	if got := saidOf(c.Past); !slices.Equal(got, []string{"refresh ok +50125"}) {
		t.Errorf("history is %q", got)
	}
	c.Related, c.Omitted = nil, 3
	if got := saidOf(c.Retrieved(closing("c", 2), Family{Related: found}, Connection{}, ten).Past); got[1] != "close ok" {
		t.Errorf("history is %q", got)
	}
}

// A history holds at most 50 retrievals, and adding one leaves the original case's history
// unchanged.
func TestHistoryIsBounded(t *testing.T) {
	c := unknown()
	var before []Case
	for i := range MostPast + 7 {
		before = append(before, c)
		c = c.Retrieved(refresh(fmt.Sprint(i), i), Family{Related: []RelatedRO{{RO: "50124", BillTo: fmt.Sprint(i)}}}, Connection{},
			ten.Add(time.Duration(i)*time.Minute))
	}
	if len(c.Past) != MostPast || !c.Past[0].At.Equal(ten.Add(7*time.Minute)) {
		t.Errorf("history has %d retrievals, the first at %v", len(c.Past), c.Past[0].At)
	}
	for i, b := range before {
		if len(b.Past) != min(i, MostPast) {
			t.Errorf("the case before retrieval %d now has a history of %d", i, len(b.Past))
		}
	}
}

// For every series of DMS answers, the numbers added minus the numbers gone make up the list, and
// each retrieval states exactly how its list differs from the previous one.
func TestHistoryNeverLies(t *testing.T) {
	ro := rapid.Custom(func(rt *rapid.T) RelatedRO {
		return RelatedRO{
			RO:     fmt.Sprint(rapid.IntRange(50120, 50132).Draw(rt, "number")),
			Status: rapid.SampledFrom([]ROStatus{ROOpen, ROCompleted, ROInvoiced}).Draw(rt, "status"),
			Voided: rapid.Bool().Draw(rt, "voided"),
			BillTo: rapid.SampledFrom([]string{"", "Bendix"}).Draw(rt, "bill to"),
		}
	})
	families := rapid.SliceOfNDistinct(ro, 0, 12, func(r RelatedRO) string { return r.RO })
	rapid.Check(t, func(rt *rapid.T) {
		c, at := unknown(), ten
		adrift := 0 // added minus gone, over retrievals that the history has dropped
		for i := range rapid.IntRange(1, 70).Draw(rt, "retrievals") {
			at = at.Add(time.Duration(rapid.IntRange(1, 48).Draw(rt, "hours later")) * time.Hour)
			ev := rapid.SampledFrom([]Event{export("e", i), refresh(fmt.Sprint("r", i), i)}).Draw(rt, "event")
			was := c
			if rapid.IntRange(0, 4).Draw(rt, "fails") == 0 {
				reason := rapid.SampledFrom([]Reason{Unreachable, RateLimited}).Draw(rt, "reason")
				c = c.Failed(ev, OutcomeRetrying, reason, "", at)
			} else {
				c = c.Retrieved(ev, Family{Related: families.Draw(rt, "family")}, Connection{}, at)
			}
			if len(was.Past) == MostPast && len(c.Past) == MostPast && c.Past[0].At != was.Past[0].At {
				adrift += was.Past[0].Added.Count() - was.Past[0].Gone.Count()
			}
			differsAsSaid(rt, was, c)
			sum := adrift
			for _, p := range c.Past {
				sum += p.Added.Count() - p.Gone.Count()
			}
			if listed := len(present(c.Related)); sum != listed {
				rt.Fatalf("the history adds up to %d numbers, the list has %d\n%s", sum, listed, strings.Join(saidOf(c.Past), "\n"))
			}
			if len(c.Past) > MostPast || !slices.IsSortedFunc(c.Past, func(a, b PastRetrieval) int { return a.At.Compare(b.At) }) {
				rt.Fatalf("history is too long or out of order: %q", saidOf(c.Past))
			}
		}
	})
}

// differsAsSaid fails the test unless the last retrieval states how the two lists differ, computed
// independently.
func differsAsSaid(rt *rapid.T, before, after Case) {
	last := after.Past[len(after.Past)-1]
	counts := map[string]int{}
	was, is := present(before.Related), present(after.Related)
	for number, r := range is {
		old, known := was[number]
		switch {
		case !known:
			counts["added"]++
		case old.Status != r.Status || old.Voided != r.Voided || old.BillTo != r.BillTo:
			counts["changed"]++
		}
	}
	for number := range was {
		if _, still := is[number]; !still {
			counts["gone"]++
		}
	}
	changed := last.Changed.Count() + last.Invoiced.Count() + last.Voided.Count()
	if last.Added.Count() != counts["added"] || last.Gone.Count() != counts["gone"] || changed != counts["changed"] {
		rt.Fatalf("history states %q, the lists differ by %v", said(last), counts)
	}
	for _, ro := range last.Invoiced.Named {
		if is[ro].Status != ROInvoiced || was[ro].Status == ROInvoiced {
			rt.Fatalf("RO %s was not invoiced", ro)
		}
	}
	for _, ro := range last.Voided.Named {
		if !is[ro].Voided || was[ro].Voided {
			rt.Fatalf("RO %s was not voided", ro)
		}
	}
}
