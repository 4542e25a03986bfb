package httpapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/relatedro"
)

// atOnce sends a request n times concurrently and counts the responses by status.
func (c caller) atOnce(n int, method, path, body string, headers ...string) map[int]int {
	c.Helper()
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r := c.send(method, path, body, headers...)
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
		})
	}
	all.Wait()
	return statuses
}

func TestVerifyAsksKarmakOnceForALocation(t *testing.T) {
	w, _ := enabled(t)
	w.karmakActive(north)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.send("POST", settingsPath+"/verify", "").want(t, 200)
	once := len(w.karmak.Requests())
	w.clock.advance(relatedro.VerifyPeriod)
	if statuses := manager.atOnce(40, "POST", settingsPath+"/verify", ""); statuses[200] != 1 || statuses[429] != 39 {
		t.Errorf("responses by status: %v", statuses)
	}
	if asked := len(w.karmak.Requests()) - once; asked > once {
		t.Errorf("Karmak received %d requests, but one verification takes %d", asked, once)
	}
	if r := manager.send("POST", settingsPath+"/verify", ""); r.header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q: %s", r.header.Get("Retry-After"), r.body)
	}
}

func TestEnablingAsksKarmakForOneAtATime(t *testing.T) {
	w := newWorld(t)
	w.karmakActive(north)
	w.setUp("loc-100", relatedro.Disabled, north)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	statuses := manager.atOnce(20, "PUT", settingsPath, wanting(relatedro.Enabled, north), "If-Match", `"1"`)
	if statuses[200] != 1 || statuses[200]+statuses[412]+statuses[429] != 20 {
		t.Errorf("responses by status: %v", statuses)
	}
	// The next request does not need to wait, regardless of the previous result.
	manager.put(2, relatedro.Enabled, north).want(t, 200)
	manager.put(3, relatedro.Enabled, north).want(t, 200)
}

func TestOnePersonAsksSoOftenAMinute(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	refresh := func(c caller, i int) response {
		return c.send("POST", fmt.Sprintf("/v1/locations/loc-100/cases/invented-%d/refresh", i), `{"roNumber":"99"}`)
	}
	for i := range relatedro.AsksAMinute {
		refresh(manager, i).want(t, 202)
	}
	w.clock.advance(15 * time.Second)
	r := refresh(manager, 1000)
	if r.problem(t, 429, "too-soon"); r.header.Get("Retry-After") != "45" {
		t.Errorf("Retry-After is %s, want 45", r.header.Get("Retry-After"))
	}
	manager.send("POST", settingsPath+"/verify", "").problem(t, 429, "too-soon")
	manager.put(1, relatedro.Enabled, north).problem(t, 429, "too-soon")
	other := w.claiming(map[string]any{"sub": "user-8", "roles": "service_manager", "locations": "loc-100"})
	refresh(other, 1001).want(t, 202)
	w.clock.advance(45 * time.Second)
	refresh(manager, 1002).want(t, 202)
}

// TestRefreshAfterACrash stores the claim of an invocation that crashed before it queued the
// refresh.
func TestRefreshAfterACrash(t *testing.T) {
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	occasion := relatedro.Occasion{Kind: relatedro.RefreshOccasion, Location: "loc-100", Case: "case-1"}
	if _, _, err := w.store.TakeOccasion(t.Context(), occasion, "CRASHED", noon, relatedro.RefreshPeriod); err != nil {
		t.Fatal(err)
	}
	manager := w.as(relatedro.ServiceManager, "loc-100")
	if r := manager.send("POST", refreshPath, "").want(t, 202); r.body != `{"eventId":"CRASHED"}` {
		t.Errorf("unexpected response: %s", r.body)
	}
	if sent := w.inQueue(w.queues[relatedro.RefreshQueue].Source); len(sent) != 1 || !strings.Contains(sent[0], `"CRASHED"`) {
		t.Errorf("queued %v", sent)
	}
	manager.send("POST", refreshPath, "").problem(t, 429, "too-soon")
}

func TestRefreshWhoseClaimIsTriedAgain(t *testing.T) {
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	var lost sync.Once
	tables.Faults(t, func(op string, _ []byte) (fault *dynamodbengine.Fault) {
		if op == "PutItem" {
			lost.Do(func() { fault = dynamodbengine.AnswerLost() })
		}
		return fault
	})
	w.as(relatedro.ServiceManager, "loc-100").send("POST", refreshPath, "").want(t, 202)
	if sent := w.inQueue(w.queues[relatedro.RefreshQueue].Source); len(sent) != 1 {
		t.Errorf("queued %v", sent)
	}
}
