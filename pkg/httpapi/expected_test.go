package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

// expecting returns a body with expectedRelatedRos set to value.
func expecting(value string) string {
	return strings.Replace(wanting(relatedro.Disabled, north), `"dms"`, `"expectedRelatedRos":`+value+`,"dms"`, 1)
}

func TestExpectedROsAreAskedForWhereTheSettingsSaySo(t *testing.T) {
	w := newWorld(t)
	w.setUp("loc-100", relatedro.Disabled, north)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	save := func(version int, body string) response {
		w.clock.advance(time.Minute)
		return manager.send("PUT", settingsPath, body, "If-Match", fmt.Sprintf(`"%d"`, version))
	}
	says := func(r response, want bool) {
		t.Helper()
		var s struct{ ExpectedRelatedRos bool }
		if r.want(t, 200).decode(t, &s); s.ExpectedRelatedRos != want {
			t.Errorf("expectedRelatedRos is %t", s.ExpectedRelatedRos)
		}
	}
	says(manager.get(settingsPath), false)
	says(save(1, expecting("true")), true)
	says(save(2, wanting(relatedro.Disabled, north)), true) // from an older client
	says(save(3, expecting("false")), false)
	save(4, expecting(`"yes"`)).problem(t, 400, "bad-input", "expectedRelatedRos")
	w.as(relatedro.ServiceAdvisor, "loc-100").send("PUT", settingsPath, expecting("true"), "If-Match", `"4"`).problem(t, 403, "forbidden")

	var page struct {
		Changes []struct {
			Before, After struct{ ExpectedRelatedRos bool }
		}
	}
	manager.get(settingsPath+"/history").want(t, 200).decode(t, &page)
	if c := page.Changes; !c[0].Before.ExpectedRelatedRos || c[0].After.ExpectedRelatedRos || !c[2].After.ExpectedRelatedRos ||
		c[2].Before.ExpectedRelatedRos {
		t.Errorf("unexpected history: %+v", c)
	}
}

func TestExpectedROsAreShownApartWhileTheSettingsSaySo(t *testing.T) {
	w := newWorld(t)
	c := aCase("loc-100", "case-1", "50123", north, alternate("50124", "50123"))
	c.Expected = []relatedro.Expected{
		{Customer: relatedro.Customer{Number: "9001", Name: "Freightliner Warranty"}, Tasks: 2},
		{Customer: relatedro.Customer{Number: "9002"}, Tasks: 1},
	}
	w.save(c)
	advisor := w.as(relatedro.ServiceAdvisor, "loc-100")
	shown := func(expecting bool) string {
		w.change(relatedro.Change{ID: fmt.Sprint(expecting), At: noon, By: "user-7", After: relatedro.Settings{
			Location: "loc-100", Status: relatedro.Disabled, Connection: north, Expecting: expecting}})
		w.restart() // clears cached settings
		return advisor.get(oneCase).want(t, 200).body
	}
	want := `"relatedCount":1,"expectedRelatedRos":[{"billTo":"Freightliner Warranty","tasks":2},{"billTo":"9002","tasks":1}],`
	if got := shown(true); !strings.Contains(got, want) {
		t.Errorf("with the setting on: %s", got)
	}
	if got := shown(false); !strings.Contains(got, `"expectedRelatedRos":[],`) {
		t.Errorf("with the setting off: %s", got)
	}
}
