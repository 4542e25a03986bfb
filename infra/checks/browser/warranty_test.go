package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

const openWarranty = "related-ro-open-warranty"

// warrantyRows returns the words of each row of the list, by its RO.
func (p *tab) warrantyRows() map[string]string {
	p.Helper()
	rows := make(map[string]string)
	for _, row := range eval[[]string](p, "deepAll('related-ro-open-warranty >> tbody tr').map(clean)") {
		number, _, _ := strings.Cut(row, " ")
		rows[number] = row
	}
	return rows
}

func TestOpenWarrantyROsOfALocation(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "")
	p.as("service_advisor", "loc-100")
	p.visit("warranty")
	p.sees(openWarranty, "50126")
	rows := p.warrantyRows()
	for number, words := range map[string][]string{
		"50124": {"Open", "Freightliner Warranty", "Opened Nov 3", "$1,284.50", "1001", "50123", "Invoiced Nov 9"},
		"50126": {"Open", "Cummins Warranty", "Opened Nov 10", "$3,410.75", "1002", "50124", "Not invoiced"},
	} {
		for _, word := range words {
			if !strings.Contains(rows[number], word) {
				t.Errorf("the row of %s lacks %q: %s", number, word, rows[number])
			}
		}
	}
	if len(rows) != 2 {
		t.Errorf("rows: %q", rows)
	}
	p.sees(openWarranty+" >> .bands", "All 2")
	p.sees(openWarranty, "Charges: $4,695.25")
	p.click(openWarranty + ` >> [data-key="find 50124"]`)
	p.sees(openWarranty+" >> .linked", "1002")
	p.click(openWarranty + ` >> [data-key="case 50124"]`)
	p.sees("h1", "Case 1001")
	p.quiet()
}

// The list is read anew when a case of it changes.
func TestOpenWarrantyFollowsACase(t *testing.T) {
	w, p := begin(t, "warranty")
	p.sees(openWarranty, "All 1")
	w.export(t, w.seeded(t, "case-1001"))
	p.sees(openWarranty, "All 2")
}

// A failure never reads as none, and neither does a location that is switched off.
func TestOpenWarrantyNeverReadsAsNone(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.answers("/open-warranty-ros", 500, "{}")
	p.visit("warranty")
	p.sees(openWarranty+" >> [role=alert]", "has a problem")
	if got := p.text(openWarranty); strings.Contains(got, "No open warranty RO") {
		t.Errorf("a failure reads as none: %s", got)
	}
	p.answers("/open-warranty-ros", 200, `{"featureStatus":"ENABLED","checkedAt":null,"openWarrantyRos":[],"leftOut":2,"cursor":null}`)
	p.click(openWarranty + " >> [data-key=again]")
	p.sees(openWarranty, "2 ROs were fetched from another Karmak account or branch")
	if got := p.text(openWarranty); strings.Contains(got, "No open warranty RO") {
		t.Errorf("what is left out reads as none: %s", got)
	}
	p.answersAgain()
	p.choose("#location", "loc-300")
	p.sees(openWarranty, "switched off for this location")
	p.sees(openWarranty, "No open warranty RO is known at this location")
}

func TestFieldManagersAreNotOfferedOpenWarrantyROs(t *testing.T) {
	_, p := begin(t, "")
	p.sees("nav", "Open warranty ROs")
	p.as("field_manager", "loc-100")
	if got := p.text("nav"); strings.Contains(got, "Open warranty ROs") {
		t.Errorf("the pages are %s", got)
	}
	p.visit("warranty")
	p.sees(openWarranty, "You cannot see")
}

