package relatedro

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestOpenWarranty(t *testing.T) {
	open := RelatedRO{RO: "50124", Warranty: true, Status: ROOpen}
	for name, tt := range map[string]struct {
		change func(*RelatedRO)
		want   bool
	}{
		"open":                      {func(*RelatedRO) {}, true},
		"work done, not invoiced":   {func(r *RelatedRO) { r.Status = ROCompleted }, true},
		"invoiced":                  {func(r *RelatedRO) { r.Status = ROInvoiced }, false},
		"voided":                    {func(r *RelatedRO) { r.Voided = true }, false},
		"no longer in the DMS":      {func(r *RelatedRO) { r.GoneSince = ten }, false},
		"billed to another account": {func(r *RelatedRO) { r.Warranty = false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := open
			tt.change(&r)
			c := Case{Key: key, RO: "50123", Own: open, Related: []RelatedRO{r}}
			if got := c.OpenWarrantyCount() == 1; got != tt.want {
				t.Errorf("counted: %t", got)
			}
			if got := c.Links()[1].Warranty != (OpenWarranty{}); got != tt.want {
				t.Errorf("listed: %t", got)
			}
			if own := c.Links()[0]; own.RO != "50123" || own.Warranty != (OpenWarranty{}) {
				t.Errorf("the case's own RO is listed as well: %+v", own)
			}
		})
	}
}

// After a failed retrieval, the list states the time of its data; after a successful one it does
// not.
func TestListOfOpenWarrantySaysWhatHasFailed(t *testing.T) {
	c := ok(taken(unknown(), export("e1", 1)), export("e1", 1))
	c.Related[0].Warranty, c.Own.InvoicedAt = true, "2026-11-22"
	if got := c.Links()[1].Warranty; got.Outcome != OutcomeOK || !got.AsOf.IsZero() || got.OwnRO != "50123" ||
		got.OwnInvoicedAt != "2026-11-22" {
		t.Errorf("after a successful retrieval: %+v", got)
	}
	if got := failed(c, closing("c2", 2)).Links()[1].Warranty; got.Outcome != OutcomeFailed || !got.AsOf.Equal(ten) {
		t.Errorf("after a failed retrieval: %+v", got)
	}
}

// A family with more numbers than MaxLinks keeps the links to all its open warranty ROs.
func TestOpenWarrantyIsLinkedBeforeOthers(t *testing.T) {
	c := Case{Key: key, RO: "50123"}
	for i := range 2 * MaxLinks {
		c.Related = append(c.Related, RelatedRO{RO: fmt.Sprint(60000 + i), Status: ROOpen})
	}
	last := &c.Related[len(c.Related)-1]
	last.Warranty = true
	links := c.Links()
	if len(links) != MaxLinks || !slices.ContainsFunc(links, func(l Link) bool { return l.RO == last.RO && l.Warranty.RO.RO == last.RO }) {
		t.Errorf("%d links, without RO %s", len(links), last.RO)
	}
}

// Charges are kept only where they are shown. A change of charges alone neither makes a notice nor
// has the case fetched again.
func TestChargesOfOthersAreForgotten(t *testing.T) {
	own := RelatedRO{RO: "50123", TotalCharges: "1.00", Warranty: true}
	family := Family{Own: own, Related: []RelatedRO{
		{RO: "50124", Warranty: true, Status: ROCompleted, TotalCharges: "2.00"},
		{RO: "50125", Warranty: true, Status: ROInvoiced, TotalCharges: "3.00"},
		{RO: "50126", Status: ROOpen, TotalCharges: "4.00"},
	}}
	c := taken(unknown(), export("e1", 1)).Retrieved(export("e1", 1), family, Connection{}, ten)
	if c.Own.TotalCharges != "" || c.Related[0].TotalCharges != "2.00" || c.Related[1].TotalCharges != "" ||
		c.Related[2].TotalCharges != "" {
		t.Errorf("charges of other ROs are kept: %+v", c.Related)
	}
	if family.Related[1].TotalCharges == "" {
		t.Error("Retrieved changed the family passed to it")
	}
	family.Related[0].TotalCharges = "5.00"
	next := c.Retrieved(export("e1", 1), family, Connection{}, ten)
	if next.listEquals(c) {
		t.Error("a change of charges does not change the list")
	}
	if notices := CaseNotices(c, next); len(notices) > 0 {
		t.Errorf("a change of charges makes notices: %+v", notices)
	}
	if !c.Agrees(family.Related[0]) {
		t.Error("a change of charges has the case fetched again")
	}
	gone := next.Retrieved(export("e1", 1), Family{Own: own}, Connection{}, ten)
	if len(gone.Related) != 3 || gone.Related[0].TotalCharges != "" {
		t.Errorf("the charges of an RO that is gone are kept: %+v", gone.Related)
	}
}

// Open warranty ROs, which people watch in a list, are followed longer than others. Otherwise they
// would stay in the list as open forever.
func TestOpenWarrantyIsFollowedLonger(t *testing.T) {
	c := ok(taken(unknown(), export("e1", 0)), export("e1", 0))
	open := c
	open.Related = []RelatedRO{{RO: "50124", Warranty: true, Status: ROOpen}}
	for _, tt := range []struct {
		days         int
		one, another bool
	}{{90, true, true}, {91, false, true}, {455, false, true}, {456, false, false}} {
		now := ten.AddDate(0, 0, tt.days)
		if one, another := c.Follows(now), open.Follows(now); one != tt.one || another != tt.another {
			t.Errorf("after %d days: followed %t, with an open warranty RO %t", tt.days, one, another)
		}
	}
}

func TestAge(t *testing.T) {
	chicago, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Skip("no time zone data:", err)
	}
	evening := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC).In(chicago) // still the 23rd there
	for _, tt := range []struct {
		openedAt string
		days     int
		band     AgeBand
	}{
		{"2026-11-23", 0, AgeTo7},
		{"2026-11-23T21:30:00", 0, AgeTo7},
		{"2026-11-24", 0, AgeTo7},
		{"2026-11-16T23:59:59", 7, AgeTo7},
		{"2026-11-15", 8, AgeTo14},
		{"2026-11-09", 14, AgeTo14},
		{"2026-11-08", 15, AgeTo30},
		{"2026-10-24", 30, AgeTo30},
		{"2026-10-23", 31, AgeOver30},
		{"2019-01-01", 2883, AgeOver30},
		{"", -1, ""},
		{"2026-11", -1, ""},
	} {
		if days, band := age(tt.openedAt, evening); days != tt.days || band != tt.band {
			t.Errorf("opened %q: %d days, %q, want %d, %q", tt.openedAt, days, band, tt.days, tt.band)
		}
	}
}
