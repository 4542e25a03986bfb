package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"related-ro/pkg/relatedro"
)

// reads serves the endpoints that the UI reads.
type reads struct {
	reader   *relatedro.Reader
	version  string
	sentence func(relatedro.Connection, relatedro.Reason) string
}

func (s reads) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/locations/{locationId}/cases/{caseId}/related-ros":   s.oneCase,
		"GET /v1/locations/{locationId}/cases/{caseId}/retrievals":    s.past,
		"GET /v1/locations/{locationId}/assets/{assetId}/related-ros": s.asset,
		"POST /v1/related-ros/batch-get":                              s.batch,
		"GET /v1/search":                                              s.search,
		"GET /v1/locations/{locationId}/open-warranty-ros":            s.openWarranty,
		"GET /v1/health": s.health,
	}
}

func (s reads) health(context.Context, *request) (response, error) {
	return success(struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.version}), nil
}

// oneCase serves P1 and P5.
func (s reads) oneCase(ctx context.Context, r *request) (response, error) {
	c, err := s.reader.Case(ctx, r.caseKey())
	if err != nil {
		return response{}, fmt.Errorf("read the case: %w", err)
	}
	return response{status: http.StatusOK, body: caseOf(c), tagged: true}, nil
}

type casePage struct {
	Cases         []*caseJSON `json:"cases"`
	Cursor        *string     `json:"cursor"`
	NotApplicable bool        `json:"notApplicable,omitempty"`
}

func (p casePage) cases() []*caseJSON { return p.Cases }

// asset serves P2.
func (s reads) asset(ctx context.Context, r *request) (response, error) {
	after, err := r.position()
	if err != nil {
		return response{}, err
	}
	shown, singleRO, next, err := s.reader.CasesOfAsset(ctx, r.path("locationId"), r.path("assetId"), after)
	if err != nil {
		return response{}, fmt.Errorf("read the asset's cases: %w", err)
	}
	page := casePage{Cases: make([]*caseJSON, len(shown)), Cursor: encodeCursor(r, next), NotApplicable: singleRO}
	for i, c := range shown {
		page.Cases[i] = caseOf(c)
	}
	return success(page), nil
}

type foundCase struct {
	Found bool `json:"found"`
	*caseJSON
}

type missingCase struct {
	Found         bool   `json:"found"`
	LocationID    string `json:"locationId"`
	CaseID        string `json:"caseId"`
	NotApplicable bool   `json:"notApplicable,omitempty"`
}

type batchJSON struct {
	Cases []any `json:"cases"` // foundCase or missingCase

	found []*caseJSON
}

func (b batchJSON) cases() []*caseJSON { return b.found }

// batch serves P3.
func (s reads) batch(ctx context.Context, r *request) (response, error) {
	keys, err := batchKeys(r.body)
	if err != nil {
		return response{}, err
	}
	shown, singleRO, err := s.reader.Cases(ctx, r.actor, keys)
	if err != nil {
		return response{}, fmt.Errorf("read the batch: %w", err)
	}
	body := batchJSON{Cases: make([]any, len(keys))}
	for i, key := range keys {
		c, ok := shown[key]
		if !ok {
			body.Cases[i] = missingCase{false, key.Location, key.Case, singleRO[key.Location]}
			continue
		}
		out := caseOf(c)
		body.found = append(body.found, out)
		body.Cases[i] = foundCase{true, out}
	}
	return success(body), nil
}

// batchKeys returns the cases that a body requests, in the order of the body.
func batchKeys(body []byte) ([]relatedro.CaseKey, error) {
	o := parse(body)
	items := o.objects("cases")
	if len(items) > relatedro.BatchSize {
		return nil, invalid("cases", fmt.Sprintf("must have at most %d items", relatedro.BatchSize))
	}
	keys := make([]relatedro.CaseKey, len(items))
	for i, item := range items {
		keys[i] = relatedro.CaseKey{
			Location: item.checked("locationId", true, relatedro.CheckID),
			Case:     item.checked("caseId", true, relatedro.CheckID),
		}
		item.end()
	}
	return keys, o.done()
}

type matchJSON struct {
	RONumber string    `json:"roNumber"`
	As       string    `json:"as"`
	Case     *caseJSON `json:"case"`
}

type matchPage struct {
	Matches []matchJSON `json:"matches"`
	Cursor  *string     `json:"cursor"`
}

func (p matchPage) cases() []*caseJSON {
	cases := make([]*caseJSON, len(p.Matches))
	for i, m := range p.Matches {
		cases[i] = m.Case
	}
	return cases
}

// search serves P4.
func (s reads) search(ctx context.Context, r *request) (response, error) {
	ro, _ := r.query("ro")
	match, given := r.query("match")
	if !given {
		match = "exact"
	}
	var errs relatedro.FieldErrors
	locations, wrong := r.locations()
	if wrong != nil {
		errs = append(errs, wrong)
	}
	if match != "exact" && match != "prefix" {
		errs = append(errs, &relatedro.FieldError{Field: "match", Rule: `must be "exact" or "prefix"`})
	}
	if wrong := relatedro.CheckSearch("ro", ro, match == "prefix"); wrong != nil {
		errs = append(errs, wrong)
	}
	if len(errs) > 0 {
		return response{}, errs
	}
	after, err := r.position()
	if err != nil {
		return response{}, err
	}
	matches, next, err := s.reader.SearchAt(ctx, locations, ro, match == "prefix", after)
	if err != nil {
		return response{}, fmt.Errorf("search: %w", err)
	}
	page := matchPage{Matches: make([]matchJSON, len(matches)), Cursor: encodeCursor(r, next)}
	for i, m := range matches {
		role := "related"
		if m.Own {
			role = "own"
		}
		page.Matches[i] = matchJSON{m.RO, role, caseOf(m.Case)}
	}
	return success(page), nil
}
