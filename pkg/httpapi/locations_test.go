package httpapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/relatedro"
)

const locations = "/v1/operations/locations"

// locationsAnswer holds the fields of a page of locations that these tests check.
type locationsAnswer struct {
	Locations []struct {
		LocationID, Status string
		Karmak             struct{ Account, Branch string }
		Activation         struct{ State string }
		CheckedAt          *string
		Failing            *struct{ Reason, Message, Since string }
		NewestCase         *struct {
			CaseID    string
			Retrieval struct {
				Outcome     string
				Reason      *string
				RetrievedAt *string
			}
		}
	}
	Cursor *string
}

func (p locationsAnswer) ids() string {
	var ids []string
	for _, l := range p.Locations {
		ids = append(ids, l.LocationID)
	}
	return strings.Join(ids, " ")
}

// standing stores locations that each have a different state.
func standing(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	active := relatedro.Activation{State: relatedro.Active, CheckedAt: noon}
	set := func(location string, status relatedro.FeatureStatus, connection relatedro.Connection, a relatedro.Activation) {
		w.change(relatedro.Change{ID: location, At: noon, By: "support",
			After: relatedro.Settings{Location: location, Status: status, Connection: connection, Activation: a}})
	}
	set("loc-ok", relatedro.Enabled, north, active)
	set("loc-quiet", relatedro.Enabled, north, active)
	set("loc-away", relatedro.Enabled, south, active)
	set("loc-stuck", relatedro.Enabled, north, active)
	set("loc-refused", relatedro.Enabled, north, relatedro.Activation{State: relatedro.Inactive, CheckedAt: noon})
	set("loc-off", relatedro.Disabled, south, active)
	set("loc-new", relatedro.Disabled, relatedro.Connection{}, relatedro.Activation{})
	if err := w.store.SaveChecked(t.Context(), []string{"loc-ok", "loc-off"}, noon); err != nil {
		t.Fatal(err)
	}
	for _, f := range []relatedro.Followed{
		{Connection: north, Since: noon, Seen: []uint64{1}},
		{Connection: south, Since: noon, Failing: relatedro.Failing{Reason: relatedro.DealerOffline, Since: noon.Add(-time.Hour)}},
	} {
		if err := w.store.SaveFollowed(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	own := func(c relatedro.Case) relatedro.Case {
		c.Own = relatedro.RelatedRO{RO: c.RO, Status: relatedro.ROOpen}
		return c
	}
	w.save(own(aCase("loc-ok", "case-1", "50", north, alternate("51", "50"))))
	stuck := own(aCase("loc-stuck", "case-2", "60", north))
	stuck.Retrieval = relatedro.Retrieval{Outcome: relatedro.OutcomeFailed, Trigger: relatedro.TriggerClose,
		Reason: relatedro.AmbiguousBranch, Since: noon}
	w.save(stuck)
	w.save(own(aCase("loc-off", "case-3", "70", south)))
	return w
}

func TestLocationsTellHowTheyFare(t *testing.T) {
	w := standing(t)
	var page locationsAnswer
	w.as(relatedro.Support, "*").get(locations).want(t, 200).decode(t, &page)
	var got []string
	for _, l := range page.Locations {
		line := fmt.Sprint(l.LocationID, " ", l.Status, " ", l.Karmak.Account != "", " ", l.Activation.State, " checked ",
			l.CheckedAt != nil)
		if l.Failing != nil {
			line += " failing " + l.Failing.Reason + " since " + l.Failing.Since
		}
		if c := l.NewestCase; c != nil {
			line += " " + c.CaseID + " " + c.Retrieval.Outcome
		}
		got = append(got, line)
	}
	want := []string{
		"loc-ok ENABLED true active checked true case-1 ok",
		"loc-quiet ENABLED true active checked false",
		"loc-refused ENABLED true not_activated checked false",
		"loc-stuck ENABLED true active checked false case-2 failed",
		"loc-away ENABLED true active checked false failing fusion_offline since 2026-11-23T11:00:00Z",
		"loc-new DISABLED false unknown checked false",
		"loc-off DISABLED true active checked false",
	}
	if diff := cmp.Diff(want, got); diff != "" || page.Cursor != nil {
		t.Errorf("cursor %v, locations: %s", page.Cursor, diff)
	}
	if body := w.as(relatedro.Support, "*").get(locations).body; strings.Contains(body, "relatedRos") {
		t.Errorf("response lists related ROs: %s", body)
	}
}

func TestLocationsByStatus(t *testing.T) {
	w := standing(t)
	for name, c := range map[string]struct {
		locations []string
		want      string
	}{
		"":                    {[]string{"*"}, "loc-ok loc-quiet loc-refused loc-stuck loc-away loc-new loc-off"},
		"?status=enabled":     {[]string{"*"}, "loc-ok loc-quiet loc-refused loc-stuck loc-away"},
		"?status=disabled":    {[]string{"*"}, "loc-new loc-off"},
		"?status=not_active":  {[]string{"*"}, "loc-refused loc-new"},
		"?status=failing":     {[]string{"*"}, "loc-stuck loc-away"},
		"?status=failing&":    {[]string{"loc-away", "loc-ok"}, "loc-away"},
		"?status=not_active&": {[]string{"loc-ok"}, ""},
	} {
		var page locationsAnswer
		w.as(relatedro.Support, c.locations...).get(locations+strings.TrimSuffix(name, "&")).want(t, 200).decode(t, &page)
		if page.ids() != c.want {
			t.Errorf("%s as %s: got %s, want %s", name, c.locations, page.ids(), c.want)
		}
	}
	support := w.as(relatedro.Support, "*")
	support.get(locations+"?status=ENABLED").problem(t, 400, "bad-input", "status")
	support.get(locations+"?status=").problem(t, 400, "bad-input", "status")
	support.get(locations+"?cursor=abc").problem(t, 400, "bad-input", "cursor")
}

// A page of 50 locations takes one query for the list, one query for the newest case of each
// location, and four batch reads of at most 100 keys. The queries run concurrently so that a page
// takes less than a second.
func TestPageOfLocationsCostsFewCalls(t *testing.T) {
	w := newWorld(t)
	for i := range relatedro.PageSize + 1 {
		location := fmt.Sprintf("loc-%03d", i)
		connection := relatedro.Connection{Account: fmt.Sprintf("account-%03d", i), User: "user"}
		w.change(relatedro.Change{ID: location, At: noon, By: "support",
			After: relatedro.Settings{Location: location, Status: relatedro.Enabled, Connection: connection}})
		c := aCase(location, "case-1", "50", connection)
		c.Own = relatedro.RelatedRO{RO: "50", Status: relatedro.ROOpen}
		w.save(c)
	}
	var mu sync.Mutex
	count := make(map[string]int)
	tables.Faults(t, func(operation string, _ []byte) *dynamodbengine.Fault {
		mu.Lock()
		defer mu.Unlock()
		count[operation]++
		return nil
	})
	support := w.as(relatedro.Support, "*")
	var page locationsAnswer
	support.get(locations).want(t, 200).decode(t, &page)
	if diff := cmp.Diff(map[string]int{"Query": 1 + relatedro.PageSize, "BatchGetItem": 2 + 1 + 1}, count); diff != "" {
		t.Errorf("calls: %s", diff)
	}
	if len(page.Locations) != relatedro.PageSize || page.Cursor == nil || page.Locations[49].NewestCase == nil {
		t.Fatalf("%d locations, cursor %v", len(page.Locations), page.Cursor)
	}
	first := page
	support.get(locations+"?cursor="+*first.Cursor).want(t, 200).decode(t, &page)
	if page.ids() != "loc-050" || page.Cursor != nil {
		t.Errorf("unexpected second page: %s", page.ids())
	}
	support.get(locations+"?status=enabled&cursor="+*first.Cursor).problem(t, 400, "bad-input", "cursor")
}

// A filter with few matches continues on the following pages, and returns a cursor when it stops
// early.
func TestFilterGoesOnToTheLocationsThatItTakes(t *testing.T) {
	w := newWorld(t)
	for i := range 2*relatedro.PageSize + 5 {
		status := relatedro.Enabled
		if i == 2*relatedro.PageSize+3 {
			status = relatedro.Disabled
		}
		w.setUp(fmt.Sprintf("loc-%03d", i), status, north)
	}
	c := aCase("loc-102", "case-1", "50", north)
	c.Own, c.Retrieval.Outcome, c.Retrieval.Reason = relatedro.RelatedRO{RO: "50", Status: relatedro.ROOpen}, relatedro.OutcomeRetrying,
		relatedro.RateLimited
	w.save(c)
	var page locationsAnswer
	w.as(relatedro.Support, "*").get(locations+"?status=failing").want(t, 200).decode(t, &page)
	if page.ids() != "loc-102" {
		t.Errorf("unexpected failing locations: %s", page.ids())
	}
	w.as(relatedro.Support, "loc-103").get(locations).want(t, 200).decode(t, &page)
	if page.ids() != "loc-103" || page.Locations[0].Status != "DISABLED" {
		t.Errorf("unexpected locations of the caller: %+v", page)
	}
}
