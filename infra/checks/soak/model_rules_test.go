package soak

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/relatedro"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func event(id string, eventType relatedro.EventType, minute int) relatedro.Event {
	ev := relatedro.Event{ID: id, Type: eventType, OccurredAt: noon.Add(time.Duration(minute) * time.Minute), RO: "100"}
	if eventType == relatedro.Closed {
		ev.ClosedBy = relatedro.ClosedByAuto
	}
	return ev
}

func TestNewestEvent(t *testing.T) {
	for name, c := range map[string]struct {
		events []relatedro.Event
		want   string
	}{
		"the latest":             {[]relatedro.Event{event("b", relatedro.Closed, 1), event("a", relatedro.Exported, 9)}, "a"},
		"a close at equal times": {[]relatedro.Event{event("a", relatedro.Closed, 1), event("b", relatedro.Exported, 1)}, "a"},
		"the greater id of two closes at equal times": {[]relatedro.Event{event("b", relatedro.Closed, 1), event("a", relatedro.Closed, 1)},
			"b"},
		"a close up to 5 minutes before an export": {[]relatedro.Event{event("a", relatedro.Closed, 1),
			event("b", relatedro.Exported, 6)}, "a"},
		"an export later than that": {[]relatedro.Event{event("a", relatedro.Closed, 1),
			event("b", relatedro.Exported, 7)}, "b"},
		"a deletion": {[]relatedro.Event{event("a", relatedro.Deleted, 1),
			event("b", relatedro.Closed, 6)}, "a"},
		"no refresh": {[]relatedro.Event{event("a", relatedro.Exported, 1),
			event("b", relatedro.Refresh, 2)}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			backwards := slices.Clone(c.events)
			slices.Reverse(backwards)
			for _, events := range [][]relatedro.Event{c.events, backwards} {
				if got := (soakCase{events: events}).newest().ID; got != c.want {
					t.Errorf("newest is %s, want %s", got, c.want)
				}
			}
		})
	}
}

// A model that cannot find errors would pass every soak.
func TestModelFindsWhatIsWrong(t *testing.T) {
	c := soakCase{account: "a", events: []relatedro.Event{event("e1", relatedro.Exported, 1), event("c2", relatedro.Closed, 2),
		event("r3", relatedro.Refresh, 3)}}
	known := &families{made: map[familyKey][]spinoff{}}
	known.add("a", "100", "100", "100-1", noon)
	known.add("a", "100", "100-1", "100-2", noon.Add(time.Hour))

	ro := func(number, relation string) shownRO { return shownRO{RONumber: number, Relation: relation} }
	right := func() shown {
		s := shown{Found: true, RONumber: "100", CaseStatus: "closed", ClosedBy: "auto", RelatedROs: []shownRO{ro("100-1", "alternate")}}
		s.Retrieval.Outcome, s.Retrieval.EventID, s.Retrieval.RetrievedAt = "ok", "c2", noon.Add(time.Minute)
		return s
	}
	for name, c2 := range map[string]struct {
		change func(*shown)
		says   string // empty: no complaint
	}{
		"right":                        {func(*shown) {}, ""},
		"refreshed":                    {func(s *shown) { s.Retrieval.EventID, s.Retrieval.Trigger = "r3", "refresh" }, ""},
		"with what came later":         {func(s *shown) { s.RelatedROs = append(s.RelatedROs, ro("100-2", "descendant")) }, ""},
		"not found":                    {func(s *shown) { s.Found = false }, "found is false"},
		"an older status":              {func(s *shown) { s.CaseStatus = "exported" }, "caseStatus is exported"},
		"another RO":                   {func(s *shown) { s.RONumber = "101" }, "roNumber is 101"},
		"still being tried":            {func(s *shown) { s.Retrieval.Outcome = "retrying" }, "outcome is retrying"},
		"retrieved for an older event": {func(s *shown) { s.Retrieval.EventID = "e1" }, "retrieved for e1"},
		"one missing":                  {func(s *shown) { s.RelatedROs = nil }, "100-1 is missing"},
		"one missing that came later":  {func(s *shown) { s.Retrieval.RetrievedAt = noon.Add(time.Hour) }, "100-2 is missing"},
		"one too many": {func(s *shown) { s.RelatedROs = append(s.RelatedROs, ro("9", "alternate")) },
			"9 is listed but not related"},
		"one twice":        {func(s *shown) { s.RelatedROs = append(s.RelatedROs, s.RelatedROs[0]) }, "100-1 is listed twice"},
		"another relation": {func(s *shown) { s.RelatedROs[0].Relation = "sibling" }, "100-1 is listed as sibling"},
		"an unknown asset": {func(s *shown) { s.AssetID = "asset" }, "assetId is asset"},
	} {
		t.Run(name, func(t *testing.T) {
			s := right()
			c2.change(&s)
			complaints := strings.Join(c.check(s, known), "; ")
			if c2.says == "" && complaints != "" || !strings.Contains(complaints, c2.says) {
				t.Errorf("the model says %q, want %q", complaints, c2.says)
			}
		})
	}
}

func TestModelMissesNoDeletedCaseThatIsShown(t *testing.T) {
	c := soakCase{events: []relatedro.Event{event("e1", relatedro.Exported, 1), event("d2", relatedro.Deleted, 2)}}
	if wrong := c.check(shown{}, &families{}); len(wrong) > 0 {
		t.Errorf("for a deleted case the model says %v", wrong)
	}
	if wrong := c.check(shown{Found: true}, &families{}); len(wrong) != 1 {
		t.Errorf("for a deleted case that is shown the model says %v", wrong)
	}
}

func TestMessageThatNoFunctionEndsIsLost(t *testing.T) {
	w := newWatch()
	s := &soak{watch: w, ids: []string{"fine", "expired"}, plan: &plan{messages: make([]message, 2)}}
	w.Line(lambdaengine.Line{Text: `{"message":"message","messageId":"fine","outcome":"retrying"}`})
	w.Line(lambdaengine.Line{Text: `{"message":"message","messageId":"fine","outcome":"ok"}`})
	w.Line(lambdaengine.Line{Text: `{"message":"message","messageId":"expired","outcome":"ok"}`})
	w.SQS(sqsengine.Event{Kind: sqsengine.Expired, MessageID: "expired"})
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.report; r.OK != 1 || r.Retried != 1 || r.Lost != 1 || len(r.Complaints) != 1 {
		t.Errorf("the report says %+v", r)
	}
}

func TestPlanHasAsManyMessagesAsAskedFor(t *testing.T) {
	for _, n := range []int{10, 11, 50, 200, 2000} {
		p := newPlan(n, rand.New(rand.NewPCG(1, 0)), noon)
		if len(p.messages) != n {
			t.Errorf("%d messages planned, want %d", len(p.messages), n)
		}
		for _, c := range p.cases {
			if len(c.events) == 0 || c.newest().ID == "" {
				t.Errorf("case %s has no export", c.key.Case)
			}
		}
	}
}
