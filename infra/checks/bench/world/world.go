// Package world sets up the benchmarks: a table with the items that the product would store, the
// dealers' ROs in Karmak, events and requests, and the product's own handlers.
package world

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// World is one table and its clients.
type World struct {
	Engines *engines.Engines
	Table   string
	Client  *dynamodb.Client // unmetered, for timing
	Store   *dynamo.Store    // over Client

	Meter         *Meter
	MeteredClient *dynamodb.Client
	MeteredStore  *dynamo.Store // over MeteredClient
}

// New creates a table with the product's schema and the given name.
func New(ctx context.Context, e *engines.Engines, table string) (*World, error) {
	w := &World{Engines: e, Table: table, Client: e.DynamoDB(), Meter: &Meter{}}
	w.MeteredClient = e.DynamoDB(w.Meter.Option)
	w.Store, w.MeteredStore = dynamo.New(w.Client, table), dynamo.New(w.MeteredClient, table)
	if _, err := w.Client.CreateTable(ctx, dynamodbtest.Definition(table)); err != nil {
		return nil, fmt.Errorf("create table %s: %w", table, err)
	}
	return w, nil
}

// Spinoffs is the number of alternate ROs of each case's own RO: a warranty RO, and one for work
// that a fleet does not pay for.
const Spinoffs = 2

// Location returns the id of the n-th location and its connection to Karmak.
func Location(n int) (id string, over relatedro.Connection) {
	return fmt.Sprintf("loc-%d", n), relatedro.Connection{Account: fmt.Sprintf("acct-%d", n), User: fmt.Sprintf("user-%d", n), Branch: "MAIN"}
}

// RO returns the number of the n-th case's own RO.
func RO(n int) string { return fmt.Sprintf("5%06d", n) }

// Related returns the number of the n-th case's alternate RO with the given index, which must be
// less than Spinoffs. No other case has this RO.
func Related(n, index int) string { return fmt.Sprintf("%d%06d", 6+index, n) }

// Key returns the key of the n-th case of a location.
func Key(location string, n int) relatedro.CaseKey {
	return relatedro.CaseKey{Location: location, Case: fmt.Sprintf("case-%06d", n)}
}

// AddLocation enables the n-th location.
func (w *World) AddLocation(ctx context.Context, n int) error {
	id, over := Location(n)
	after := relatedro.NeverSetUp(id)
	after.Status, after.Connection, after.UpdatedBy, after.UpdatedAt = relatedro.Enabled, over, "bench", start
	change := relatedro.Change{ID: fmt.Sprintf("change-%d", n), At: start, By: "bench", Before: relatedro.NeverSetUp(id), After: after}
	return w.Store.SaveSettings(ctx, change)
}

// start is before every event of the benchmarks.
var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// StoredCase returns the n-th case of a location as a successful retrieval leaves it, with the
// given number of related ROs, at most Spinoffs.
func StoredCase(location, n, related int) relatedro.Case {
	id, over := Location(location)
	at := start.Add(time.Duration(n) * time.Second)
	c := relatedro.Case{
		Key: Key(id, n), Number: fmt.Sprint(100000 + n), Asset: fmt.Sprintf("asset-%d", n/10), RO: RO(n),
		Status:       relatedro.CaseExported,
		Stated:       relatedro.Stated{ID: fmt.Sprintf("0d0f3a2e-0000-4000-8000-%012d", n), Type: relatedro.Exported, OccurredAt: at, Settled: true},
		FirstEventAt: at,
		FetchedOver:  over,
	}
	c.Retrieval = relatedro.Retrieval{
		Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport, EventID: c.Stated.ID, RetrievedAt: at.Add(2 * time.Second),
	}
	for i := range related {
		c.Related = append(c.Related, relatedro.RelatedRO{
			RO: Related(n, i), MadeFrom: c.RO, Relation: relatedro.Alternate, Status: relatedro.ROOpen,
			BillTo: billTo(i), Warranty: i == 0, OpenedAt: "2026-11-01T08:00:00",
		})
	}
	return c
}

func billTo(spinoff int) string {
	return []string{"Great Lakes Truck Warranty", "Northern Fleet Services"}[spinoff]
}

// Save stores cases that are not yet stored.
func (w *World) Save(ctx context.Context, cases ...relatedro.Case) error {
	for _, c := range cases {
		if err := w.Store.SaveCase(ctx, relatedro.Case{Key: c.Key}, c); err != nil {
			return err
		}
	}
	return nil
}

// Account returns the Karmak account of the n-th location with the ROs of the given cases.
func Account(n int, cases ...int) karmaktest.Account {
	_, over := Location(n)
	a := karmaktest.Account{ID: over.Account, Users: []string{over.User}, FusionVersion: "3.61.4.0"}
	for _, i := range cases {
		a.ROs = append(a.ROs, karmaktest.RO{
			Number: RO(i), Branch: over.Branch, Status: "OPEN", OpenedAt: start, BillingCustomerName: "Acme Haulage", LastUpdate: start,
		})
		for s := range Spinoffs {
			a.ROs = append(a.ROs, karmaktest.RO{
				Number: Related(i, s), Original: RO(i), Branch: over.Branch, Status: "OPEN", OpenedAt: start,
				BillingCustomerName: billTo(s), BillingCustomerWarranty: s == 0, LastUpdate: start,
			})
		}
	}
	return a
}

// Exported describes a batch of exports: consecutive cases, starting at First. They belong to the
// locations in turn.
type Exported struct {
	First, Messages int
	Locations       []int
}

// At returns the location of the i-th message and the number of its case.
func (e Exported) At(i int) (location, n int) { return e.Locations[i%len(e.Locations)], e.First + i }

// AddROs adds the ROs of the exported cases to Karmak.
func (w *World) AddROs(ctx context.Context, e Exported) error {
	cases := make(map[int][]int)
	for i := range e.Messages {
		location, n := e.At(i)
		cases[location] = append(cases[location], n)
	}
	for location, numbers := range cases {
		if err := w.Engines.AddAccount(ctx, Account(location, numbers...)); err != nil {
			return err
		}
	}
	return nil
}
