package relatedro

import (
	"context"
	"iter"
	"time"
)

// WarrantyPage is how many links one page of open warranty ROs is made of.
const WarrantyPage = 200

// OpenWarranty is what a list of open warranty ROs shows of one, beside the number of its
// case. The zero OpenWarranty stands for an RO that is none.
type OpenWarranty struct {
	RO            RelatedRO  // as the case lists it
	OwnRO         string     // the case's own RO
	OwnInvoicedAt string     // as RelatedRO.InvoicedAt
	FetchedOver   Connection // of the case
	Outcome       Outcome    // of the case's last retrieval
	AsOf          time.Time  // when the case's list was fetched; zero while Outcome is OutcomeOK
}

// openWarranty reports whether the RO is billed to a warranty account and neither invoiced
// nor voided: no claim has come of it yet.
func (r RelatedRO) openWarranty() bool { return r.Warranty && r.open() }

// OpenWarranty yields the case's related ROs that are open warranty ROs. Its own RO is
// never among them: whoever has the case has that in view.
func (c Case) OpenWarranty() iter.Seq[RelatedRO] {
	return func(yield func(RelatedRO) bool) {
		for _, r := range c.Related {
			if r.openWarranty() && !yield(r) {
				return
			}
		}
	}
}

// OpenWarrantyCount returns how many of the case's related ROs are open warranty ROs.
func (c Case) OpenWarrantyCount() (n int) {
	for range c.OpenWarranty() {
		n++
	}
	return n
}

// openWarranty returns what a list of open warranty ROs shows of a related RO of the case.
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

// dropCharges removes the charges of all ROs but open warranty ROs: they are never shown.
func (c *Case) dropCharges() {
	c.Own.TotalCharges = ""
	for i, r := range c.Related {
		if !r.openWarranty() {
			c.Related[i].TotalCharges = ""
		}
	}
}

// AgeBand says roughly how old an open RO is.
type AgeBand string

// The bands: administrators look at what is older than 7 days, and makers take a claim for
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
	AgeDays int     // since the day it was opened; -1 where the DMS does not say when that was
	Band    AgeBand // empty where AgeDays is -1
}

// OpenWarrantyROs is a page of a location's open warranty ROs.
type OpenWarrantyROs struct {
	Feature   FeatureStatus
	CheckedAt time.Time // as Shown.CheckedAt
	ROs       []OpenWarrantyRO

	// LeftOut counts those that were fetched over a connection which is no longer the
	// location's: they may be another dealer's, until their cases are fetched again.
	LeftOut int

	NotApplicable bool // as Shown.NotApplicable
}

// OpenWarranty returns a page of a location's open warranty ROs, the oldest first; with
// olderThan not negative, only those that are older than so many days, or of unknown age.
// An RO that several cases list stands there once, with a case whose own RO it was made
// from if there is one. Days are those of the zone of the Reader's clock. Positions as in
// CasesOfAsset.
func (r *Reader) OpenWarranty(ctx context.Context, location string, olderThan int, after string) (page OpenWarrantyROs, next string, err error) {
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

// OpenedOn returns the day on which the RO was opened, as the dealer's calendar has it;
// empty where the DMS does not say.
func (r RelatedRO) OpenedOn() string {
	day := r.OpenedAt[:min(len(r.OpenedAt), len(time.DateOnly))]
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return ""
	}
	return day
}

// age returns how many days ago something was opened, and the band of that. A day that is
// still to come, by a clock that is fast, counts as today.
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
