package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"related-ro/pkg/relatedro"
)

// reading serves the endpoints that the UI reads.
type reading struct {
	reader   *relatedro.Reader
	version  string
	sentence func(relatedro.Connection, relatedro.Reason) string
}

func (s reading) endpoints() map[string]endpoint {
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

func (s reading) health(context.Context, *request) (answer, error) {
	return answer{status: http.StatusOK, body: struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.version}}, nil
}

// oneCase serves P1 and P5.
func (s reading) oneCase(ctx context.Context, r *request) (answer, error) {
	c, err := s.reader.Case(ctx, r.caseKey())
	if err != nil {
		return answer{}, fmt.Errorf("read the case: %w", err)
	}
	return answer{status: http.StatusOK, body: caseOf(c), tagged: true}, nil
}

type casePage struct {
	Cases         []*caseJSON `json:"cases"`
	Cursor        *string     `json:"cursor"`
	NotApplicable bool        `json:"notApplicable,omitempty"`
}

func (p casePage) cases() []*caseJSON { return p.Cases }

// asset serves P2.
func (s reading) asset(ctx context.Context, r *request) (answer, error) {
	after, err := r.position()
	if err != nil {
		return answer{}, err
	}
	shown, singleRO, next, err := s.reader.CasesOfAsset(ctx, r.path("locationId"), r.path("assetId"), after)
	if err != nil {
		return answer{}, fmt.Errorf("read the asset's cases: %w", err)
	}
	page := casePage{Cases: make([]*caseJSON, len(shown)), Cursor: encodeCursor(r, next), NotApplicable: singleRO}
	for i, c := range shown {
		page.Cases[i] = caseOf(c)
	}
	return answer{status: http.StatusOK, body: page}, nil
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

type batchAnswer struct {
	Cases []any `json:"cases"` // foundCase or missingCase

	found []*caseJSON
}

func (b batchAnswer) cases() []*caseJSON { return b.found }

// batch serves P3.
func (s reading) batch(ctx context.Context, r *request) (answer, error) {
	keys, err := batchKeys(r.body)
	if err != nil {
		return answer{}, err
	}
	shown, singleRO, err := s.reader.Cases(ctx, r.actor, keys)
	if err != nil {
		return answer{}, fmt.Errorf("read the batch: %w", err)
	}
	body := batchAnswer{Cases: make([]any, len(keys))}
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
	return answer{status: http.StatusOK, body: body}, nil
}

// batchKeys returns the cases that a body requests, in the order of the body.
func batchKeys(body []byte) ([]relatedro.CaseKey, error) {
	o, err := parse(body)
	if err != nil {
		return nil, err
	}
	items := o.objects("cases")
	if len(items) > relatedro.BatchSize {
		return nil, invalid(field{"cases", fmt.Sprintf("must have at most %d items", relatedro.BatchSize)})
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
func (s reading) search(ctx context.Context, r *request) (answer, error) {
	ro, _ := r.query("ro")
	match, given := r.query("match")
	if !given {
		match = "exact"
	}
	var fields []field
	locations, err := r.locations()
	if err != nil {
		fields = append(fields, fieldOf(err))
	}
	if match != "exact" && match != "prefix" {
		fields = append(fields, field{"match", `must be "exact" or "prefix"`})
	}
	if err := relatedro.CheckSearch("ro", ro, match == "prefix"); err != nil {
		fields = append(fields, fieldOf(err))
	}
	if len(fields) > 0 {
		return answer{}, invalid(fields...)
	}
	after, err := r.position()
	if err != nil {
		return answer{}, err
	}
	matches, next, err := s.reader.SearchAt(ctx, locations, ro, match == "prefix", after)
	if err != nil {
		return answer{}, fmt.Errorf("search: %w", err)
	}
	page := matchPage{Matches: make([]matchJSON, len(matches)), Cursor: encodeCursor(r, next)}
	for i, m := range matches {
		as := "related"
		if m.Own {
			as = "own"
		}
		page.Matches[i] = matchJSON{m.RO, as, caseOf(m.Case)}
	}
	return answer{status: http.StatusOK, body: page}, nil
}
