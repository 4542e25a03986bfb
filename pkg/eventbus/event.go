package eventbus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"related-ro/pkg/relatedro"
)

// Source is the source of every event of this product.
const Source = "related-ro"

// Version is the version of the event contract (infra/contracts/schemas).
const Version = 1

// detail holds the fields of every event.
type detail struct {
	Version    int    `json:"version"`
	ID         string `json:"id"`
	Subject    string `json:"subject"`
	LocationID string `json:"locationId"`
	Revision   int64  `json:"revision"`
	Href       string `json:"href"` // relative to the API's address
}

// caseDetail adds the fields of events about a case.
type caseDetail struct {
	detail
	CaseID     string            `json:"caseId"`
	CaseNumber string            `json:"caseNumber,omitempty"`
	RONumber   string            `json:"roNumber,omitempty"`
	Trigger    relatedro.Trigger `json:"trigger,omitempty"`
}

type changedDetail struct {
	caseDetail
	Added      []string `json:"added"`
	Removed    []string `json:"removed"`
	Changed    []change `json:"changed"`
	RelatedROs []view   `json:"relatedRos"`
	Truncated  bool     `json:"truncated"`
	Deleted    bool     `json:"deleted"`
}

type failedDetail struct {
	caseDetail
	Reason relatedro.Reason `json:"reason"`
}

type change struct {
	RONumber string `json:"roNumber"`
	Was      state  `json:"was"`
	Is       state  `json:"is"`
}

type view struct {
	RONumber string `json:"roNumber"`
	state
}

type state struct {
	Status relatedro.ROStatus `json:"status,omitempty"`
	BillTo string             `json:"billTo"`
	Voided bool               `json:"voided"`
}

// entry returns the notice as an entry of PutEvents.
func (b *Bus) entry(n relatedro.Notice) (types.PutEventsRequestEntry, error) {
	text, err := encode(n)
	if err != nil {
		return types.PutEventsRequestEntry{}, fmt.Errorf("encode %s: %w", n.Kind, err)
	}
	e := types.PutEventsRequestEntry{
		EventBusName: &b.name, Source: aws.String(Source), DetailType: aws.String(string(n.Kind)), Detail: aws.String(string(text)),
	}
	if !n.At.IsZero() {
		e.Time = aws.Time(n.At.Truncate(time.Second)) // the stream's times have whole seconds
	}
	return e, nil
}

// encode returns the detail of a notice as JSON.
func encode(n relatedro.Notice) ([]byte, error) {
	place := "locations/" + n.Key.Location
	d := detail{
		Version: Version, ID: n.ID, Subject: place, LocationID: n.Key.Location, Revision: n.Revision,
		Href: "/v1/" + place + "/external-interfaces",
	}
	if n.Key.Case == "" {
		return json.Marshal(d)
	}
	d.Subject += "/cases/" + n.Key.Case
	d.Href = "/v1/" + d.Subject + "/related-ros"
	common := caseDetail{detail: d, CaseID: n.Key.Case, CaseNumber: n.CaseNumber, RONumber: n.RO, Trigger: n.Trigger}
	if n.Kind == relatedro.NoticeFailed {
		return json.Marshal(failedDetail{common, n.Reason})
	}
	return json.Marshal(changedOf(common, n))
}

func changedOf(common caseDetail, n relatedro.Notice) changedDetail {
	d := changedDetail{
		caseDetail: common, Truncated: n.Omitted > 0, Deleted: n.Gone,
		// The lists are never null.
		Added: append([]string{}, n.Added...), Removed: append([]string{}, n.Removed...),
		Changed: make([]change, len(n.Changed)), RelatedROs: make([]view, len(n.Related)),
	}
	for i, c := range n.Changed {
		d.Changed[i] = change{c.RO, stateOf(c.Was), stateOf(c.Is)}
	}
	for i, r := range n.Related {
		d.RelatedROs[i] = view{r.RO, stateOf(r.ROState)}
	}
	return d
}

func stateOf(s relatedro.ROState) state {
	billTo := "customer"
	if s.Warranty {
		billTo = "warranty"
	}
	return state{Status: s.Status, BillTo: billTo, Voided: s.Voided}
}
