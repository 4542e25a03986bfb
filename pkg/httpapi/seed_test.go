package httpapi_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// north is the connection of loc-100 in the examples of the contract. south is a connection with
// another account.
var (
	north = relatedro.Connection{Account: "7d1f4d0a-3f0e-4f0b-9c55-0e7f5a1d2b01", User: "0b9f6f57-2f1d-4a3e-8a55-1c2d3e4f5a02",
		Branch: "01"}
	south = relatedro.Connection{Account: "south-account", User: "south-user"}
)

// setUp stores settings of a location as the next version.
func (w *world) setUp(location string, status relatedro.FeatureStatus, connection relatedro.Connection) {
	w.Helper()
	w.change(relatedro.Change{ID: "change", At: noon.Add(-3 * time.Hour), By: "user-7", After: relatedro.Settings{
		Location: location, Status: status, Connection: connection, Activation: relatedro.Activation{State: relatedro.ActivationUnknown},
	}})
}

// change stores a change. It sets Before, the version and the update fields from the current
// settings.
func (w *world) change(c relatedro.Change) {
	w.Helper()
	var err error
	if c.Before, err = w.store.Settings(w.Context(), c.After.Location); err != nil {
		w.Fatal(err)
	}
	c.After.Version = c.Before.Version + 1
	c.After.UpdatedBy, c.After.UpdatedAt = c.By, c.At
	if err := w.store.SaveSettings(w.Context(), c); err != nil {
		w.Fatal(err)
	}
}

// save stores a case unchanged, replacing an existing one.
func (w *world) save(c relatedro.Case) {
	w.Helper()
	loaded, err := w.store.Load(w.Context(), relatedro.Keys{Cases: []relatedro.CaseKey{c.Key}})
	if err != nil {
		w.Fatal(err)
	}
	before := loaded.Cases[c.Key]
	before.Key = c.Key
	if err := w.store.SaveCase(w.Context(), before, c); err != nil {
		w.Fatal(err)
	}
}

// removeCase deletes a case's item but not its links, which the product never does.
func (w *world) removeCase(location, id string) {
	w.Helper()
	key := map[string]dynamotypes.AttributeValue{
		"PK": &dynamotypes.AttributeValueMemberS{Value: "LOC#" + location}, "SK": &dynamotypes.AttributeValueMemberS{Value: "CASE#" + id},
	}
	if _, err := tables.Client().DeleteItem(w.Context(), &sdkdynamodb.DeleteItemInput{TableName: &w.table, Key: key}); err != nil {
		w.Fatal(err)
	}
}

// aCase returns a case whose related ROs have been retrieved successfully over a connection.
func aCase(location, id, ro string, connection relatedro.Connection, related ...relatedro.RelatedRO) relatedro.Case {
	return relatedro.Case{
		Key: relatedro.CaseKey{Location: location, Case: id}, RO: ro, Status: relatedro.CaseExported, Asset: "asset-77",
		Stated:       relatedro.Stated{ID: "event-of-" + id, Type: relatedro.Exported, OccurredAt: noon.Add(-time.Hour)},
		FirstEventAt: noon.Add(-time.Hour), FetchedOver: connection, Related: related,
		Retrieval: relatedro.Retrieval{
			Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport, EventID: "event-of-" + id, RetrievedAt: noon.Add(-time.Hour),
		},
	}
}

// alternate returns a related RO created from another RO.
func alternate(ro, from string) relatedro.RelatedRO {
	return relatedro.RelatedRO{RO: ro, MadeFrom: from, Relation: relatedro.Alternate, Status: relatedro.ROOpen}
}

