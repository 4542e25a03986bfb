package e2e

import (
	"testing"
)

// The functions' own binaries: what Karmak makes without any event is on the case after the schedule's next run. Not beside
// other tests: a run looks at their locations, too.
func TestFollowShowsWhatNoEventAnnounced(t *testing.T) {
	s := newShop(t)
	s.settled(s.send(s.event("e1"))...)
	s.shows("exported", "ok", "e1", s.alt)
	s.spinoff(s.account, s.alt+"9")
	s.must(sys.stack.Follow(t.Context()))
	s.lists("case-1", s.alt, s.alt+"9")
	s.nothingSetAside()
}
