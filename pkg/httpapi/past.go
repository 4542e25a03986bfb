package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"related-ro/pkg/relatedro"
)

type pastJSON struct {
	LocationID    string              `json:"locationId"`
	CaseID        string              `json:"caseId"`
	RecordedSince *string             `json:"recordedSince"`
	Retrievals    []pastRetrievalJSON `json:"retrievals"`
}

type pastRetrievalJSON struct {
	At       string            `json:"at"`
	LastAt   string            `json:"lastAt"`
	Times    int               `json:"times"`
	Trigger  relatedro.Trigger `json:"trigger"`
	Outcome  relatedro.Outcome `json:"outcome"`
	Reason   *relatedro.Reason `json:"reason"`
	Message  *string           `json:"message"`
	Added    numbersJSON       `json:"added"`
	Invoiced numbersJSON       `json:"invoiced"`
	Voided   numbersJSON       `json:"voided"`
	Changed  numbersJSON       `json:"changed"`
	Gone     numbersJSON       `json:"gone"`
}

type numbersJSON struct {
	RONumbers []string `json:"roNumbers"`
	More      int      `json:"more"`
}

// past serves the recorded retrievals of a case. Retrievals before the earliest one in the response
// were not recorded, so an empty list does not mean that there were none.
func (s reads) past(ctx context.Context, r *request) (response, error) {
	past, err := s.reader.Past(ctx, r.caseKey())
	if err != nil {
		return response{}, fmt.Errorf("read the case's retrievals: %w", err)
	}
	body := pastJSON{LocationID: r.path("locationId"), CaseID: r.path("caseId"), Retrievals: make([]pastRetrievalJSON, len(past))}
	for i, p := range past {
		body.Retrievals[i] = pastRetrievalJSON{
			At: timestamp(p.At), LastAt: timestamp(p.LastAt), Times: p.Times,
			Trigger: p.Trigger, Outcome: p.Outcome, Reason: orNull(&p.Reason), Message: s.sentenceOrNull(p.Reason),
			Added: numbersOf(p.Added), Invoiced: numbersOf(p.Invoiced), Voided: numbersOf(p.Voided),
			Changed: numbersOf(p.Changed), Gone: numbersOf(p.Gone),
		}
		body.RecordedSince = &body.Retrievals[i].At
	}
	return response{status: http.StatusOK, body: body, tagged: true}, nil
}

// sentenceOrNull returns the explanation for the zero connection, because a retrieval does not
// record its connection.
func (s reads) sentenceOrNull(r relatedro.Reason) *string {
	if r == "" {
		return nil
	}
	sentence := s.sentence(relatedro.Connection{}, r)
	return &sentence
}

func numbersOf(n relatedro.Numbers) numbersJSON {
	return numbersJSON{append([]string{}, n.Named...), n.More}
}
