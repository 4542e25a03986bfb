package dynamo_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

var server *dynamodbtest.Server

func TestMain(m *testing.M) {
	server = dynamodbtest.Start()
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// newStore returns a store on a new table.
func newStore(t testing.TB) *dynamo.Store {
	t.Helper()
	return dynamo.New(server.Client(), server.Table(t))
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123, time.UTC)

func key(id string) relatedro.CaseKey { return relatedro.CaseKey{Location: "loc-100", Case: id} }

// exported returns an exported case with the given related ROs.
func exported(k relatedro.CaseKey, ro string, related ...string) relatedro.Case {
	c := relatedro.Case{
		Key: k, Number: "N-" + k.Case, Asset: "asset-77", RO: ro, Status: relatedro.CaseExported,
		Stated:       relatedro.Stated{ID: "ev-1", Type: relatedro.Exported, OccurredAt: noon, Fetched: true},
		FirstEventAt: noon,
		FetchedOver:  relatedro.Connection{Account: "acc", User: "user", Branch: "main"},
		Retrieval: relatedro.Retrieval{Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport, EventID: "ev-1",
			RetrievedAt: noon},
	}
	c.Own = relatedro.RelatedRO{RO: ro, Status: relatedro.ROOpen}
	for _, number := range related {
		c.Related = append(c.Related, relatedro.RelatedRO{
			RO: number, MadeFrom: ro, Relation: relatedro.Alternate, Status: relatedro.ROInvoiced, BillTo: "Warranty Claims Ltd.",
			Warranty: true, InvoiceNumber: "I-" + number, OpenedAt: "2026-11-20T08:00:00", InvoicedAt: "2026-11-22", Voided: true,
			FirstSeenAt: noon, GoneSince: noon,
		})
	}
	return c
}

// numbers returns n consecutive RO numbers, beginning with first.
func numbers(first, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(first + i)
	}
	return list
}

// spoil replaces an attribute of a stored item, such as a case's retrieval, with a text.
func spoil(t testing.TB, table, sk, attribute string) {
	t.Helper()
	set := "SET #attribute = :text"
	_, err := server.Client().UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table, UpdateExpression: &set, ExpressionAttributeNames: map[string]string{"#attribute": attribute},
		Key: map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"},
			"SK": &types.AttributeValueMemberS{Value: sk}},
		ExpressionAttributeValues: map[string]types.AttributeValue{":text": &types.AttributeValueMemberS{Value: "spoilt"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// load reads one case. If it is not stored, load returns the zero Case with its key.
func load(t testing.TB, s *dynamo.Store, k relatedro.CaseKey) relatedro.Case {
	t.Helper()
	loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: []relatedro.CaseKey{k}})
	if err != nil {
		t.Fatal(err)
	}
	c := loaded.Cases[k]
	c.Key = k
	return c
}

// save replaces the stored case with next and returns it as read back.
func save(t testing.TB, s *dynamo.Store, next relatedro.Case) relatedro.Case {
	t.Helper()
	if err := s.SaveCase(t.Context(), load(t, s, next.Key), next); err != nil {
		t.Fatal(err)
	}
	return load(t, s, next.Key)
}

// allLinks reads all links of loc-100 and returns them by RO number.
func allLinks(t testing.TB, s *dynamo.Store) map[string]relatedro.Link {
	t.Helper()
	links := make(map[string]relatedro.Link)
	for after := ""; ; {
		page, next, err := s.LinksTo(t.Context(), "loc-100", "", true, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			links[l.RO] = l
		}
		if after = next; after == "" {
			return links
		}
	}
}

// linksOf returns the links that allLinks must return if c is the only case.
func linksOf(c relatedro.Case) map[string]relatedro.Link {
	links := make(map[string]relatedro.Link)
	for _, l := range c.Links() {
		links[l.RO] = l
	}
	return links
}

// calls counts requests by operation until the test ends.
type calls struct {
	mu    sync.Mutex
	count map[string]int
	body  map[string][]byte // of the last request
}

func countCalls(t testing.TB) *calls {
	c := &calls{count: make(map[string]int), body: make(map[string][]byte)}
	server.Faults(t, func(op string, body []byte) *dynamodbengine.Fault {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.count[op]++
		c.body[op] = body
		return nil
	})
	return c
}

// times returns a FaultFunc that applies fault to the first n calls of an operation.
func times(n int, operation string, fault *dynamodbengine.Fault) dynamodbengine.FaultFunc {
	var seen atomic.Int64
	return func(op string, _ []byte) *dynamodbengine.Fault {
		if op == operation && seen.Add(1) <= int64(n) {
			return fault
		}
		return nil
	}
}
