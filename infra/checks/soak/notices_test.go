package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/local/platform"
	"related-ro/pkg/relatedro"
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
	lists map[relatedro.CaseKey]map[int64][]platform.NoticeRO
	calls atomic.Int64
	calm  atomic.Bool // no more faults are injected
}

func newNotices() *notices {
	return &notices{ids: map[string]bool{}, lists: map[relatedro.CaseKey]map[int64][]platform.NoticeRO{}}
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
	key := relatedro.CaseKey{Location: d.LocationID, Case: d.CaseID}
	if n.lists[key] == nil {
		n.lists[key] = map[int64][]platform.NoticeRO{}
	}
	n.lists[key][d.Revision] = d.RelatedROs
}

// trouble makes two of three PutEvents calls fail, in every possible way, until calm is set.
func (n *notices) trouble() eventengine.Fault {
	call := n.calls.Add(1)
	if call%3 == 0 || n.calm.Load() {
		return eventengine.None
	}
	return []eventengine.Fault{eventengine.Whole, eventengine.Some, eventengine.HangUp, eventengine.AnswerLost}[call%4]
}

// keepKilling kills notify repeatedly until ctx ends.
func (s *soak) keepKilling(ctx context.Context) error {
	next := int64(killsEach)
	poll(ctx, forever, func() bool {
		if s.notices.calls.Load() >= next {
			s.report.Kills += s.Kill("notify")
			next = s.notices.calls.Load() + killsEach
		}
		return false
	})
	return nil
}

// view returns the subscriber's view of a case: the list with the highest revision.
func (n *notices) view(key relatedro.CaseKey) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	newest := int64(0)
	for revision := range n.lists[key] {
		newest = max(newest, revision)
	}
	return text(n.lists[key][newest])
}

// text returns a list as text.
func text(list []platform.NoticeRO) string {
	var b strings.Builder
	for _, ro := range list {
		fmt.Fprintf(&b, "%s %s %s %t; ", ro.RONumber, ro.Status, ro.BillTo, ro.Voided)
	}
	return b.String()
}

// judgeNotices ends the faults, waits until the subscriber's view of every case matches the API,
// and reports events without a change.
func (s *soak) judgeNotices(ctx context.Context) error {
	s.notices.calm.Store(true)
	poll(ctx, settleWithin, func() bool { return s.differs() == "" })
	if difference := s.differs(); difference != "" {
		s.report.wrong("events: %s", difference)
	}
	s.notices.mu.Lock()
	defer s.notices.mu.Unlock()
	for _, complaint := range s.notices.wrong {
		s.report.wrong("%s", complaint)
	}
	for key, byRevision := range s.notices.lists {
		before := ""
		for _, revision := range slices.Sorted(maps.Keys(byRevision)) {
			list := text(byRevision[revision])
			if list == before && list != "" { // an empty list also comes with a deletion
				s.report.wrong("%s of %s: two events with the same list, the second at revision %d", key.Case, key.Location, revision)
			}
			before = list
		}
	}
	s.report.Events, s.report.Duplicates = len(s.notices.ids), s.notices.duplicates
	return nil
}

// differs describes the first case whose subscriber view differs from the API; it is empty if there
// is none.
func (s *soak) differs() string {
	for key, list := range s.stored {
		if view := s.notices.view(key); view != list {
			return fmt.Sprintf("%s of %s: the events say %q, the API says %q", key.Case, key.Location, view, list)
		}
	}
	return ""
}