// seedExamples stores the data in the contract's examples.
func (w *world) seedExamples() {
	w.Helper()
	w.karmakActive(north)
	if err := w.karmak.AddAccount(karmaktest.Account{ID: "moved", Number: newer.Account, Face: karmaktest.ReportDataAccess}); err != nil {
		w.Fatal(err)
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	activation := relatedro.Activation{
		State: relatedro.Active, CheckedAt: at(23, 9, 0), Version: "3.62.1.0",
		Message: "Karmak Fusion 3.62.1.0 is online, and alternate RO numbers are active for this account.",
	}
	enabled := relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled, Connection: north, Activation: activation}
	expecting := enabled
	expecting.Expecting = true
	off := relatedro.Settings{Location: "loc-100", Status: relatedro.Disabled, Connection: north, Activation: activation}
	w.change(relatedro.Change{ID: "X7M3PZQ5KD2VJ6RNTC4WLBYH5E", At: at(20, 16, 30), By: "support-2", After: enabled})
	w.change(relatedro.Change{ID: "6LQF4TZ3B7MSE2W5YH2KDXNVRA", At: at(20, 16, 45), By: "user-7", After: off})
	w.change(relatedro.Change{ID: "K2J5Q7ZC4M6XWN3V7R5TLY2PDA", At: at(23, 9, 0), By: "user-7", After: expecting})
	w.setAside(relatedro.CloseQueue, `{"id":"6a1c4d0e-1a57-4a3f-9a43-0f5d3c3be111","locationId":"loc-100","caseId":"case-1002"}`,
		map[string]string{
			sqsbatch.AttrErrorCode:    "not_activated",
			sqsbatch.AttrErrorMessage: sentence.For(relatedro.Connection{}, relatedro.NotActivated),
			sqsbatch.AttrFailedAt:     "2026-11-23T12:00:00Z", sqsbatch.AttrSource: "close",
		})

	first := relatedro.RelatedRO{
		RO: "50123", Relation: relatedro.Original, Status: relatedro.ROOpen, BillTo: "Northern Freight", OpenedAt: "2026-11-20T08:00:00",
	}
	warranty := relatedro.RelatedRO{
		RO: "50124", MadeFrom: "50123", Relation: relatedro.Alternate, Status: relatedro.ROCompleted,
		BillTo: "Volvo Warranty", Warranty: true, OpenedAt: "2026-11-20T08:30:00", TotalCharges: "1284.50",
	}
	third := relatedro.RelatedRO{
		RO: "50125", MadeFrom: "50124", Relation: relatedro.Descendant, Status: relatedro.ROInvoiced, BillTo: "Northern Freight",
		InvoiceNumber: "INV-7788", OpenedAt: "2026-11-21", InvoicedAt: "2026-11-22",
	}
	for _, ro := range []*relatedro.RelatedRO{&first, &warranty, &third} {
		ro.FirstSeenAt = at(23, 10, 15).Add(4 * time.Second)
	}
	older := aCase("loc-100", "case-1001", "50123", north, warranty, third)
	older.Number, older.FirstEventAt, older.Own.InvoicedAt = "1001", at(23, 10, 15), "2026-11-21"
	older.Expected = []relatedro.Expected{{Customer: relatedro.Customer{Number: "9014", Name: "Cummins Warranty"}, Tasks: 2}}
	older.Retrieval.EventID = "0d0f3a2e-9f1b-4b3a-8a39-2f6f1c1d7a10"
	older.Retrieval.RetrievedAt = at(23, 10, 15).Add(2 * time.Second)
	kept := func(at time.Time, trigger relatedro.Trigger, added, invoiced string) relatedro.PastRetrieval {
		p := relatedro.PastRetrieval{At: at, LastAt: at, Times: 1, Trigger: trigger, Outcome: relatedro.OutcomeOK}
		p.Added.Named = []string{added}
		if invoiced != "" {
			p.Invoiced.Named = []string{invoiced}
		}
		return p
	}
	older.Past = []relatedro.PastRetrieval{
		kept(older.Retrieval.RetrievedAt, relatedro.TriggerExport, "50124", ""),
		kept(at(23, 11, 40), relatedro.TriggerRefresh, "50125", "50124"),
	}
	w.save(older)

	third.Relation = relatedro.Alternate
	newer := aCase("loc-100", "case-1002", "50124", north, first, third)
	newer.Number, newer.FirstEventAt = "1002", at(23, 10, 59)
	newer.Status, newer.ClosedBy = relatedro.CaseClosed, relatedro.ClosedByAuto
	newer.Retrieval = relatedro.Retrieval{
		Outcome: relatedro.OutcomeRetrying, Trigger: relatedro.TriggerClose, EventID: "6a1c4d0e-1a57-4a3f-9a43-0f5d3c3be111",
		RetrievedAt: at(23, 11, 0), Since: at(23, 11, 30),
		Reason: relatedro.DealerOffline, Message: sentence.For(relatedro.Connection{}, relatedro.DealerOffline),
	}
	w.save(newer)
}

// karmakActive makes Karmak confirm that the feature is active for a connection.
func (w *world) karmakActive(connection relatedro.Connection) {
	w.Helper()
	err := w.karmak.AddAccount(karmaktest.Account{
		ID: connection.Account, Users: []string{connection.User}, FusionVersion: "3.62.1.0",
		Branches: []karmaktest.Branch{{ID: "2", Code: "02", Name: "Tulsa"}, {ID: "1", Code: "01", Name: "Dallas"},
			{ID: "3", Code: "OLD", Inactive: true}},
	})
	if err != nil {
		w.Fatal(err)
	}
}

// setAside sends a message to a dead-letter queue.
func (w *world) setAside(queue relatedro.QueueName, body string, attributes map[string]string) {
	w.Helper()
	values := make(map[string]types.MessageAttributeValue)
	for name, value := range attributes {
		values[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	url := w.queues[queue].DeadLetters
	if _, err := w.queue.SendMessage(w.Context(), &sdksqs.SendMessageInput{QueueUrl: &url, MessageBody: &body,
		MessageAttributes: values}); err != nil {
		w.Fatal(err)
	}
}

// inQueue returns the bodies of up to ten visible messages in a queue.
func (w *world) inQueue(url string) []string {
	w.Helper()
	out, err := w.queue.ReceiveMessage(w.Context(), &sdksqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		w.Fatal(err)
	}
	bodies := make([]string, len(out.Messages))
	for i, m := range out.Messages {
		bodies[i] = aws.ToString(m.Body)
	}
	return bodies
}