// manyWarranty is a page of n open warranty ROs from a first number on, as the API gives it.
func manyWarranty(first, n int, cursor any) string {
	ros := make([]map[string]any, n)
	for i := range ros {
		ros[i] = map[string]any{
			"roNumber": fmt.Sprint(first + i), "originalRoNumber": "1", "relation": "alternate", "status": "open",
			"billTo":   "=HYPERLINK(1)",
			"openedAt": "2026-10-01T08:00:00", "ageDays": 58, "ageBand": "over-30", "totalCharges": "-0.10",
			"case": map[string]any{"caseId": "c-1", "caseNumber": nil, "roNumber": "1", "roInvoicedAt": nil, "outcome": "failed",
				"asOf": "2026-10-02T08:00:00Z"},
		}
	}
	body, err := json.Marshal(map[string]any{"featureStatus": "ENABLED", "checkedAt": nil, "openWarrantyRos": ros, "leftOut": 0,
		"cursor": cursor})
	if err != nil {
		panic(err) // it always marshals
	}
	return string(body)
}

// All pages of the list are counted and saved; a spreadsheet takes no name for a formula.
func TestOpenWarrantyIsSavedWhole(t *testing.T) {
	_, p := begin(t, "")
	p.answers("/open-warranty-ros", 200, manyWarranty(1000, 60, "next"))
	p.answers("/open-warranty-ros?cursor=next", 200, manyWarranty(2000, 60, nil))
	p.visit("warranty")
	p.sees(openWarranty, "Over 30 days 120")
	p.sees(openWarranty, "Charges: -$12.00")
	p.sees(openWarranty, "as of Oct 2; could not be checked since")
	if n := len(p.warrantyRows()); n != 100 {
		t.Errorf("%d rows before all are asked for", n)
	}
	p.click(openWarranty + ` >> [data-key="fold ros"]`)
	if n := len(p.warrantyRows()); n != 120 {
		t.Errorf("%d rows of all", n)
	}
	lines := strings.Split(strings.TrimSpace(p.saved(openWarranty+" >> [data-key=csv]")), "\r\n")
	const want = `"2059","'=HYPERLINK(1)","Open","2026-10-01","58","-0.10","c-1","1","","2026-10-02"`
	if len(lines) != 121 || lines[120] != want {
		t.Errorf("%d lines, the last is %s", len(lines), lines[len(lines)-1])
	}
}

func TestOpenWarrantyByBandAndKeyboard(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "warranty")
	p.sees(openWarranty, "All 2")
	p.forget()
	p.tabTo("8 to 14 days")
	p.keys(kb.Enter)
	if got := p.focused(); !strings.HasPrefix(got, "8 to 14 days") {
		t.Errorf("the focus is on %q", got)
	}
	p.wait("deep('related-ro-open-warranty >> [data-key=\"band 8-14\"]').getAttribute('aria-pressed') === 'true'")
	p.do("deep('related-ro-open-warranty >> [data-key=\"band \"]').focus()")
	p.keys(" ")
	p.wait("deepAll('related-ro-open-warranty >> tbody tr').length === 2")
	p.tabTo("Copy RO number 50124")
	if n := p.asked("/open-warranty-ros"); n != 0 {
		t.Errorf("asked %d times more", n)
	}
}

// The Cases page is filtered by what its cells have read already. A case whose warranty ROs are
// not known stays.
func TestCasesAreFilteredByOpenWarranty(t *testing.T) {
	_, p := begin(t, "cases")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "50125")
	p.sees("main >> related-ro-cell[case-id=case-1005]", "50151")
	p.forget()
	p.click("#warranty")
	p.sees("#filtered", "of")
	visible := func() string {
		return strings.Join(eval[[]string](p, "[...document.querySelectorAll('main tbody tr:not([hidden]) related-ro-cell')].map((c) => "+
			"c.caseId)"), " ")
	}
	if got := visible(); got != "case-1001 case-1002 case-2001 case-2002 case-3001" {
		t.Errorf("shown are %s", got)
	}
	p.click("#warranty")
	if got := visible(); !strings.Contains(got, "case-1005") {
		t.Errorf("shown are %s", got)
	}
	if n := p.asked("/v1/"); n != 0 {
		t.Errorf("asked %d times more", n)
	}
}
