package e2e

import (
	"encoding/json"
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
	if queued := s.refetch(`{"cases":[{"caseId":"case-1","roNumber":"` + s.ro + `","caseNumber":"1001"}]}`); queued != 1 {
		t.Errorf("%d cases queued, want 1", queued)
	}
	s.lists("case-1", s.alt)
	ids := s.send(s.event("e1"))
	s.settled(ids...)
	s.shows("exported", "ok", "e1", s.alt)
	s.spinoff(s.account, s.alt+"9")
	if queued := s.refetch(""); queued != 1 {
		t.Errorf("%d cases queued, want 1", queued)
	}
	s.lists("case-1", s.alt, s.alt+"9")
	s.nothingSetAside()
}

// refetch calls the API's refetch and returns how many cases were queued.
func (s *shop) refetch(body string) int {
	s.t.Helper()
	token, err := sys.stack.Token("service_manager", s.location)
	s.must(err)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, sys.stack.APIURL+"/v1/locations/"+s.location+"/refetch",
		strings.NewReader(body))
	s.must(err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer response.Body.Close()
	var answer struct{ Queued int }
	s.must(json.NewDecoder(response.Body).Decode(&answer))
	if response.StatusCode != http.StatusAccepted {
		s.t.Fatalf("refetch status is %d", response.StatusCode)
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
