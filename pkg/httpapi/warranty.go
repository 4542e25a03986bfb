package httpapi

import (
	"context"
	"fmt"
	"strconv"

	"related-ro/pkg/relatedro"
)

// warrantyPage is a page of open warranty ROs in the contract's format.
type warrantyPage struct {
	FeatureStatus  relatedro.FeatureStatus `json:"featureStatus"`
	CheckedAt      *string                 `json:"checkedAt"`
	OpenWarrantyRO []warrantyROJSON        `json:"openWarrantyRos"`
	LeftOut        int                     `json:"leftOut"`
	NotApplicable  bool                    `json:"notApplicable,omitempty"`
	Cursor         *string                 `json:"cursor"`
}

type warrantyROJSON struct {
	RONumber         string             `json:"roNumber"`
	OriginalRONumber *string            `json:"originalRoNumber"`
	Relation         relatedro.Relation `json:"relation"`
	Status           relatedro.ROStatus `json:"status"`
	BillTo           *string            `json:"billTo"`
	OpenedAt         *string            `json:"openedAt"`
	AgeDays          *int               `json:"ageDays"`
	AgeBand          *relatedro.AgeBand `json:"ageBand"`
	TotalCharges     *string            `json:"totalCharges"`
	Case             warrantyCaseJSON   `json:"case"`
}

type warrantyCaseJSON struct {
	CaseID       string            `json:"caseId"`
	CaseNumber   *string           `json:"caseNumber"`
	RONumber     string            `json:"roNumber"`
	ROInvoicedAt *string           `json:"roInvoicedAt"`
	Outcome      relatedro.Outcome `json:"outcome"`
	AsOf         *string           `json:"asOf"`
}

// openWarranty serves the list of a location's open warranty ROs.
func (s reads) openWarranty(ctx context.Context, r *request) (response, error) {
	olderThan, err := r.olderThanDays()
	if err != nil {
		return response{}, err
	}
	after, err := r.position()
	if err != nil {
		return response{}, err
	}
	found, next, err := s.reader.OpenWarranty(ctx, r.path("locationId"), olderThan, after)
	if err != nil {
		return response{}, fmt.Errorf("read the open warranty ROs: %w", err)
	}
	page := warrantyPage{
		FeatureStatus: found.Feature, CheckedAt: timeOrNull(found.CheckedAt), LeftOut: found.LeftOut, NotApplicable: found.NotApplicable,
		OpenWarrantyRO: make([]warrantyROJSON, len(found.ROs)), Cursor: encodeCursor(r, next),
	}
	for i := range found.ROs {
		page.OpenWarrantyRO[i] = warrantyROOf(&found.ROs[i])
	}
	return success(page), nil
}

// olderThanDays returns the age limit in days from the query, or -1 if the query has none. The list
// contains only older ROs.
func (r *request) olderThanDays() (int, error) {
	const most = 3650
	text, given := r.query("olderThanDays")
	if !given {
		return -1, nil
	}
	days, err := strconv.ParseUint(text, 10, 16)
	if err != nil || days > most {
		return 0, invalid("olderThanDays", fmt.Sprintf("must be a whole number of days from 0 to %d", most))
	}
	return int(days), nil
}

// warrantyROOf converts an open warranty RO to the contract's format. The result shares o's
// strings.
func warrantyROOf(o *relatedro.OpenWarrantyRO) warrantyROJSON {
	ro := &o.Warranty.RO
	out := warrantyROJSON{
		RONumber:         ro.RO,
		OriginalRONumber: orNull(&ro.MadeFrom),
		Relation:         ro.Relation,
		Status:           ro.Status,
		BillTo:           orNull(&ro.BillTo),
		OpenedAt:         orNull(&ro.OpenedAt),
		AgeBand:          orNull(&o.Band),
		TotalCharges:     orNull(&ro.TotalCharges),
		Case: warrantyCaseJSON{
			CaseID:       o.Key.Case,
			CaseNumber:   orNull(&o.CaseNumber),
			RONumber:     o.Warranty.OwnRO,
			ROInvoicedAt: orNull(&o.Warranty.OwnInvoicedAt),
			Outcome:      o.Warranty.Outcome,
			AsOf:         timeOrNull(o.Warranty.AsOf),
		},
	}
	if o.AgeDays >= 0 {
		out.AgeDays = &o.AgeDays
	}
	return out
}
