package dynamo

import (
	"cmp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// Attributes named in conditions and updates.
const (
	attrRevision = "revision"
	attrOmitted  = "omitted"
	attrLinks    = "links" // the form of the case's links, as linksForm
	attrPast     = "past"
)

// linksForm is the version of the links' form that this version writes: a link to an open warranty
// RO holds its row of the warranty list. Cases written by earlier versions have no such number.
const linksForm = 1

// encodeCase returns the case's item. Once the asset is known, the item joins the asset's cases in
// the index.
func encodeCase(c relatedro.Case) item {
	m := caseKey(c.Key).item()
	if c.Asset != "" {
		m[attrGSI1PK] = text(assetPartition(c.Key.Location, c.Asset))
		m[attrGSI1SK] = text(assetSort(c.FirstEventAt, c.Key.Case))
	}
	m.putText("caseNumber", c.Number)
	m.putText("assetId", c.Asset)
	m.putText("roNumber", c.RO)
	m.putText("caseStatus", string(c.Status))
	m.putText("closedBy", string(c.ClosedBy))
	m.putTime("firstEventAt", c.FirstEventAt)
	m.putMap("stated", encodeStated(c.Stated, c.Retrieval.EventID))
	m.putMap("retrieval", encodeRetrieval(c.Retrieval))
	m.putMap("fetchedOver", encodeConnection(c.FetchedOver))
	m.putMap("own", encodeRelated(c.Own))
	if len(c.Related) > 0 {
		related := make([]types.AttributeValue, len(c.Related))
		for i, r := range c.Related {
			related[i] = &types.AttributeValueMemberM{Value: encodeRelated(r)}
		}
		m["relatedRos"] = &types.AttributeValueMemberL{Value: related}
	}
	if len(c.Expected) > 0 {
		m["expected"] = &types.AttributeValueMemberL{Value: encodeExpected(c.Expected)}
	}
	if c.Omitted > 0 {
		m[attrOmitted] = number(int64(c.Omitted))
	}
	m.putText(attrPast, encodePast(c.Past))
	m.putExpiry(c.Expires)
	m[attrRevision], m[attrLinks] = number(c.Revision), number(linksForm)
	return m
}

// encodeStated leaves out the event's id where it is also the retrieval's: 39 bytes of an item that
// is paid for by the KB.
func encodeStated(s relatedro.Stated, retrieval string) item {
	m := make(item)
	if s.ID != retrieval {
		m.putText("id", s.ID)
	}
	m.putText("type", string(s.Type))
	m.putTime("occurredAt", s.OccurredAt)
	m.putFlag("settled", s.Settled)
	return m
}

func encodeRetrieval(r relatedro.Retrieval) item {
	m := make(item)
	m.putText("outcome", string(r.Outcome))
	m.putText("trigger", string(r.Trigger))
	m.putText("eventId", r.EventID)
	m.putTime("retrievedAt", r.RetrievedAt)
	m.putText("reason", string(r.Reason))
	m.putText("message", r.Message)
	m.putTime("since", r.Since)
	m.putTime("attemptedAt", r.AttemptedAt)
	return m
}

func encodeConnection(c relatedro.Connection) item {
	m := make(item)
	m.putText("account", c.Account)
	m.putText("user", c.User)
	m.putText("branch", c.Branch)
	m.putText("kind", c.Kind)
	return m
}

func encodeRelated(r relatedro.RelatedRO) item {
	m := make(item)
	m.putText("roNumber", r.RO)
	m.putText("madeFrom", r.MadeFrom)
	m.putText("relation", string(r.Relation))
	m.putText("status", string(r.Status))
	m.putText("billTo", r.BillTo)
	m.putFlag("warranty", r.Warranty)
	m.putText("invoiceNumber", r.InvoiceNumber)
	m.putText("openedAt", r.OpenedAt)
	m.putText("invoicedAt", r.InvoicedAt)
	m.putFlag("voided", r.Voided)
	m.putTime("firstSeenAt", r.FirstSeenAt)
	m.putTime("goneSince", r.GoneSince)
	m.putText("totalCharges", r.TotalCharges)
	return m
}

func decodeCase(r *reader) relatedro.Case {
	k := keyOf(r.item)
	c := relatedro.Case{
		Key:          relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)},
		Number:       r.text("caseNumber"),
		Asset:        r.text("assetId"),
		RO:           r.text("roNumber"),
		Status:       relatedro.CaseStatus(r.text("caseStatus")),
		ClosedBy:     relatedro.ClosedBy(r.text("closedBy")),
		FirstEventAt: r.time("firstEventAt"),
		Stated:       nested(r, "stated", decodeStated),
		Retrieval:    nested(r, "retrieval", decodeRetrieval),
		FetchedOver:  nested(r, "fetchedOver", decodeConnection),
		Own:          nested(r, "own", decodeRelated),
		Related:      nestedList(r, "relatedRos", decodeRelated),
		Expected:     nestedList(r, "expected", decodeExpected),
		Omitted:      int(r.number(attrOmitted)),
		Unindexed:    r.number(attrLinks) < linksForm,
		Past:         pastFrom(r),
		Expires:      r.expiry(),
		Revision:     r.number(attrRevision),
	}
	if c.Stated.Type != "" {
		c.Stated.ID = cmp.Or(c.Stated.ID, c.Retrieval.EventID)
	}
	return c
}

