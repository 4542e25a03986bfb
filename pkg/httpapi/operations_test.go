package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"related-ro/pkg/relatedro"
)

const deadLetters = "/v1/operations/dead-letters"

func TestDeadLettersOfOnesLocations(t *testing.T) {
	w := newWorld(t)
	for _, location := range []string{"loc-100", "loc-200"} {
		w.setAside(relatedro.ExportQueue, fmt.Sprintf(`{"id":"event-1","locationId":%q,"caseId":"case-1"}`, location), nil)
	}
	w.setAside(relatedro.ExportQueue, "no JSON", nil)
	list := func(c caller) (locations []string, complete bool) {
		var page struct {
			DeadLetters []struct{ LocationID *string }
			Complete    bool
		}
		c.get(deadLetters+"?queue=export").want(t, 200).decode(t, &page)
		for _, l := range page.DeadLetters {
			name, _ := json.Marshal(l.LocationID)
			locations = append(locations, string(name))
		}
		return locations, page.Complete
	}
	if got, complete := list(w.as(relatedro.Support, "*")); fmt.Sprint(got) != `["loc-100" "loc-200" null]` || !complete {
		t.Errorf("at all locations: %v, complete %t", got, complete)
	}
	if got, _ := list(w.as(relatedro.Support, "loc-200")); fmt.Sprint(got) != `["loc-200"]` {
		t.Errorf("at loc-200: %v", got)
	}
}

func TestSingleDeadLetters(t *testing.T) {
	w := newWorld(t)
	for _, location := range []string{"loc-100", "loc-200", "loc-300"} {
		w.setAside(relatedro.CloseQueue, fmt.Sprintf(`{"locationId":%q}`, location), nil)
	}
	support := w.as(relatedro.Support, "*")
	ids := func() map[string]string {
		var page struct {
			DeadLetters []struct{ LocationID, MessageID string }
		}
		support.get(deadLetters+"?queue=close").want(t, 200).decode(t, &page)
		found := make(map[string]string)
		for _, l := range page.DeadLetters {
			found[l.LocationID] = l.MessageID
		}
		return found
	}
	all := ids()
	naming := func(location string) string { return fmt.Sprintf(`{"queue":"close","messageIds":[%q]}`, all[location]) }
	if r := support.send("POST", deadLetters+"/redrive", naming("loc-100")).want(t, 200); r.body != `{"moved":1,"approximateLeft":2}` {
		t.Errorf("unexpected answer to redrive: %s", r.body)
	}
	if r := w.as(relatedro.Support, "loc-300").send("POST", deadLetters+"/delete", naming("loc-200")).want(t,
		200); r.body != `{"deleted":0,"approximateLeft":2}` {
		t.Errorf("unexpected answer to delete at another location: %s", r.body)
	}
	if r := support.send("POST", deadLetters+"/delete", naming("loc-200")).want(t, 200); r.body != `{"deleted":1,"approximateLeft":1}` {
		t.Errorf("unexpected answer to delete: %s", r.body)
	}
	if left := ids(); len(left) != 1 || left["loc-300"] == "" {
		t.Errorf("dead letters left: %v", left)
	}
	if sent := w.inQueue(w.queues[relatedro.CloseQueue].Source); len(sent) != 1 || !strings.Contains(sent[0], "loc-100") {
		t.Errorf("redriven messages: %q", sent)
	}
	for name, body := range map[string]string{
		"none": `{"queue":"close"}`, "an empty list": `{"queue":"close","messageIds":[]}`, "no list": `{"queue":"close","messageIds":"a"}`,
		"too many": `{"queue":"close","messageIds":["a"` + strings.Repeat(`,"a"`, 100) + `]}`,
	} {
		if r := support.send("POST", deadLetters+"/delete", body); r.status != 400 {
			t.Errorf("delete %s: got status %d, want 400", name, r.status)
		}
	}
	// An empty list must not mean all messages.
	support.send("POST", deadLetters+"/redrive", `{"queue":"close","messageIds":[]}`).problem(t, 400, "bad-input", "messageIds")
	support.send("POST", deadLetters+"/delete", `{"queue":"close","messageIds":[""]}`).problem(t, 400, "bad-input", "messageIds[0]")
}

func TestRedrive(t *testing.T) {
	for name, c := range map[string]struct {
		locations  []string
		body       string
		moved, got string
	}{
		"all":                 {[]string{"*"}, `{"queue":"close"}`, `{"moved":3,"approximateLeft":0}`, "loc-100 loc-200 none"},
		"of a location":       {[]string{"*"}, `{"queue":"close","locationId":"loc-200"}`, `{"moved":1,"approximateLeft":2}`, "loc-200"},
		"of ones own":         {[]string{"loc-100"}, `{"queue":"close"}`, `{"moved":1,"approximateLeft":2}`, "loc-100"},
		"of the other queue":  {[]string{"*"}, `{"queue":"export"}`, `{"moved":0,"approximateLeft":0}`, ""},
		"of an unknown place": {[]string{"*"}, `{"queue":"close","locationId":"loc-9"}`, `{"moved":0,"approximateLeft":3}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // receiving from an empty queue takes a second
			w := newWorld(t)
			for _, location := range []string{"loc-100", "loc-200"} {
				w.setAside(relatedro.CloseQueue, fmt.Sprintf(`{"locationId":%q}`, location), nil)
			}
			w.setAside(relatedro.CloseQueue, `{"locationId":"none of ours"}`, nil)
			r := w.as(relatedro.Support, c.locations...).send("POST", deadLetters+"/redrive", c.body).want(t, 200)
			if r.body != c.moved {
				t.Errorf("got %s, want %s", r.body, c.moved)
			}
			if got := strings.Join(w.inQueue(w.queues[relatedro.CloseQueue].Source), " "); strings.Count(got,
				"locationId") != len(strings.Fields(c.got)) {
				t.Errorf("redriven messages: got %s, want those of %s", got, c.got)
			} else {
				for _, location := range strings.Fields(c.got) {
					if !strings.Contains(got, location) {
						t.Errorf("message of %s was not redriven", location)
					}
				}
			}
		})
	}
}

func TestOperationsRefuse(t *testing.T) {
	w := newWorld(t)
	support := w.as(relatedro.Support, "loc-100")
	support.get(deadLetters).problem(t, 400, "bad-input", "queue")
	support.get(deadLetters+"?queue=exports").problem(t, 400, "bad-input", "queue")
	support.send("POST", deadLetters+"/redrive", "").problem(t, 400, "bad-input", "body")
	support.send("POST", deadLetters+"/redrive", `{"queue":"x","locationId":"*"}`).problem(t, 400, "bad-input", "queue", "locationId")
	support.send("POST", deadLetters+"/redrive", `{"queue":"close","locationId":"loc-200"}`).problem(t, 403, "forbidden")
}
