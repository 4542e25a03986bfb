package httpapi_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

const retrievals = "/v1/locations/loc-100/cases/case-1/retrievals"

// pastAnswer holds the fields of a case's retrievals that these tests check.
type pastAnswer struct {
	RecordedSince *string
	Retrievals    []struct {
		At, LastAt, Trigger, Outcome string
		Reason                       *string
		Times                        int
		Added, Gone                  struct {
			RONumbers []string
			More      int
		}
	}
}

// fetched returns a case of loc-100 after one retrieval per element of found, one hour apart from
// noon on. An element is the number of the related RO that the retrieval found; "" is a failed
// retrieval.
func fetched(connection relatedro.Connection, found ...string) relatedro.Case {
	c := aCase("loc-100", "case-1", "50", connection)
	c.Retrieval, c.FetchedOver = relatedro.Retrieval{}, relatedro.Connection{}
	for i, ro := range found {
		ev, now := relatedro.Event{ID: fmt.Sprint("event-", i), Type: relatedro.Refresh, Key: c.Key}, noon.Add(time.Duration(i)*time.Hour)
		if ro == "" {
			c = c.Failed(ev, relatedro.OutcomeFailed, relatedro.NotActivated, "", now)
		} else {
			c = c.Retrieved(ev, relatedro.Family{Own: relatedro.RelatedRO{RO: "50"}, Related: []relatedro.RelatedRO{alternate(ro, "50")}},
				connection, now)
		}
	}
	return c
}

func TestRetrievalsOfACaseNewestFirst(t *testing.T) {
	w, advisor := enabled(t)
	w.save(fetched(north, "51", "", "52", "52", "52"))
	w.calls.take()
	var got pastAnswer
	advisor.get(retrievals).want(t, 200).decode(t, &got)
	if diff := cmp.Diff(map[string]int{"BatchGetItem": 1}, w.calls.take()); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	var lines []string
	for _, p := range got.Retrievals {
		reason := "-"
		if p.Reason != nil {
			reason = *p.Reason
		}
		lines = append(lines, fmt.Sprint(p.At[11:16], " ", p.LastAt[11:16], " x", p.Times, " ", p.Trigger, " ", p.Outcome, " ", reason,
			" +", p.Added.RONumbers, " -", p.Gone.RONumbers))
	}
	want := []string{
		"15:00 16:00 x2 refresh ok - +[] -[]",
		"14:00 14:00 x1 refresh ok - +[52] -[51]",
		"13:00 13:00 x1 refresh failed not_activated +[] -[]",
		"12:00 12:00 x1 refresh ok - +[51] -[]",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("retrievals: %s", diff)
	}
	if got.RecordedSince == nil || *got.RecordedSince != "2026-11-23T12:00:00Z" {
		t.Errorf("recordedSince is %v", got.RecordedSince)
	}
}

func TestNoRetrievalIsKeptOfACaseStoredBefore(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
	if r := advisor.get(retrievals).want(t, 200); r.body != `{"locationId":"loc-100","caseId":"case-1","recordedSince":null,`+
		`"retrievals":[]}` {
		t.Error(r.body)
	}
}

// Data of another account belongs to another dealer: the location must not show numbers from a
// connection that was a mistake.
func TestRetrievalsOverAnotherConnectionAreNotShown(t *testing.T) {
	w, advisor := enabled(t)
	w.save(fetched(south, "51", ""))
	var got pastAnswer
	advisor.get(retrievals).want(t, 200).decode(t, &got)
	if len(got.Retrievals) != 0 || got.RecordedSince != nil {
		t.Errorf("retrievals over another connection: %+v", got)
	}
}

func TestRetrievalsOfNoCase(t *testing.T) {
	w, advisor := enabled(t)
	advisor.get(retrievals).problem(t, 404, "case-not-retrieved")
	w.save(relatedro.Case{Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}, Status: relatedro.CaseDeleted,
		Stated: relatedro.Stated{ID: "d", Type: relatedro.Deleted, OccurredAt: noon}})
	advisor.get(retrievals).problem(t, 404, "case-not-retrieved")
}

// P1 to P4 do not include the retrieval history.
func TestAnswersDoNotCarryTheHistory(t *testing.T) {
	w, advisor := enabled(t)
	c := fetched(north, "51")
	bare := c
	bare.Past = nil
	requests := map[string]func() response{
		"P1": func() response { return advisor.get(oneCase) },
		"P2": func() response { return advisor.get("/v1/locations/loc-100/assets/asset-77/related-ros") },
		"P3": func() response {
			return advisor.send("POST", "/v1/related-ros/batch-get", `{"cases":[{"locationId":"loc-100","caseId":"case-1"}]}`)
		},
		"P4": func() response { return advisor.get("/v1/search?locationId=loc-100&ro=50") },
	}
	w.save(bare)
	without := make(map[string]string)
	for name, request := range requests {
		without[name] = request().want(t, 200).body
	}
	w.save(c)
	for name, request := range requests {
		if r := request().want(t, 200); r.body != without[name] {
			t.Errorf("%s returns %s with a history, %s without", name, r.body, without[name])
		}
	}
}
