package httpapi

import (
	"context"
	"fmt"

	"related-ro/pkg/relatedro"
)

type locationJSON struct {
	LocationID string                  `json:"locationId"`
	Status     relatedro.FeatureStatus `json:"status"`
	DMS        string                  `json:"dms"`
	Karmak     karmakJSON              `json:"karmak"`
	Activation activationJSON          `json:"activation"`
	CheckedAt  *string                 `json:"checkedAt"`
	Failing    *failingJSON            `json:"failing"`
	NewestCase *newestCaseJSON         `json:"newestCase"`
}

type failingJSON struct {
	Reason  relatedro.Reason `json:"reason"`
	Message string           `json:"message"`
	Since   *string          `json:"since"`
}

type newestCaseJSON struct {
	CaseID     string        `json:"caseId"`
	CaseNumber *string       `json:"caseNumber"`
	RONumber   string        `json:"roNumber"`
	Retrieval  retrievalJSON `json:"retrieval"`
}

type locationPage struct {
	Locations []locationJSON `json:"locations"`
	Cursor    *string        `json:"cursor"`
}

// locations lists the state of the locations that the caller may see.
func (s administration) locations(ctx context.Context, r *request) (response, error) {
	status, given := r.query("status")
	filter := relatedro.LocationFilter(status)
	if given && (status == "" || !filter.Known()) {
		return response{}, invalid("status", `must be "enabled", "disabled", "not_active" or "failing"`)
	}
	after, err := r.position()
	if err != nil {
		return response{}, err
	}
	standings, next, err := s.admin.Locations(ctx, r.actor, filter, after)
	if err != nil {
		return response{}, fmt.Errorf("list locations: %w", err)
	}
	page := locationPage{Locations: make([]locationJSON, len(standings)), Cursor: encodeCursor(r, next)}
	for i, l := range standings {
		page.Locations[i] = s.locationOf(l)
	}
	return success(page), nil
}

func (s administration) locationOf(l relatedro.Standing) locationJSON {
	out := locationJSON{
		LocationID: l.Location, Status: l.Status, DMS: dmsOf(l.Settings), Karmak: karmakOf(l.Connection),
		Activation: activationOf(l.Activation), CheckedAt: timeOrNull(l.CheckedAt),
	}
	if f := l.Failing; f.Reason != "" {
		out.Failing = &failingJSON{f.Reason, s.sentence(l.Connection, f.Reason), timeOrNull(f.Since)}
	}
	if c := l.Newest; c.Key.Case != "" {
		out.NewestCase = &newestCaseJSON{c.Key.Case, orNull(&c.Number), c.RO, retrievalOf(&relatedro.Shown{Case: c})}
	}
	return out
}
