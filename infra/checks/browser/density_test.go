package browser

import (
	"strings"
	"testing"
)

func TestALargeFamilyDoesNotBuryThePage(t *testing.T) {
	w := start(t)
	last := w.spinoffs(t, "50124", 60)
	w.export(t, w.seeded(t, "case-1002"))
	p := w.open(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "Show all 63")
	const height = "document.documentElement.scrollHeight"
	if got := eval[int](p, height); got > 1500 {
		t.Errorf("63 related ROs make the page %d pixels high", got)
	}
	if n := eval[int](p, "deepAll('related-ros >> svg.broad').length"); n != 0 {
		t.Error("the family is drawn before anyone asks for it")
	}
	p.do("deep(\"related-ros >> [data-key='fold table']\").focus()")
	p.click("related-ros >> [data-key='fold table']")
	p.sees("related-ros >> tbody", last)
	p.wait("deep('related-ros').shadowRoot.activeElement?.getAttribute('aria-expanded') === 'true'")
	p.click("related-ros >> [data-key='fold tree']")
	p.wait("deep('related-ros >> svg.broad')")
	p.visit("assets/loc-100/asset-77")
	p.sees("asset-related-ros", "+57")
	if got := eval[int](p, height); got > 1000 {
		t.Errorf("63 related ROs make the asset's page %d pixels high", got)
	}
}

func TestANumberStandsOnce(t *testing.T) {
	_, p := begin(t, "")
	p.visit("cases/loc-100/case-1004") // a flat family: the table shows everything
	p.sees("related-ros >> tbody", "50141")
	if n := strings.Count(p.text("related-ros"), "50141"); n != 1 {
		t.Errorf("the number stands %d times: %s", n, p.text("related-ros"))
	}
}

func TestTheColumnIsSeenOnATablet(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 768, 1024, "light")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "50123")
	if right := eval[float64](p, "deep('main >> related-ro-cell[case-id=case-1002]').getBoundingClientRect().right"); right > 768 {
		t.Errorf("the column ends at %f of 768 pixels", right)
	}
}

func TestNumbersAreCopiedTogetherAndSavedAsShown(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "")
	p.allowClipboard()
	p.visit("cases/loc-100/case-1002")
	p.click("related-ros >> [data-key^='copy all']")
	p.sees("related-ros", "copied")
	if got := eval[string](p, "await navigator.clipboard.readText()"); got != "50123, 50125, 50126" {
		t.Errorf("the clipboard has %q", got)
	}
	if got := p.saved("related-ros >> [data-key=csv]"); !strings.Contains(got,
		`"50126","Alternate from 50124","Open","Warranty, Cummins Warranty","2026-11-10"`) {
		t.Errorf("saved %s", got)
	}
	p.visit("assets/loc-100/asset-77")
	p.sees("asset-related-ros", "Case 1003")
	if got := p.saved("asset-related-ros >> [data-key=csv]"); !strings.Contains(got,
		`"1002","50124","50126","Alternate from 50124","Open","Warranty, Cummins Warranty","2026-11-10"`) ||
		!strings.Contains(got, `"Case","RO number","Related RO"`) {
		t.Errorf("saved %s", got)
	}
	p.click("asset-related-ros >> .line >> [data-key^='copy all']")
	p.wait("/copied/.test(text('asset-related-ros'))")
	if got := eval[string](p, "await navigator.clipboard.readText()"); !strings.HasPrefix(got, "50") || strings.Count(got, "50126") != 1 ||
		!strings.Contains(got, "50125") {
		t.Errorf("the clipboard has %q", got)
	}
	p.visit("cases")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "50123")
	p.click("related-ro-cell[case-id=case-1002] >> .more")
	p.click("related-ro-cell[case-id=case-1002] >> [data-key='copy 50126']")
	p.sees("related-ro-cell[case-id=case-1002]", "50126 copied")
	if got := p.saved("#csv"); !strings.Contains(got, `"1002","50124","50123 50125 50126","Acme Freight Lines"`) {
		t.Errorf("saved %s", got)
	}
}

// A spreadsheet interprets a value that starts like a formula as a formula.
func TestSavedFilesHoldNoFormulas(t *testing.T) {
	w := start(t)
	w.karmak(t, "PATCH", "ro", map[string]any{"account": account(w, "loc-100"), "number": "50126", "branch": "DAL",
		"set": map[string]any{"invoiceNumber": "=1+1", "billingCustomerName": `@"x"`, "billingCustomerWarranty": false}})
	w.export(t, w.seeded(t, "case-1002"))
	p := w.open(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "=1+1")
	got := p.saved("related-ros >> [data-key=csv]")
	if !strings.Contains(got, `"'=1+1"`) || !strings.Contains(got, `"'@""x"""`) {
		t.Errorf("saved %s", got)
	}
}
