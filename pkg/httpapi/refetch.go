package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"related-ro/pkg/relatedro"
)

type refetchJSON struct {
	Queued int     `json:"queued"`
	Left   int     `json:"left"`
	Cursor *string `json:"cursor"`
}

// refetch queues a page of a location's cases, or the cases in the body, for a refresh.
func (s administration) refetch(ctx context.Context, r *request) (response, error) {
	body := r.body
	if body == nil {
		body = []byte("{}")
	}
	o := parse(body)
	if _, given := o.members["cases"]; given {
		return s.handOver(ctx, r, o)
	}
	cursor, paged := o.text("cursor", false)
	selection := relatedro.Selection(o.checked("only", false, checkSelection))
	if err := o.done(); err != nil {
		return response{}, err
	}
	var after string
	if paged {
		var err error
		if after, err = decodeCursor(r, cursor); err != nil {
			return response{}, err
		}
	}
	done, err := s.admin.Refetch(ctx, r.path("locationId"), selection, after)
	if err != nil {
		return response{}, fmt.Errorf("refetch: %w", err)
	}
	return response{status: http.StatusAccepted, body: refetchJSON{done.Queued, done.Left, encodeCursor(r, done.Next)}}, nil
}

func (s administration) handOver(ctx context.Context, r *request, o *object) (response, error) {
	items := o.objects("cases")
	if len(items) > relatedro.HandOverSize {
		return response{}, invalid("cases", fmt.Sprintf("must have at most %d items", relatedro.HandOverSize))
	}
	cases := make([]relatedro.Handed, len(items))
	for i, item := range items {
		cases[i].Case = item.checked("caseId", true, relatedro.CheckID)
		cases[i].Facts = factsOf(item, true)
		item.end()
	}
	if err := o.done(); err != nil {
		return response{}, err
	}
	queued, err := s.admin.HandOver(ctx, r.path("locationId"), cases)
	if err != nil {
		return response{}, fmt.Errorf("hand over: %w", err)
	}
	return response{status: http.StatusAccepted, body: refetchJSON{Queued: queued}}, nil
}

// factsOf reads the facts about a case from a body. needed says whether the RO number is required.
func factsOf(o *object, needed bool) relatedro.Facts {
	return relatedro.Facts{
		RO:         o.checked("roNumber", needed, relatedro.CheckRO),
		CaseNumber: o.checked("caseNumber", false, relatedro.CheckID),
		Asset:      o.checked("assetId", false, relatedro.CheckID),
	}
}

func checkSelection(field, name string) *relatedro.FieldError {
	switch relatedro.Selection(name) {
	case relatedro.SelectAll, relatedro.SelectFailed, relatedro.SelectStale:
		return nil
	}
	return &relatedro.FieldError{Field: field, Rule: `must be "failed", "stale" or "all"`}
}
