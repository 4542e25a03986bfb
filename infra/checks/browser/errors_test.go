package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"related-ro/infra/emulators/issuer"
)

// elements maps the pages that show an element to the element's selector.
var elements = map[string]string{
	"cases/loc-100/case-1002": "related-ros",
	"view/loc-100/case-1002":  "related-ros",
	"assets/loc-100/asset-77": "asset-related-ros",
	"settings":                "related-ro-settings",
}

func TestEveryElementShowsItsError(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		name   string
		status int
		body   string
		says   string
		again  bool // retrying can help
	}{
		{"session ended", 401, `{"message":"Unauthorized"}`, "Your session has ended", false},
		{"not allowed", 403, `{"type":"forbidden","detail":"no"}`, "You cannot see related ROs of this location", false},
		{"unknown", 404, `{"type":"not-found"}`, "There is no such record", true},
		{"too many requests", 429, `{"message":"Too Many Requests"}`, "Too many requests just now", true},
		{"fault of ours", 500, `{"type":"internal","detail":"stack trace"}`, "has a problem", true},
		{"no JSON", 502, `<html>Bad Gateway`, "has a problem", true},
		{"no connection", -1, ``, "could not be reached", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.open(t, "")
			p.sees("main", "Acme")
			p.answers("/v1/", c.status, c.body)
			for page, element := range elements {
				p.visit(page)
				p.sees(element+" >> [role=alert]", c.says)
				if got := eval[bool](p, "Boolean(deep('"+element+" >> [data-key=again]'))"); got != c.again {
					t.Errorf("%s offers to try again: %t", page, got)
				}
			}
			p.visit("cases")
			p.sees("related-ro-cell", "Not read")
			p.visit("search")
			p.write("related-ro-search >> #ro", "50")
			p.sees("related-ro-search >> [role=alert]", c.says)
		})
	}
}

func TestTryingAgainHelps(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.answers("/v1/", 500, `{}`)
	for page, element := range elements {
		p.answers("/v1/", 500, `{}`)
		p.visit(page)
		p.sees(element, "has a problem")
		p.answersAgain()
		p.do("deep('" + element + " >> [data-key=again]').focus()")
		p.keys(kb.Enter)
		p.wait("!text('" + element + "').includes('has a problem')")
		// The button is gone, but the element keeps the focus.
		p.wait("deep('" + element + "').shadowRoot.activeElement")
	}
}

func TestCellsTryAgainByThemselves(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.visit("search")
	p.do("(() => { window.waits = new Set(); const real = setTimeout; window.setTimeout = (f, ms) => { waits.add(ms); " +
		"return real(f, Math.min(ms, 100)); }; })()")
	p.answers("/v1/", 429, `{"message":"Too Many Requests"}`)
	p.visit("cases")
	p.sees("related-ro-cell", "Not read")
	p.wait("waits.has(30000)") // from the response's Retry-After
	p.forget()
	p.answersAgain()
	p.sees("main >> related-ro-cell[case-id=case-1002]", "50123")
	// A frame may come between the timers of the cells, but not between any two.
	if n := p.asked("batch-get"); n > 2 {
		t.Errorf("the cells asked %d times", n)
	}
}

func TestSomethingIsShownWhileNothingIsKnown(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.answers("/v1/", 0, "")
	for page, element := range elements {
		p.visit(page)
		p.sees(element, "Loading related ROs")
	}
	p.visit("search")
	p.write("related-ro-search >> #ro", "50")
	p.sees("related-ro-search", "Loading related ROs")
}

func TestExpiredTokenShowsInPlainWords(t *testing.T) {
	w, p := begin(t, "")
	p.sees("main", "Acme")
	token, err := w.Key().Token(issuer.Grant{
		Subject: "s", Roles: []string{"support"}, Locations: []string{"*"}, Issued: time.Now().Add(-2 * time.Hour), Lifetime: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.visit("cases/loc-100/case-1002")
	p.do("await (await import('/console/related-ro.js')).connect({ token: " + quote(token) + " })")
	p.sees("related-ros >> [role=alert]", "Your session has ended")
}

func TestAnotherLocationsCaseIsClosed(t *testing.T) {
	_, p := begin(t, "")
	p.as("service_advisor", "loc-200")
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros >> [role=alert]", "You cannot see related ROs of this location")
}

func TestFailuresOfKarmakShowInPlainWords(t *testing.T) {
	for _, c := range []struct {
		kind, outcome, says string
	}{
		{"offline", "could not be fetched yet when the case was closed. This is tried again by itself", "Karmak Fusion server is offline"},
		{"not_activated", "could not be fetched when the case was closed.",
			"Karmak has not activated alternate RO numbers for this account, or its Unity user may not read repair orders"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			w, p := begin(t, "cases/loc-100/case-1002")
			p.sees("related-ros", "Fetched")
			if c.kind == "not_activated" {
				w.refuse(t, w.seeded(t, "case-1002"))
			} else {
				w.karmak(t, "POST", "fault", map[string]any{"kind": c.kind})
			}
			p.click("aside .buttons button:nth-of-type(2)")
			p.sees("related-ros", c.says)
			p.sees("related-ros", c.outcome)
			p.sees("related-ros", "50126") // the last good list stays
			p.sees("related-ros", "This list is from")
			p.visit("cases")
			p.sees("related-ro-cell[case-id=case-1002]", c.says)
			p.visit("assets/loc-100/asset-77")
			p.sees("asset-related-ros", c.says)
			p.quiet()
		})
	}
}

func TestDisabledLocationSaysSo(t *testing.T) {
	w, p := begin(t, "")
	settings := w.data.Locations[0].Settings
	settings.Status = "DISABLED"
	if err := w.platform.SaveSettings(t.Context(), "loc-100", settings); err != nil {
		t.Fatal(err)
	}
	// The first case was retrieved before, the second never.
	for _, page := range []string{"cases/loc-100/case-1002", "cases/loc-300/case-3001"} {
		p.visit(page)
		p.sees("related-ros", "switched off for this location")
		if eval[bool](p, "Boolean(deep('related-ros >> [data-key=refresh]'))") {
			t.Errorf("%s: a refresh is offered that cannot be", page)
		}
	}
}
