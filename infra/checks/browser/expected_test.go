package browser

import (
	"strings"
	"testing"
)

// Expected ROs stand apart, in words, for those who edit a case and those who view it, and go once
// the RO exists.
func TestExpectedROsStandApart(t *testing.T) {
	w, p := begin(t, "")
	source := axeSource(t)
	for _, page := range []string{"cases", "view"} {
		p.visit(page + "/loc-200/case-2001")
		p.sees("related-ros", "Expected, not made in Karmak yet: Eaton Warranty, 2 tasks")
		if got := p.text("related-ros >> .numbers"); !strings.HasPrefix(got, "1") {
			t.Errorf("%s: what is expected is counted: %q", page, got)
		}
		p.axe(source, page)
		p.fits(page)
	}
	w.karmak(t, "POST", "spinoff", map[string]any{"account": account(w, "loc-200"), "from": "50123", "branch": "TUL",
		"ro": map[string]any{"number": "70011", "billingCustomerNumber": "812", "billingCustomerName": "Eaton Warranty",
			"billingCustomerWarranty": true}})
	w.export(t, w.seeded(t, "case-2001"))
	p.visit("cases/loc-200/case-2001")
	p.sees("related-ros", "70011")
	if got := p.text("related-ros"); strings.Contains(got, "Expected") {
		t.Errorf("still expected: %q", got)
	}
	p.quiet()
}

func TestExpectedROsAreSwitchedInTheSettings(t *testing.T) {
	_, p := begin(t, "")
	p.as("administrator", "*")
	p.visit("settings")
	p.sees("related-ro-settings", "Show expected related ROs")
	p.click(form + "[data-key=expecting]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	p.sees("related-ro-settings", "Show expected related ROs: off → on")
	p.wait("deep('related-ro-settings >> [data-key=expecting]').checked")
	p.axe(axeSource(t), "settings")
	p.as("service_advisor", "*")
	p.wait("deep('related-ro-settings >> [data-key=expecting]')?.disabled")
	p.quiet()
}
