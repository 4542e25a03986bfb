package dynamo

import (
	"cmp"
	"strings"
	"time"

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
	if c.Stated.ID == c.Retrieval.EventID {
		c.Stated.ID = "" // 39 bytes of an item that is paid for by the KB
	}
	m.putText(attrPast, encodePast(c.Past))
	m.putExpiry(c.Expires)
	m[attrLinks] = number(linksForm)
	return encode(m, c, caseFields)
}

func decodeCase(c *copier, v *relatedro.Case) {
	caseFields(c, v)
	k := keyOf(c.item)
	v.Key = relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)}
	if v.Stated.Type != "" {
		v.Stated.ID = cmp.Or(v.Stated.ID, v.Retrieval.EventID)
	}
	v.Past = pastFrom(&c.reader)
	v.Expires = c.expiry()
	v.Unindexed = c.number(attrLinks) < linksForm
}

func caseFields(c *copier, v *relatedro.Case) {
	textField(c, "caseNumber", &v.Number)
	textField(c, "assetId", &v.Asset)
	textField(c, "roNumber", &v.RO)
	textField(c, "caseStatus", &v.Status)
	textField(c, "closedBy", &v.ClosedBy)
	timeField(c, "firstEventAt", &v.FirstEventAt)
	mapField(c, "stated", &v.Stated, statedFields)
	mapField(c, "retrieval", &v.Retrieval, retrievalFields)
	mapField(c, "fetchedOver", &v.FetchedOver, connectionFields)
	mapField(c, "own", &v.Own, relatedFields)
	listField(c, "relatedRos", &v.Related, relatedFields)
	listField(c, "expected", &v.Expected, expectedFields)
	if !c.writing || v.Omitted > 0 {
		numberField(c, attrOmitted, &v.Omitted)
	}
	numberField(c, attrRevision, &v.Revision)
}

func statedFields(c *copier, s *relatedro.Stated) {
	textField(c, "id", &s.ID)
	textField(c, "type", &s.Type)
	timeField(c, "occurredAt", &s.OccurredAt)
	flagField(c, "settled", &s.Fetched)
}

func retrievalFields(c *copier, r *relatedro.Retrieval) {
	textField(c, "outcome", &r.Outcome)
	textField(c, "trigger", &r.Trigger)
	textField(c, "eventId", &r.EventID)
	timeField(c, "retrievedAt", &r.RetrievedAt)
	textField(c, "reason", &r.Reason)
	textField(c, "message", &r.Message)
	timeField(c, "since", &r.Since)
	timeField(c, "attemptedAt", &r.AttemptedAt)
}

func connectionFields(c *copier, v *relatedro.Connection) {
	textField(c, "account", &v.Account)
	textField(c, "user", &v.User)
	textField(c, "branch", &v.Branch)
	textField(c, "kind", &v.Kind)
}

func relatedFields(c *copier, r *relatedro.RelatedRO) {
	textField(c, "roNumber", &r.RO)
	textField(c, "madeFrom", &r.MadeFrom)
	textField(c, "relation", &r.Relation)
	textField(c, "status", &r.Status)
	textField(c, "billTo", &r.BillTo)
	flagField(c, "warranty", &r.Warranty)
	textField(c, "invoiceNumber", &r.InvoiceNumber)
	textField(c, "openedAt", &r.OpenedAt)
	textField(c, "invoicedAt", &r.InvoicedAt)
	flagField(c, "voided", &r.Voided)
	timeField(c, "firstSeenAt", &r.FirstSeenAt)
	timeField(c, "goneSince", &r.GoneSince)
	textField(c, "totalCharges", &r.TotalCharges)
}

func expectedFields(c *copier, e *relatedro.Expected) {
	textField(c, "customer", &e.Number)
	textField(c, "billTo", &e.Name)
	numberField(c, "tasks", &e.Tasks)
}

func encodeLink(l relatedro.Link, expires time.Time) item {
	m := linkKey(l.Key, l.RO).item()
	m.putExpiry(expires)
	if !l.OpenSince.IsZero() {
		m[attrGSI1PK] = text(openPartition(l.Key.Location))
		m[attrGSI1SK] = text(assetSort(l.OpenSince, l.Key.Case))
	}
	if l.Warranty != (relatedro.OpenWarranty{}) {
		m[attrGSI1PK] = text(warrantyPartition(l.Key.Location))
		m[attrGSI1SK] = text(warrantySort(l))
	}
	return encode(m, l, linkFields)
}

func decodeLink(c *copier, l *relatedro.Link) {
	linkFields(c, l)
	k := keyOf(c.item)
	l.Key = relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)}
	if c.text(attrGSI1PK) == openPartition(l.Key.Location) {
		since, _, _ := strings.Cut(c.text(attrGSI1SK), infixCase)
		var err error
		l.OpenSince, err = parseTime(since)
		c.err = cmp.Or(c.err, err)
	}
}

func linkFields(c *copier, l *relatedro.Link) {
	textField(c, "roNumber", &l.RO)
	textField(c, "caseNumber", &l.CaseNumber)
	flagField(c, "own", &l.Own)
	mapField(c, "openWarranty", &l.Warranty, openWarrantyFields)
}

func openWarrantyFields(c *copier, o *relatedro.OpenWarranty) {
	mapField(c, "ro", &o.RO, relatedFields)
	textField(c, "ownRo", &o.OwnRO)
	textField(c, "ownInvoicedAt", &o.OwnInvoicedAt)
	mapField(c, "fetchedOver", &o.FetchedOver, connectionFields)
	textField(c, "outcome", &o.Outcome)
	timeField(c, "asOf", &o.AsOf)
}
