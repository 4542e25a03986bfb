package browser

import "testing"

// A user who returns to a case sees in words which ROs are new in Karmak, and when Karmak was
// checked.
func TestNewROsAreMarked(t *testing.T) {
	w := start(t)
	c := w.seeded(t, "case-1001")
	w.export(t, c)
	p := w.open(t, "cases/loc-100/case-1001")
	p.sees("related-ros", "50124")
	if n := eval[int](p, "deepAll('related-ros >> .mark.new').length"); n != 0 {
		t.Errorf("%d ROs are new at the first look", n)
	}
	p.visit("cases")
	w.karmak(t, "POST", "spinoff", map[string]any{
		"account": w.data.Connection(c.LocationID).Account, "from": c.RONumber, "branch": w.data.Connection(c.LocationID).Branch,
		"ro": map[string]any{"number": "50127", "billingCustomerName": "Bendix Warranty", "billingCustomerWarranty": true},
	})
	if err := w.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Platform().AwaitEmpty(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A list that the case is in is no look at it; what is new stands in front there.
	p.visit("cases")
	p.sees("main >> related-ro-cell[case-id=case-1001]", "50127 New")
	p.click("related-ro-cell[case-id=case-1001] >> .more")
	p.sees("related-ro-cell[case-id=case-1001] >> .card", "50127 New")
	p.visit("assets/loc-100/asset-77")
	p.sees("asset-related-ros", "50127 New")
	p.visit("cases/loc-100/case-1001")
	p.sees("related-ros", "50127")
	if got := eval[[]string](p, "deepAll('related-ros >> th').filter((e) => e.querySelector('.mark.new')).map(clean)"); len(got) != 1 {
		t.Errorf("new are %q, want 50127 alone", got)
	}
	p.sees("related-ros", "when Karmak reported a change")
	// A field manager's view is a look, too: nothing is new at the second.
	p.visit("view/loc-100/case-1001")
	p.sees("related-ros", "50127")
	if n := eval[int](p, "deepAll('related-ros >> .mark.new').length"); n != 0 {
		t.Errorf("%d ROs are new at the second look", n)
	}
	p.quiet()
}

func TestFieldManagersSeeNewROs(t *testing.T) {
	w, p := begin(t, "view/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.visit("view")
	last := w.spinoffs(t, "50124", 1)
	w.export(t, w.seeded(t, "case-1002"))
	p.visit("view/loc-100/case-1002")
	p.sees("related-ros", last)
	if got := eval[[]string](p, "deepAll('related-ros >> th').filter((e) => e.querySelector('.mark.new')).map(clean)"); len(got) != 1 {
		t.Errorf("new are %q, want %s alone", got, last)
	}
}

// An RO that appears during a person's first look at a case is not new since an earlier look.
func TestNothingIsNewAtTheFirstLook(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1003")
	p.sees("related-ros", "None")
	last := w.spinoffs(t, "50130", 1)
	w.export(t, w.seeded(t, "case-1003"))
	p.do("deep('related-ros').reload()")
	p.sees("related-ros", last)
	if n := eval[int](p, "deepAll('related-ros >> .mark.new').length"); n != 0 {
		t.Errorf("%d ROs are new at the first look", n)
	}
}
