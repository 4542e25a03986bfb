package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// world is one table and its clients.
type world struct {
	*engines
	table  string
	client *dynamodb.Client // unmetered, for timing
	store  *dynamo.Store    // over client

	meter   *meter
	metered *dynamo.Store
	next    int // number of the next new case
}

// newWorld creates a table with the product's schema and enables the locations.
func newWorld(tb testing.TB, e *engines, table string, locations ...int) *world {
	tb.Helper()
	w := &world{engines: e, table: table, client: e.dynamoDB(), meter: &meter{}, next: 1}
	w.store, w.metered = dynamo.New(w.client, table), dynamo.New(e.dynamoDB(w.meter.option), table)
	if _, err := w.client.CreateTable(tb.Context(), dynamodbtest.Definition(table)); err != nil {
		tb.Fatalf("create table %s: %v", table, err)
	}
	for _, n := range locations {
		before := relatedro.NeverSetUp(location(n))
		after := before
		after.Status, after.Connection, after.UpdatedBy, after.UpdatedAt = relatedro.Enabled, connection(n), "bench", start
		change := relatedro.Change{ID: fmt.Sprintf("change-%d", n), At: start, By: "bench", Before: before, After: after}
		if err := w.store.SaveSettings(tb.Context(), change); err != nil {
			tb.Fatalf("enable %s: %v", location(n), err)
		}
	}
	return w
}

// upTo returns 0, 1, … n-1.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// spinoffs is the number of alternate ROs of each case's own RO: a warranty RO, and one for work
// that a fleet does not pay for.
const spinoffs = 2

func location(n int) string { return fmt.Sprintf("loc-%d", n) }

// connection returns the n-th location's connection to Karmak.
func connection(n int) relatedro.Connection {
	return relatedro.Connection{Account: fmt.Sprintf("acct-%d", n), User: fmt.Sprintf("user-%d", n), Branch: "MAIN"}
}

// ro returns the number of the n-th case's own RO.
func ro(n int) string { return fmt.Sprintf("5%06d", n) }

// related returns the number of the n-th case's alternate RO with the given index, which must be
// less than spinoffs. No other case has this RO.
func related(n, index int) string { return fmt.Sprintf("%d%06d", 6+index, n) }

func caseID(n int) string { return fmt.Sprintf("case-%06d", n) }

// start is before every event of the benchmarks.
var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// storedCase returns the n-th case of a location as a successful retrieval leaves it, with the
// given number of related ROs, at most spinoffs.
func storedCase(place, n, relatedROs int) relatedro.Case {
	occurred := start.Add(time.Duration(n) * time.Second)
	c := relatedro.Case{
		Key: relatedro.CaseKey{Location: location(place), Case: caseID(n)}, Number: fmt.Sprint(100000 + n),
		Asset: fmt.Sprintf("asset-%d", n/10), RO: ro(n),
		Status: relatedro.CaseExported,
		Stated: relatedro.Stated{ID: fmt.Sprintf("0d0f3a2e-0000-4000-8000-%012d", n), Type: relatedro.Exported, OccurredAt: occurred,
			Fetched: true},
		FirstEventAt: occurred,
		FetchedOver:  connection(place),
	}
	c.Retrieval = relatedro.Retrieval{
		Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport, EventID: c.Stated.ID, RetrievedAt: occurred.Add(2 * time.Second),
	}
	for i := range relatedROs {
		c.Related = append(c.Related, relatedro.RelatedRO{
			RO: related(n, i), MadeFrom: c.RO, Relation: relatedro.Alternate, Status: relatedro.ROOpen,
			BillTo: billTo(i), Warranty: i == 0, OpenedAt: "2026-11-01T08:00:00",
		})
	}
	return c
}

func billTo(spinoff int) string {
	return []string{"Great Lakes Truck Warranty", "Northern Fleet Services"}[spinoff]
}

// save stores cases that are not yet stored.
func (w *world) save(tb testing.TB, cases ...relatedro.Case) {
	tb.Helper()
	for _, c := range cases {
		if err := w.store.SaveCase(tb.Context(), relatedro.Case{Key: c.Key}, c); err != nil {
			tb.Fatal(err)
		}
	}
}

// account returns the Karmak account of the n-th location with the ROs of the given cases.
func account(n int, cases ...int) karmaktest.Account {
	c := connection(n)
	a := karmaktest.Account{ID: c.Account, Users: []string{c.User}, FusionVersion: "3.61.4.0"}
	for _, i := range cases {
		a.ROs = append(a.ROs, karmaktest.RO{
			Number: ro(i), Branch: c.Branch, Status: "OPEN", OpenedAt: start, BillingCustomerName: "Acme Haulage", LastUpdate: start,
		})
		for s := range spinoffs {
			a.ROs = append(a.ROs, karmaktest.RO{
				Number: related(i, s), Original: ro(i), Branch: c.Branch, Status: "OPEN", OpenedAt: start,
				BillingCustomerName: billTo(s), BillingCustomerWarranty: s == 0, LastUpdate: start,
			})
		}
	}
	return a
}

// cases are consecutive cases that belong to the locations in turn.
type cases struct {
	first, count int
	locations    []int
}

// location returns the location of the i-th of the cases.
func (c cases) location(i int) int { return c.locations[i%len(c.locations)] }

// newCases returns the next cases, which are not in the table yet, and adds their ROs to Karmak.
func (w *world) newCases(tb testing.TB, count int, locations []int) cases {
	tb.Helper()
	c := cases{w.next, count, locations}
	w.next += count
	numbers := make(map[int][]int)
	for i := range count {
		numbers[c.location(i)] = append(numbers[c.location(i)], c.first+i)
	}
	for place, numbers := range numbers {
		w.addAccount(tb, account(place, numbers...))
	}
	return c
}

// usageOf returns the usage of run: the calls of the metered clients, and all requests to Karmak.
func (w *world) usageOf(tb testing.TB, run func() error) usage {
	tb.Helper()
	before := w.counts(tb)
	w.meter.take()
	if err := run(); err != nil {
		tb.Fatal(err)
	}
	used, after := w.meter.take(), w.counts(tb)
	used.karmak, used.lookups = float64(after.Total-before.Total), float64(after.Lookups()-before.Lookups())
	return used
}
