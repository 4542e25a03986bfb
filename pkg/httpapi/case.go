package httpapi

import (
	"cmp"
	"time"

	"related-ro/pkg/relatedro"
)

// caseJSON is a case in the contract's format. Unknown values are null.
type caseJSON struct {
	LocationID    string                  `json:"locationId"`
	CaseID        string                  `json:"caseId"`
	CaseNumber    *string                 `json:"caseNumber"`
	AssetID       *string                 `json:"assetId"`
	RONumber      string                  `json:"roNumber"`
	CaseStatus    *relatedro.CaseStatus   `json:"caseStatus"`
	ClosedBy      *relatedro.ClosedBy     `json:"closedBy"`
	FeatureStatus relatedro.FeatureStatus `json:"featureStatus"`
	RelatedROs    []relatedROJSON         `json:"relatedRos"`
	RelatedCount  int                     `json:"relatedCount"` // including omitted ones
	Expected      []expectedJSON          `json:"expectedRelatedRos"`
	Truncated     bool                    `json:"truncated"`
	OpenWarranty  int                     `json:"openWarrantyCount"`
	Retrieval     retrievalJSON           `json:"retrieval"`
	NotApplicable bool                    `json:"notApplicable,omitempty"` // single-RO DMS
}

type relatedROJSON struct {
	RONumber         string             `json:"roNumber"`
	OriginalRONumber *string            `json:"originalRoNumber"`
	Relation         relatedro.Relation `json:"relation"`
	Status           relatedro.ROStatus `json:"status"`
	BillTo           *string            `json:"billTo"`
	Warranty         bool               `json:"warranty"`
	InvoiceNumber    *string            `json:"invoiceNumber"`
	OpenedAt         *string            `json:"openedAt"`
	InvoicedAt       *string            `json:"invoicedAt"`
	Voided           bool               `json:"voided"`
	FirstSeenAt      *string            `json:"firstSeenAt"`
	GoneSince        *string            `json:"goneSince"`
	LinkedCases      []linkedCaseJSON   `json:"linkedCases,omitzero"` // nil if not looked up
}

// expectedJSON is a related RO that does not exist yet.
type expectedJSON struct {
	BillTo string `json:"billTo"` // the customer's name, or its number if it has no name
	Tasks  int    `json:"tasks"`
}

type linkedCaseJSON struct {
	CaseID     string  `json:"caseId"`
	CaseNumber *string `json:"caseNumber"`
}

type retrievalJSON struct {
	Outcome     relatedro.Outcome `json:"outcome"`
	Trigger     relatedro.Trigger `json:"trigger"`
	EventID     string            `json:"eventId"`
	RetrievedAt *string           `json:"retrievedAt"`
	CheckedAt   *string           `json:"checkedAt"` // last poll of a followed location
	Reason      *relatedro.Reason `json:"reason"`
	Message     *string           `json:"message"`
	Since       *string           `json:"since"`
	AttemptedAt *string           `json:"attemptedAt"`
}

func (c *caseJSON) cases() []*caseJSON { return []*caseJSON{c} }

// caseOf converts a case to the contract's format. The result shares c's strings.
func caseOf(c relatedro.Shown) *caseJSON {
	out := &caseJSON{
		LocationID:    c.Key.Location,
		CaseID:        c.Key.Case,
		CaseNumber:    orNull(&c.Number),
		AssetID:       orNull(&c.Asset),
		RONumber:      c.RO,
		CaseStatus:    orNull(&c.Status),
		ClosedBy:      orNull(&c.ClosedBy),
		FeatureStatus: c.Feature,
		RelatedROs:    make([]relatedROJSON, len(c.Related)),
		RelatedCount:  len(c.Related) + c.Omitted,
		Expected:      make([]expectedJSON, len(c.Expected)),
		Truncated:     c.Omitted > 0,
		OpenWarranty:  c.OpenWarrantyCount(),
		Retrieval:     retrievalOf(&c),
		NotApplicable: c.NotApplicable,
	}
	for i, e := range c.Expected {
		out.Expected[i] = expectedJSON{cmp.Or(e.Name, e.Number), e.Tasks}
	}
	for i := range c.Related {
		ro := &c.Related[i]
		out.RelatedROs[i] = relatedROJSON{
			RONumber:         ro.RO,
			OriginalRONumber: orNull(&ro.MadeFrom),
			Relation:         ro.Relation,
			Status:           ro.Status,
			BillTo:           orNull(&ro.BillTo),
			Warranty:         ro.Warranty,
			InvoiceNumber:    orNull(&ro.InvoiceNumber),
			OpenedAt:         orNull(&ro.OpenedAt),
			InvoicedAt:       orNull(&ro.InvoicedAt),
			Voided:           ro.Voided,
			FirstSeenAt:      timeOrNull(ro.FirstSeenAt),
			GoneSince:        timeOrNull(ro.GoneSince),
		}
		if links, ok := c.Linked[ro.RO]; ok {
			out.RelatedROs[i].LinkedCases = linkedCasesOf(links)
		}
	}
	return out
}

// retrievalOf converts c's retrieval. The result shares c's strings.
func retrievalOf(c *relatedro.Shown) retrievalJSON {
	return retrievalJSON{
		Outcome:     c.Retrieval.Outcome,
		Trigger:     c.Retrieval.Trigger,
		EventID:     c.Retrieval.EventID,
		RetrievedAt: timeOrNull(c.Retrieval.RetrievedAt),
		CheckedAt:   timeOrNull(c.CheckedAt),
		Reason:      orNull(&c.Retrieval.Reason),
		Message:     orNull(&c.Retrieval.Message),
		Since:       timeOrNull(c.Retrieval.Since),
		AttemptedAt: timeOrNull(c.Retrieval.AttemptedAt),
	}
}

func linkedCasesOf(links []relatedro.Link) []linkedCaseJSON {
	out := make([]linkedCaseJSON, len(links))
	for i := range links {
		out[i] = linkedCaseJSON{links[i].Key.Case, orNull(&links[i].CaseNumber)}
	}
	return out
}

// orNull returns s, or nil if it is empty.
func orNull[S ~string](s *S) *S {
	if *s == "" {
		return nil
	}
	return s
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	out := timestamp(t)
	return &out
}

// timestamp returns a time in the contract's format.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
