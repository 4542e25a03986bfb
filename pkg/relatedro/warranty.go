package relatedro

import (
	"context"
	"iter"
	"time"
)

// WarrantyPage is the number of links read for one page of open warranty ROs.
const WarrantyPage = 200

// OpenWarranty is the data of one open warranty RO in a list of them, in addition to the case
// number. The zero OpenWarranty means that the RO is not an open warranty RO.
type OpenWarranty struct {
	RO            RelatedRO  // as the case lists it
	OwnRO         string     // the case's own RO
	OwnInvoicedAt string     // as in RelatedRO.InvoicedAt
	FetchedOver   Connection // the case's FetchedOver
	Outcome       Outcome    // of the case's last retrieval
	AsOf          time.Time  // when the case's list was fetched; zero while Outcome is OutcomeOK
}

// openWarranty reports whether the RO is billed to a warranty account and is neither invoiced nor
// voided: no claim has come from it yet.
func (r RelatedRO) openWarranty() bool { return r.Warranty && r.open() }

// OpenWarranty yields the case's related ROs that are open warranty ROs. It never yields the case's
// own RO, which is always in view with the case.
func (c Case) OpenWarranty() iter.Seq[RelatedRO] {
	return func(yield func(RelatedRO) bool) {
		for _, r := range c.Related {
			if r.openWarranty() && !yield(r) {
				return
			}
		}
	}
}

// OpenWarrantyCount returns the number of open warranty ROs among the case's related ROs.
func (c Case) OpenWarrantyCount() (n int) {
	for range c.OpenWarranty() {
		n++
	}
	return n
}

// openWarranty returns the data of the case's related RO r for a list of open warranty ROs.
func (c Case) openWarranty(r RelatedRO) OpenWarranty {
	if !r.openWarranty() {
		return OpenWarranty{}
	}
	r.FirstSeenAt = time.Time{}
	shown := OpenWarranty{
		RO: r, OwnRO: c.RO, OwnInvoicedAt: c.Own.InvoicedAt, FetchedOver: c.FetchedOver, Outcome: c.Retrieval.Outcome,
	}
	if shown.Outcome != OutcomeOK {
		shown.AsOf = c.Retrieval.RetrievedAt
	}
	return shown
}

// dropCharges clears the charges of all ROs except open warranty ROs, because they are never shown.
func (c *Case) dropCharges() {
	c.Own.TotalCharges = ""
	for i, r := range c.Related {
		if !r.openWarranty() {
			c.Related[i].TotalCharges = ""
		}
	}
}

// AgeBand is a range of ages of an open RO, in days.
type AgeBand string

// The bands: administrators review ROs older than 7 days, and manufacturers accept a claim for
// about 30.
const (
	AgeTo7    AgeBand = "0-7"
	AgeTo14   AgeBand = "8-14"
	AgeTo30   AgeBand = "15-30"
	AgeOver30 AgeBand = "over-30"
)

// OpenWarrantyRO is an open warranty RO as people may see it now.
type OpenWarrantyRO struct {
	Link
	AgeDays int     // since its opening day; -1 if the DMS does not state that day
	Band    AgeBand // empty if AgeDays is -1
}

// OpenWarrantyROs is a page of a location's open warranty ROs.
type OpenWarrantyROs struct {
	Feature   FeatureStatus
	CheckedAt time.Time // as in Shown.CheckedAt
	ROs       []OpenWarrantyRO

	// LeftOut counts the ROs fetched over a connection that the location no longer reads. They may
	// be another dealer's until their cases are fetched again.
	LeftOut int

	NotApplicable bool // as in Shown.NotApplicable
}

// OpenWarranty returns a page of a location's open warranty ROs, oldest first. If olderThan is not
// negative, it returns only ROs that are older than that many days or of unknown age. An RO listed
// by several cases appears once, preferably with a case whose own RO it was made from. Days are
// counted in the time zone of the Reader's clock. Positions are those of CasesOfAsset.
func (r *Reader) OpenWarranty(
	ctx context.Context, location string, olderThan int, after string,
) (page OpenWarrantyROs, next string, err error) {
	loaded, err := r.peek(ctx, Keys{Locations: []string{location}, Checked: true})
	if err != nil {
		return page, "", err
	}
	if err := loaded.readable(CaseKey{Location: location}); err != nil {
		return page, "", err
	}
	settings := loaded.Settings[location]
	page.Feature = settings.Status
	if settings.Enabled() {
		page.CheckedAt = settings.CheckedAt
	}
	if page.NotApplicable = settings.SingleRO; page.NotApplicable {
		return page, "", nil
	}
	today, openedBefore := r.now(), ""
	if olderThan >= 0 {
		openedBefore = today.AddDate(0, 0, -olderThan).Format(time.DateOnly)
	}
	links, next, err := r.store.OpenWarranty(ctx, location, openedBefore, after, WarrantyPage)
	if err != nil {
		return page, "", err
	}
	leftOut := ""
	for _, link := range links {
		last := len(page.ROs) - 1
		switch {
		case !settings.Reads(link.Warranty.FetchedOver):
			if link.RO != leftOut {
				page.LeftOut++
			}
			leftOut = link.RO
		case last < 0 || page.ROs[last].RO != link.RO:
			days, band := age(link.Warranty.RO.OpenedAt, today)
			page.ROs = append(page.ROs, OpenWarrantyRO{link, days, band})
		}
	}
	return page, next, nil
}

// OpenedOn returns the day in the dealer's calendar on which the RO was opened; empty if the DMS
// does not state it.
func (r RelatedRO) OpenedOn() string {
	day := r.OpenedAt[:min(len(r.OpenedAt), len(time.DateOnly))]
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return ""
	}
	return day
}

// age returns the age in days of an RO opened at openedAt, and its band. A day in the future, from
// a fast clock, counts as today.
func age(openedAt string, now time.Time) (days int, band AgeBand) {
	opened, err := time.Parse(time.DateOnly, RelatedRO{OpenedAt: openedAt}.OpenedOn())
	if err != nil {
		return -1, ""
	}
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	days = max(0, int(today.Sub(opened)/(24*time.Hour)))
	switch {
	case days <= 7:
		band = AgeTo7
	case days <= 14:
		band = AgeTo14
	case days <= 30:
		band = AgeTo30
	default:
		band = AgeOver30
	}
	return days, band
}
