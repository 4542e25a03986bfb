package e2e

import (
	"testing"
)

// A warranty RO is listed from the export until follow sees it invoiced. Not beside other tests,
// since follow would look at their locations too.
func TestOpenWarrantyROsAreListedUntilInvoiced(t *testing.T) {
	s := newShop(t)
	s.settled(s.send(s.event("e1"))...)
	s.shows("exported", "ok", "e1", s.alt)
	open, err := sys.platform.OpenWarranty(t.Context(), s.location)
	s.must(err)
	if len(open) != 1 || open[0].RONumber != s.alt || open[0].Case.CaseID != "case-1" || open[0].Case.RONumber != s.ro ||
		open[0].TotalCharges != "0.00" {
		t.Fatalf("listed are %+v", open)
	}
	s.must(sys.platform.Control(t.Context(), "PATCH", "ro", map[string]any{
		"account": s.account, "number": s.alt, "set": map[string]any{"invoiceNumber": "9001", "invoicedAt": s.began},
	}, nil))
	s.must(sys.stack.Follow(t.Context()))
	eventually(t, func() string { return "it is still listed" }, func() bool {
		open, err := sys.platform.OpenWarranty(t.Context(), s.location)
		s.must(err)
		return len(open) == 0
	})
}
