package dynamo

import (
	"cmp"
	"fmt"
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
	it := caseKey(c.Key).item()
	if c.Asset != "" {
		it[attrGSI1PK] = text(assetPartition(c.Key.Location, c.Asset))
		it[attrGSI1SK] = text(assetSort(c.FirstEventAt, c.Key.Case))
	}
	it.putText("caseNumber", c.Number)
	it.putText("assetId", c.Asset)
	it.putText("roNumber", c.RO)
	it.putText("caseStatus", string(c.Status))
	it.putText("closedBy", string(c.ClosedBy))
	it.putTime("firstEventAt", c.FirstEventAt)
	it.putMap("stated", encodeStated(c.Stated, c.Retrieval.EventID))
	it.putMap("retrieval", encodeRetrieval(c.Retrieval))
	it.putMap("fetchedOver", encodeConnection(c.FetchedOver))
	it.putMap("own", encodeRelated(c.Own))
	if len(c.Related) > 0 {
		related := make([]types.AttributeValue, len(c.Related))
		for i, r := range c.Related {
			related[i] = &types.AttributeValueMemberM{Value: encodeRelated(r)}
		}
		it["relatedRos"] = &types.AttributeValueMemberL{Value: related}
	}
	if len(c.Expected) > 0 {
		it["expected"] = &types.AttributeValueMemberL{Value: encodeExpected(c.Expected)}
	}
	if c.Omitted > 0 {
		it[attrOmitted] = number(int64(c.Omitted))
	}
	it.putText(attrPast, encodePast(c.Past))
	it.putExpiry(c.Expires)
	it[attrRevision], it[attrLinks] = number(c.Revision), number(linksForm)
	return it
}

// encodeStated leaves out the event's id where it is also the retrieval's: 39 bytes of an item that
// is paid for by the KB.
func encodeStated(s relatedro.Stated, retrieval string) item {
	it := make(item)
	if s.ID != retrieval {
		it.putText("id", s.ID)
	}
	it.putText("type", string(s.Type))
	it.putTime("occurredAt", s.OccurredAt)
	it.putFlag("settled", s.Settled)
	return it
}

func encodeRetrieval(r relatedro.Retrieval) item {
	it := make(item)
	it.putText("outcome", string(r.Outcome))
	it.putText("trigger", string(r.Trigger))
	it.putText("eventId", r.EventID)
	it.putTime("retrievedAt", r.RetrievedAt)
	it.putText("reason", string(r.Reason))
	it.putText("message", r.Message)
	it.putTime("since", r.Since)
	it.putTime("attemptedAt", r.AttemptedAt)
	return it
}

func encodeConnection(c relatedro.Connection) item {
	it := make(item)
	it.putText("account", c.Account)
	it.putText("user", c.User)
	it.putText("branch", c.Branch)
	it.putText("kind", c.Kind)
	return it
}

func encodeRelated(r relatedro.RelatedRO) item {
	it := make(item)
	it.putText("roNumber", r.RO)
	it.putText("madeFrom", r.MadeFrom)
	it.putText("relation", string(r.Relation))
	it.putText("status", string(r.Status))
	it.putText("billTo", r.BillTo)
	it.putFlag("warranty", r.Warranty)
	it.putText("invoiceNumber", r.InvoiceNumber)
	it.putText("openedAt", r.OpenedAt)
	it.putText("invoicedAt", r.InvoicedAt)
	it.putFlag("voided", r.Voided)
	it.putTime("firstSeenAt", r.FirstSeenAt)
	it.putTime("goneSince", r.GoneSince)
	it.putText("totalCharges", r.TotalCharges)
	return it
}

func decodeCase(it item) (relatedro.Case, error) {
	k := keyOf(it)
	r := &reader{item: it}
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
	if r.err != nil {
		return relatedro.Case{}, fmt.Errorf("case %s of %s: %w", c.Key.Case, c.Key.Location, r.err)
	}
	return c, nil
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
		it := make(item)
		it.putText("customer", e.Number)
		it.putText("billTo", e.Name)
		it["tasks"] = number(int64(e.Tasks))
		values[i] = &types.AttributeValueMemberM{Value: it}
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
	it := linkKey(l.Key, l.RO).item()
	it.putExpiry(expires)
	it.putText("roNumber", l.RO)
	it.putText("caseNumber", l.CaseNumber)
	it.putFlag("own", l.Own)
	if !l.OpenSince.IsZero() {
		it[attrGSI1PK] = text(openPartition(l.Key.Location))
		it[attrGSI1SK] = text(assetSort(l.OpenSince, l.Key.Case))
	}
	if l.Warranty != (relatedro.OpenWarranty{}) {
		it[attrGSI1PK] = text(warrantyPartition(l.Key.Location))
		it[attrGSI1SK] = text(warrantySort(l))
		it.putMap("openWarranty", encodeOpenWarranty(l.Warranty))
	}
	return it
}

func encodeOpenWarranty(o relatedro.OpenWarranty) item {
	it := make(item)
	it.putMap("ro", encodeRelated(o.RO))
	it.putText("ownRo", o.OwnRO)
	it.putText("ownInvoicedAt", o.OwnInvoicedAt)
	it.putMap("fetchedOver", encodeConnection(o.FetchedOver))
	it.putText("outcome", string(o.Outcome))
	it.putTime("asOf", o.AsOf)
	return it
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

func decodeLink(it item) (relatedro.Link, error) {
	k := keyOf(it)
	r := &reader{item: it}
	l := relatedro.Link{
		RO:         r.text("roNumber"),
		Key:        relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)},
		Own:        r.flag("own"),
		CaseNumber: r.text("caseNumber"),
		Warranty:   nested(r, "openWarranty", decodeOpenWarranty),
	}
	if r.text(attrGSI1PK) == openPartition(l.Key.Location) {
		at, _, _ := strings.Cut(r.text(attrGSI1SK), infixCase)
		var err error
		l.OpenSince, err = parseTime(at)
		r.err = cmp.Or(r.err, err)
	}
	if r.err != nil {
		return relatedro.Link{}, fmt.Errorf("link %s of %s: %w", k.sk, l.Key.Location, r.err)
	}
	return l, nil
}