func decodeStated(r *reader) relatedro.Stated {
	return relatedro.Stated{
		ID:         r.text("id"),
		Type:       relatedro.EventType(r.text("type")),
		OccurredAt: r.time("occurredAt"),
		Settled:    r.flag("settled"),
	}
}

func decodeRetrieval(r *reader) relatedro.Retrieval {
	return relatedro.Retrieval{
		Outcome:     relatedro.Outcome(r.text("outcome")),
		Trigger:     relatedro.Trigger(r.text("trigger")),
		EventID:     r.text("eventId"),
		RetrievedAt: r.time("retrievedAt"),
		Reason:      relatedro.Reason(r.text("reason")),
		Message:     r.text("message"),
		Since:       r.time("since"),
		AttemptedAt: r.time("attemptedAt"),
	}
}

func decodeConnection(r *reader) relatedro.Connection {
	return relatedro.Connection{Account: r.text("account"), User: r.text("user"), Branch: r.text("branch"), Kind: r.text("kind")}
}

func decodeRelated(r *reader) relatedro.RelatedRO {
	return relatedro.RelatedRO{
		RO:            r.text("roNumber"),
		MadeFrom:      r.text("madeFrom"),
		Relation:      relatedro.Relation(r.text("relation")),
		Status:        relatedro.ROStatus(r.text("status")),
		BillTo:        r.text("billTo"),
		Warranty:      r.flag("warranty"),
		InvoiceNumber: r.text("invoiceNumber"),
		OpenedAt:      r.text("openedAt"),
		InvoicedAt:    r.text("invoicedAt"),
		Voided:        r.flag("voided"),
		FirstSeenAt:   r.time("firstSeenAt"),
		GoneSince:     r.time("goneSince"),
		TotalCharges:  r.text("totalCharges"),
	}
}

func encodeExpected(expected []relatedro.Expected) []types.AttributeValue {
	values := make([]types.AttributeValue, len(expected))
	for i, e := range expected {
		m := make(item)
		m.putText("customer", e.Number)
		m.putText("billTo", e.Name)
		m["tasks"] = number(int64(e.Tasks))
		values[i] = &types.AttributeValueMemberM{Value: m}
	}
	return values
}

func decodeExpected(r *reader) relatedro.Expected {
	return relatedro.Expected{
		Customer: relatedro.Customer{Number: r.text("customer"), Name: r.text("billTo")},
		Tasks:    int(r.number("tasks")),
	}
}

func encodeLink(l relatedro.Link, expires time.Time) item {
	m := linkKey(l.Key, l.RO).item()
	m.putExpiry(expires)
	m.putText("roNumber", l.RO)
	m.putText("caseNumber", l.CaseNumber)
	m.putFlag("own", l.Own)
	if !l.OpenSince.IsZero() {
		m[attrGSI1PK] = text(openPartition(l.Key.Location))
		m[attrGSI1SK] = text(assetSort(l.OpenSince, l.Key.Case))
	}
	if l.Warranty != (relatedro.OpenWarranty{}) {
		m[attrGSI1PK] = text(warrantyPartition(l.Key.Location))
		m[attrGSI1SK] = text(warrantySort(l))
		m.putMap("openWarranty", encodeOpenWarranty(l.Warranty))
	}
	return m
}

func encodeOpenWarranty(o relatedro.OpenWarranty) item {
	m := make(item)
	m.putMap("ro", encodeRelated(o.RO))
	m.putText("ownRo", o.OwnRO)
	m.putText("ownInvoicedAt", o.OwnInvoicedAt)
	m.putMap("fetchedOver", encodeConnection(o.FetchedOver))
	m.putText("outcome", string(o.Outcome))
	m.putTime("asOf", o.AsOf)
	return m
}

func decodeOpenWarranty(r *reader) relatedro.OpenWarranty {
	return relatedro.OpenWarranty{
		RO:            nested(r, "ro", decodeRelated),
		OwnRO:         r.text("ownRo"),
		OwnInvoicedAt: r.text("ownInvoicedAt"),
		FetchedOver:   nested(r, "fetchedOver", decodeConnection),
		Outcome:       relatedro.Outcome(r.text("outcome")),
		AsOf:          r.time("asOf"),
	}
}

func decodeLink(r *reader) relatedro.Link {
	k := keyOf(r.item)
	l := relatedro.Link{
		RO:         r.text("roNumber"),
		Key:        relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)},
		Own:        r.flag("own"),
		CaseNumber: r.text("caseNumber"),
		Warranty:   nested(r, "openWarranty", decodeOpenWarranty),
	}
	if r.text(attrGSI1PK) == openPartition(l.Key.Location) {
		since, _, _ := strings.Cut(r.text(attrGSI1SK), infixCase)
		var err error
		l.OpenSince, err = parseTime(since)
		r.err = cmp.Or(r.err, err)
	}
	return l
}
