package e2e

import (
	"testing"
)

// Tested with the functions' own binaries: a change in Karmak without an event is on the case after
// the schedule's next run. Not parallel with other tests, because a run also polls their locations.
func TestFollowShowsUnannouncedChanges(t *testing.T) {
	s := newShop(t)
	s.settled(s.send(s.event("e1"))...)
	s.shows("exported", "ok", "e1", s.alt)
	s.spinoff(s.account, s.alt+"9")
	s.must(sys.stack.Follow(t.Context()))
	s.lists("case-1", s.alt, s.alt+"9")
	s.nothingSetAside()
}
