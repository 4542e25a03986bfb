package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// The history of a case's retrievals is behind a button, by keyboard, for those who edit and those
// who only view. It is requested only then.
func TestKeyboardOpensTheHistoryOfRetrievals(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	w.karmak(t, "PATCH", "ro", map[string]any{"account": w.data.Connection("loc-100").Account, "number": "50124",
		"branch": w.data.Connection("loc-100").Branch, "set": map[string]any{"voided": true}})
	last := w.spinoffs(t, "50123", 1)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "")
	for _, page := range []string{"cases", "view"} {
		p.visit(page + "/loc-100/case-1001")
		p.sees("related-ros", last)
		if n := p.asked("/retrievals"); n != 0 {
			t.Errorf("%s: asked %d times before the history was opened", page, n)
		}
		p.tabTo("History of retrievals")
		p.keys(kb.Enter)
		p.sees("related-ros", "Recorded since")
		p.sees("related-ros >> .history", "Added: "+last)
		p.sees("related-ros >> .history", "Voided: 50124")
		p.sees("related-ros >> .history", "The case was exported")
		p.wait("deep('related-ros >> [data-key=history]').getAttribute('aria-expanded') === 'true'")
		if got := p.focused(); got != "History of retrievals" {
			t.Errorf("%s: the focus went to %q", page, got)
		}
		p.keys(kb.Enter)
		p.wait("!deep('related-ros >> .history table')")
		p.forget()
	}
	p.quiet()
}

// A retrieval that ends while the history is open joins it.
func TestOpenHistoryShowsNewRetrievals(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1002")
	p.click("related-ros >> [data-key=history]")
	p.sees("related-ros >> .history", "Recorded since")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> .history", "A person asked Nothing new")
	w.refuse(t, w.seeded(t, "case-1002"))
	w.export(t, w.seeded(t, "case-1002"))
	p.click("aside .buttons button:nth-of-type(1)")
	p.sees("related-ros >> .history", "Failed Karmak has not activated")
}

func TestHistoryOfACaseStoredBeforeIsUnknown(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.answers("/retrievals", 200, `{"locationId":"loc-100","caseId":"case-1002","recordedSince":null,"retrievals":[]}`)
	p.click("related-ros >> [data-key=history]")
	p.sees("related-ros >> .history", "None recorded yet")
	p.click("related-ros >> [data-key=history]")
	p.answers("/retrievals", 503, `{"type":"unavailable","title":"Temporarily unavailable","status":503,`+
		`"detail":"Please try again in a moment."}`)
	p.click("related-ros >> [data-key=history]")
	p.sees("related-ros", "Try again")
	p.wait("deep('related-ros >> [data-key=history]').getAttribute('aria-expanded') === 'false'")
	p.answersAgain()
	p.click("related-ros >> .note button")
	p.sees("related-ros >> .history", "Recorded since")
}

func TestHistoryFitsAndAxeFindsNothing(t *testing.T) {
	source := axeSource(t)
	w := prepared(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			t.Run(fmt.Sprintf("%s %d", scheme, width), func(t *testing.T) {
				t.Parallel()
				p := open(t, w.APIURL, width, 900, scheme)
				for _, id := range []string{"case-1001", "case-1003"} {
					p.visit("cases/loc-100/" + id)
					p.sees("related-ros", "History of retrievals")
					p.click("related-ros >> [data-key=history]")
					p.sees("related-ros >> .history", "Recorded since")
					p.axe(source, id)
					p.fits(id)
				}
			})
		}
	}
}
