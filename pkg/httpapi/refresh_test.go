package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

const refreshPath = "/v1/locations/loc-100/cases/case-1/refresh"

func TestRefreshSendsAnEventOfItsId(t *testing.T) {
	stored := aCase("loc-100", "case-1", "50", north)
	stored.Number = "1001"
	for name, c := range map[string]struct {
		stored bool
		body   string
		want   relatedro.Event
	}{
		"stored": {true, "", relatedro.Event{RO: "50", CaseNumber: "1001", Asset: "asset-77"}},
		"stored, body unneeded": {true, `{"roNumber":"99","caseNumber":"7"}`,
			relatedro.Event{RO: "50", CaseNumber: "1001", Asset: "asset-77"}},
		"not stored": {false, `{"roNumber":"99"}`, relatedro.Event{RO: "99"}},
		"not stored, all said": {false, `{"roNumber":"99","caseNumber":"7","assetId":"a"}`,
			relatedro.Event{RO: "99", CaseNumber: "7", Asset: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := enabled(t)
			if c.stored {
				w.save(stored)
			}
			var answered struct{ EventID string }
			w.as(relatedro.ServiceManager, "loc-100").send("POST", refreshPath, c.body).want(t, 202).decode(t, &answered)
			sent := w.inQueue(w.queues[relatedro.RefreshQueue].Source)
			if len(sent) != 1 {
				t.Fatalf("queued %v, want one message", sent)
			}
			got, err := sqsbatch.Decode(sent[0], noon)
			if err != nil {
				t.Fatal(err)
			}
			c.want.ID, c.want.Type, c.want.OccurredAt, c.want.Key = answered.EventID, relatedro.Refresh, noon, stored.Key
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRefreshOnceAMinute(t *testing.T) {
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	w.save(aCase("loc-100", "case-2", "51", north))
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", refreshPath, "").want(t, 202)
	w.clock.advance(15500 * time.Millisecond)
	r := manager.send("POST", refreshPath, "")
	r.problem(t, 429, "too-soon")
	if r.header.Get("Retry-After") != "45" {
		t.Errorf("Retry-After is %s, want 45", r.header.Get("Retry-After"))
	}
	manager.send("POST", strings.Replace(refreshPath, "case-1", "case-2", 1), "").want(t, 202)
	w.clock.advance(45 * time.Second)
	manager.send("POST", refreshPath, "").want(t, 202)
}

// The limit of one refresh per minute applies to successful lists. After a failure, the next
// refresh is possible sooner.
func TestRefreshAgainAfterAFailure(t *testing.T) {
	w, _ := enabled(t)
	failed := aCase("loc-100", "case-1", "50", north)
	failed.Retrieval = relatedro.Retrieval{Outcome: relatedro.OutcomeFailed, Trigger: relatedro.TriggerRefresh,
		Reason: relatedro.NotActivated}
	w.save(failed)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", refreshPath, "").want(t, 202)
	manager.send("POST", refreshPath, "").problem(t, 429, "too-soon")
	w.clock.advance(5 * time.Second)
	manager.send("POST", refreshPath, "").want(t, 202)
}

func TestRefreshThatTheQueueRefusesMayBeAskedForAgain(t *testing.T) {
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	manager, queue := w.as(relatedro.ServiceManager, "loc-100"), w.queues[relatedro.RefreshQueue].Source
	if _, err := w.queue.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &queue}); err != nil {
		t.Fatal(err)
	}
	manager.send("POST", refreshPath, "").problem(t, 503, "unavailable")
	w.startQueues()
	w.restart()
	manager = w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", refreshPath, "").want(t, 202)
}

func TestRefreshRefused(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", refreshPath, "").problem(t, 409, "ro-number-needed", "roNumber")
	manager.send("POST", refreshPath, `{"caseNumber":"7"}`).problem(t, 409, "ro-number-needed", "roNumber")
	manager.send("POST", refreshPath, `{"roNumber":"5|0","assetId":""}`).problem(t, 400, "bad-input", "roNumber", "assetId")
	w.setUp("loc-100", relatedro.Disabled, north)
	manager.send("POST", refreshPath, `{"roNumber":"50"}`).problem(t, 409, "location-disabled")
	if sent := w.inQueue(w.queues[relatedro.RefreshQueue].Source); len(sent) > 0 {
		t.Errorf("queued %v, want none", sent)
	}
}
