package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

const refetchPath = "/v1/locations/loc-100/refetch"

type refetched struct {
	Queued, Left int
	Cursor       *string
}

// refreshes returns the sorted case ids and RO numbers of all refreshes in the queue.
func (w *world) refreshes() (cases []string) {
	w.Helper()
	for {
		bodies := w.inQueue(w.queues[relatedro.RefreshQueue].Source) // at most ten
		for _, body := range bodies {
			ev, err := sqsbatch.Decode(body, w.clock.Now())
			if err != nil || ev.Type != relatedro.Refresh {
				w.Errorf("unexpected message %s: error %v", body, err)
			}
			cases = append(cases, ev.Key.Case+" "+ev.RO)
		}
		if len(bodies) == 0 {
			slices.Sort(cases)
			return cases
		}
	}
}

func TestRefetchQueuesALocation(t *testing.T) {
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	failed := aCase("loc-100", "case-2", "51", north)
	failed.Retrieval.Outcome, failed.Retrieval.Reason = relatedro.OutcomeFailed, relatedro.NotActivated
	w.save(failed)
	w.save(aCase("loc-200", "case-3", "52", north))
	manager := w.as(relatedro.ServiceManager, "loc-100")
	w.clock.advance(time.Minute)

	var done refetched
	manager.send("POST", refetchPath, `{"only":"failed"}`).want(t, 202).decode(t, &done)
	if got := w.refreshes(); fmt.Sprint(got) != "[case-2 51]" || done.Queued != 1 || done.Left != 0 || done.Cursor != nil {
		t.Errorf("queued %v, response %+v", got, done)
	}
	w.startQueues()
	w.restart()
	w.as(relatedro.ServiceManager, "loc-100").send("POST", refetchPath, "").want(t, 202)
	if got := w.refreshes(); fmt.Sprint(got) != "[case-1 50 case-2 51]" {
		t.Errorf("queued %v, want all cases of the location", got)
	}
}

func TestRefetchTakesCasesThatAreHandedOver(t *testing.T) {
	w, _ := enabled(t)
	cases := make([]string, 500)
	for i := range cases {
		cases[i] = fmt.Sprintf(`{"caseId":"case-%03d","roNumber":"%d","caseNumber":"%d","assetId":"asset-7"}`, i, 50000+i, i+1)
	}
	body := func(n int) string { return `{"cases":[` + strings.Join(cases[:n], ",") + `]}` }
	manager := w.as(relatedro.ServiceManager, "loc-100")
	var done refetched
	manager.send("POST", refetchPath, body(500)).want(t, 202).decode(t, &done)
	if done.Queued != 500 || done.Left != 0 || done.Cursor != nil {
		t.Errorf("unexpected response: %+v", done)
	}
	if got := w.refreshes(); len(got) != 500 || got[499] != "case-499 50499" {
		t.Errorf("%d refreshes queued, the last one %s", len(got), got[len(got)-1])
	}
	cases = append(cases, `{"caseId":"case-500","roNumber":"1"}`)
	manager.send("POST", refetchPath, body(501)).problem(t, 400, "bad-input", "cases")
	manager.send("POST", refetchPath, `{"cases":[{"caseId":"a b"},{"caseId":"c","roNumber":"1","x":1}],"only":"all"}`).
		problem(t, 400, "bad-input", "cases[0].caseId", "cases[0].roNumber", "cases[1].x", "only")
}

func TestRefetchRefused(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", refetchPath, `{"only":"some"}`).problem(t, 400, "bad-input", "only")
	manager.send("POST", refetchPath, `{"cursor":"AAAA"}`).problem(t, 400, "bad-input", "cursor")
	w.as(relatedro.ServiceAdvisor, "loc-100").send("POST", refetchPath, "").problem(t, 403, "forbidden")
	w.as(relatedro.ServiceManager, "loc-200").send("POST", refetchPath, "").problem(t, 403, "forbidden")
	w.setUp("loc-100", relatedro.Disabled, north)
	manager.send("POST", refetchPath, "").problem(t, 409, "location-disabled")
	if got := w.refreshes(); len(got) > 0 {
		t.Errorf("queued %v, want none", got)
	}
}
