package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
)

// killsEach is the number of PutEvents calls between two kills of notify.
const killsEach = 4

// notices records every event accepted by the bus. Safe for concurrent use.
type notices struct {
	mu         sync.Mutex
	ids        map[string]bool
	duplicates int
	wrong      []string
	// lists holds the lists in a case's events, by revision.
	lists map[caseKey]map[int64][]platform.NoticeRO
	calls atomic.Int64
	over  atomic.Bool // no more faults are injected
}

type caseKey struct{ location, id string }

func newNotices() *notices {
	return &notices{ids: map[string]bool{}, lists: map[caseKey]map[int64][]platform.NoticeRO{}}
}

// Event is an observer of the event bus.
func (n *notices) Event(e eventengine.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var d platform.NoticeDetail
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		n.wrong = append(n.wrong, fmt.Sprintf("event %s: %v", e.Detail, err))
		return
	}
	if n.ids[d.ID] {
		n.duplicates++
		return
	}
	n.ids[d.ID] = true
	if e.DetailType != "RelatedROsChanged" {
		return
	}
	if len(d.Added)+len(d.Removed)+len(d.Changed) == 0 && !d.Deleted {
		n.wrong = append(n.wrong, fmt.Sprintf("event without a change: %s", e.Detail))
	}
	key := caseKey{d.LocationID, d.CaseID}
	if n.lists[key] == nil {
		n.lists[key] = map[int64][]platform.NoticeRO{}
	}
	n.lists[key][d.Revision] = d.RelatedROs
}

// trouble makes two of three PutEvents calls fail, in every possible way, until over is set.
func (n *notices) trouble() eventengine.Fault {
	call := n.calls.Add(1)
	if call%3 == 0 || n.over.Load() {
		return eventengine.None
	}
	return []eventengine.Fault{eventengine.Whole, eventengine.Some, eventengine.HangUp, eventengine.AnswerLost}[call%4]
}

// wrap puts the faults in front of the event bus, and the killer in front of Karmak.
func (s *soak) wrap(engine stack.Engine, handler http.Handler) http.Handler {
	if engine == stack.Events {
		return eventengine.Faults(handler, s.told.trouble)
	}
	return s.killer.wrap(engine, handler)
}

// keepKilling kills notify repeatedly until ctx ends.
func (s *soak) keepKilling(ctx context.Context) error {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for next := int64(killsEach); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if s.told.calls.Load() >= next {
			s.report.Kills += s.Kill("notify")
			next = s.told.calls.Load() + killsEach
		}
	}
}

// knows returns the subscriber's view of a case: the list with the highest revision.
func (n *notices) knows(key caseKey) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	newest := int64(0)
	for revision := range n.lists[key] {
		newest = max(newest, revision)
	}
	return said(n.lists[key][newest])
}

// said returns a list as text.
func said(list []platform.NoticeRO) string {
	var b strings.Builder
	for _, ro := range list {
		fmt.Fprintf(&b, "%s %s %s %t; ", ro.RONumber, ro.Status, ro.BillTo, ro.Voided)
	}
	return b.String()
}

// judgeNotices ends the faults, waits until the subscriber's view of every case matches the API,
// and reports events without a change.
func (s *soak) judgeNotices(ctx context.Context) error {
	stored := map[caseKey]string{}
	for some := range slices.Chunk(s.plan.cases, perAnswer) {
		lists, err := s.lists(ctx, some)
		if err != nil {
			return err
		}
		for key, list := range lists {
			stored[key] = list
		}
	}
	s.told.over.Store(true)
	limit := time.After(settleWithin)
	for waiting := true; waiting && s.differs(stored) != ""; {
		select {
		case <-time.After(lookAgain):
		case <-limit:
			waiting = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if what := s.differs(stored); what != "" {
		s.report.wrong("events: %s", what)
	}
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	for _, complaint := range s.told.wrong {
		s.report.wrong("%s", complaint)
	}
	for key, byRevision := range s.told.lists {
		before := ""
		for _, revision := range sortedKeys(byRevision) {
			list := said(byRevision[revision])
			if list == before && list != "" { // an empty list also comes with a deletion
				s.report.wrong("%s of %s: two events with the same list, the second at revision %d", key.id, key.location, revision)
			}
			before = list
		}
	}
	s.report.Told, s.report.ToldTwice = len(s.told.ids), s.told.duplicates
	return nil
}

func sortedKeys(byRevision map[int64][]platform.NoticeRO) []int64 {
	var all []int64
	for revision := range byRevision {
		all = append(all, revision)
	}
	slices.Sort(all)
	return all
}

// differs describes the first case whose subscriber view differs from the API; it is empty if there
// is none.
func (s *soak) differs(stored map[caseKey]string) string {
	for key, list := range stored {
		if knows := s.told.knows(key); knows != list {
			return fmt.Sprintf("%s of %s: the events say %q, the API says %q", key.id, key.location, knows, list)
		}
	}
	return ""
}

// lists returns the lists that the API shows for the cases, in the form of said.
func (s *soak) lists(ctx context.Context, cases []soakCase) (map[caseKey]string, error) {
	var asked []map[string]string
	for _, c := range cases {
		asked = append(asked, map[string]string{"locationId": c.key.Location, "caseId": c.key.Case})
	}
	var answer struct {
		Cases []struct {
			LocationID, CaseID string
			RelatedROs         []struct {
				RONumber, Status string
				Warranty, Voided bool
			}
		}
	}
	if err := s.post(ctx, "field_manager", "/v1/related-ros/batch-get", map[string]any{"cases": asked}, http.StatusOK, &answer); err != nil {
		return nil, err
	}
	lists := map[caseKey]string{}
	for _, c := range answer.Cases {
		var list []platform.NoticeRO
		for _, ro := range c.RelatedROs {
			billTo := "customer"
			if ro.Warranty {
				billTo = "warranty"
			}
			list = append(list, platform.NoticeRO{RONumber: ro.RONumber, Status: ro.Status, BillTo: billTo, Voided: ro.Voided})
		}
		lists[caseKey{c.LocationID, c.CaseID}] = said(list)
	}
	return lists, nil
}
