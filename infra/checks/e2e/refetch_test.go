package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A location is enabled late: the platform hands over its open cases, and a function of its own
// refetches the whole location.
func TestLocationIsHandedOverAndFetchedAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cases := []map[string]string{{"caseId": "case-1", "roNumber": s.ro, "caseNumber": "1001"}}
	if queued := s.refetch(map[string]any{"cases": cases}); queued != 1 {
		t.Errorf("%d cases queued, want 1", queued)
	}
	s.lists("case-1", s.alt)
	ids := s.send(s.event("e1"))
	s.settled(ids...)
	s.shows("exported", "ok", "e1", s.alt)
	s.spinoff(s.account, s.alt+"9")
	if queued := s.refetch(nil); queued != 1 {
		t.Errorf("%d cases queued, want 1", queued)
	}
	s.lists("case-1", s.alt, s.alt+"9")
	s.nothingSetAside()
}

// refetch calls the API's refetch and returns how many cases were queued.
func (s *shop) refetch(body any) int {
	s.t.Helper()
	var answer struct{ Queued int }
	status, err := sys.platform.Ask(s.t.Context(), "service_manager", s.location, http.MethodPost,
		"/v1/locations/"+s.location+"/refetch", body, &answer)
	s.must(err)
	if status != http.StatusAccepted {
		s.t.Fatalf("refetch status is %d", status)
	}
	return answer.Queued
}

// lists waits until the API shows the case as ok with these related ROs, regardless of the
// retrieval's trigger.
func (s *shop) lists(caseID string, related ...string) {
	s.t.Helper()
	got, want := "", ": "+strings.Join(related, " ")
	eventually(s.t, func() string { return fmt.Sprintf("%s reads %q, want ok with%s", caseID, got, want) }, func() bool {
		got = s.reads(caseID)
		return strings.Contains(got, ", ok by ") && strings.HasSuffix(got, want)
	})
}
