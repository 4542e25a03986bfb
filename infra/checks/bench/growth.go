package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/timing"
	"related-ro/infra/checks/bench/world"
)

const (
	growthLocation = 1
	growthReal     = 100 // complete cases, the only ones that are read
	perLocation    = 10_000
	growthTurns    = 250
)

// operation is an operation that is measured at each size of the table.
type operation struct {
	name string
	do   func() error
}

// grown holds an operation's time and usage at one size of the table.
type grown struct {
	took  time.Duration
	usage world.Usage
}

// growth measures the placements, a retrieval and a run of follow in tables with a growing number
// of cases.
func growth(ctx context.Context, b *bench) (report.Section, error) {
	sizes := []int{100, 10_000, b.cases}
	worlds := make([][]operation, len(sizes))
	meters := make([]*world.Meter, len(sizes))
	e, err := engines.Start(ctx)
	if err != nil {
		return report.Section{}, err
	}
	defer e.Close()
	for i, size := range sizes {
		w, err := growthWorld(ctx, e, size)
		if err != nil {
			return report.Section{}, fmt.Errorf("%d cases: %w", size, err)
		}
		meters[i] = w.Meter
		if worlds[i], err = w.operations(ctx); err != nil {
			return report.Section{}, err
		}
	}
	if err := e.RestCollector(ctx); err != nil {
		return report.Section{}, err
	}
	figures := make([][]grown, len(worlds[0])) // by operation, then by size
	for k := range worlds[0] {
		var sided []func() error
		for i := range sizes {
			sided = append(sided, worlds[i][k].do)
		}
		times, err := timing.Interleave(growthTurns, sided...)
		if err != nil {
			return report.Section{}, fmt.Errorf("%s: %w", worlds[0][k].name, err)
		}
		for i, t := range times {
			usage := meters[i].Take()
			usage.Calls /= growthTurns
			usage.Read /= growthTurns
			usage.Write /= growthTurns
			figures[k] = append(figures[k], grown{t.Median(), usage})
		}
	}
	section := growthSection(sizes, worlds[0], figures)
	return section, followGrowth(ctx, e, &section)
}

// growthWorld returns a table with the given number of cases, perLocation in each location. Most of
// them have only their keys and numbers, since the engine keeps all of them in memory.
func growthWorld(ctx context.Context, e *engines.Engines, size int) (*batchWorld, error) {
	w, err := world.New(ctx, e, fmt.Sprintf("growth-%d", size))
	if err != nil {
		return nil, err
	}
	if err := w.AddLocation(ctx, growthLocation); err != nil {
		return nil, err
	}
	if err := fill(ctx, w, size-growthReal); err != nil {
		return nil, err
	}
	for n := range growthReal {
		if err := w.Save(ctx, world.StoredCase(growthLocation, n, world.Spinoffs)); err != nil {
			return nil, err
		}
	}
	return &batchWorld{World: w, next: growthReal}, nil
}

// Placeholders for the digits of a case and of its asset in the items to copy. Their first digits
// and their width differ from those of all other numbers here, so that no copy matches a request.
const (
	fillCase  = "88800001"
	fillAsset = "99900001"
)

// fill stores count copies of one case's items, without nested attributes.
func fill(ctx context.Context, w *world.World, count int) error {
	if count <= 0 {
		return nil
	}
	location, _ := world.Location(growthLocation)
	model := world.StoredCase(growthLocation, 0, 1)
	model.Key.Case, model.Number, model.RO, model.Asset = "case-"+fillCase, fillCase, fillCase, "asset-"+fillAsset
	model.Related[0].RO = "9" + fillCase
	if err := w.Save(ctx, model); err != nil {
		return err
	}
	condition := "PK = :partition"
	out, err := w.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &w.Table, KeyConditionExpression: &condition, ExpressionAttributeValues: item{":partition": text("LOC#" + location)},
	})
	if err != nil {
		return err
	}
	var items []string
	for _, it := range out.Items {
		if sort, ok := it["SK"].(*types.AttributeValueMemberS); !ok || !strings.Contains(sort.Value, fillCase) {
			continue // an item of the settings or of their history
		}
		shallow, err := json.Marshal(shallowItem(it))
		if err != nil {
			return err
		}
		items = append(items, string(shallow))
	}
	for l, from := growthLocation, 0; from < count; l, from = l+1, from+perLocation {
		other, _ := world.Location(l)
		f := engines.Filling{Table: w.Table, Token: fillCase, Group: fillAsset, Count: min(perLocation, count-from)}
		for _, it := range items {
			f.Items = append(f.Items, json.RawMessage(strings.ReplaceAll(it, "LOC#"+location, "LOC#"+other)))
		}
		if err := w.Engines.Fill(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// shallowItem returns an item's strings in DynamoDB's JSON: its keys and numbers, without nested
// attributes.
func shallowItem(it item) map[string]map[string]string {
	out := make(map[string]map[string]string)
	for name, value := range it {
		if v, ok := value.(*types.AttributeValueMemberS); ok && name != "caseStatus" && name != "firstEventAt" {
			out[name] = map[string]string{"S": v.Value}
		}
	}
	return out
}

// operations returns P1 to P4, a retrieval and a run of follow. P1, P2, P4 and the retrieval use a
// different case for each call.
func (w *batchWorld) operations(ctx context.Context) ([]operation, error) {
	reader, err := world.NewReader(w.MeteredStore)
	if err != nil {
		return nil, err
	}
	consumer, follow := world.NewConsumer(w.MeteredStore, w.Engines), world.NewFollower(w.MeteredStore, w.Engines)
	location, _ := world.Location(growthLocation)
	turn := 0
	read := func(request func(n int) []byte) func() error {
		return func() error {
			turn++
			return reader.Get(ctx, request(turn%growthReal))
		}
	}
	all := []operation{
		{"P1, two related ROs", read(func(n int) []byte { return world.GetCase(location, n) })},
		{"P2, 10 cases of an asset", read(func(n int) []byte { return world.GetAsset(location, n) })},
		{"P3, 100 cases", read(func(int) []byte { return world.BatchGet(0, growthReal, []int{growthLocation}) })},
		{"P4, a complete number", read(func(n int) []byte { return world.Search(location, world.RO(n), "exact") })},
		{"P4, a prefix of 10 numbers", read(func(n int) []byte { return world.Search(location, world.RO(n)[:len(world.RO(n))-1], "prefix") })},
		{"one retrieval, Karmak without latency", func() error {
			exported := world.Exported{First: w.next, Messages: 1, Locations: []int{growthLocation}}
			w.next++
			return world.Work(ctx, consumer, exported.Batch())
		}},
		{"a run of follow over one connection", func() error { return follow(ctx) }},
	}
	// Add the ROs of all retrievals in advance, so that the measurements do not include the set-up.
	ros := world.Exported{First: w.next, Messages: growthTurns + 1, Locations: []int{growthLocation}}
	if err := w.AddROs(ctx, ros); err != nil {
		return nil, err
	}
	for _, o := range all { // caches settings, gets tokens, opens connections
		if err := o.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
	}
	w.Meter.Take()
	return all, nil
}

func growthSection(sizes []int, operations []operation, figures [][]grown) report.Section {
	s := report.Section{
		Title: "Growth",
		Text: fmt.Sprintf(`
The same operations in tables with %d, %d and %d cases, %d per location, which is some years of a
busy one. The %d cases that are read are complete. The others have only their keys, links and
numbers, since the engine keeps all of them in memory. Times are medians of %d turns in milliseconds,
alternating between the tables; units are the read / write units of one operation.`,
			sizes[0], sizes[1], sizes[2], perLocation, growthReal, growthTurns),
		Tables: []report.Table{{Columns: []string{"operation"}}},
	}
	t := &s.Tables[0]
	for _, size := range sizes {
		t.Columns = append(t.Columns, fmt.Sprintf("%d cases ms", size), "units")
	}
	t.Columns = append(t.Columns, "largest over smallest")
	for k, o := range operations {
		cells := []string{o.name}
		var times []time.Duration
		var units []float64
		for _, g := range figures[k] {
			cells = append(cells, report.Milliseconds(g.took), report.Number(g.usage.Read)+" / "+report.Number(g.usage.Write))
			times, units = append(times, g.took), append(units, g.usage.Read+g.usage.Write)
		}
		growth := ratio(times[len(times)-1], times[0])
		t.Add(append(cells, report.Number(growth)+" ×")...)
		s.Goals = append(s.Goals,
			report.Goal{What: o.name + ": time with " + fmt.Sprint(sizes[2]) + " cases over 100", Value: growth, Limit: 1.2, Unit: "×"},
			report.Goal{What: o.name + ": capacity units, most over least", Value: slices.Max(units) / slices.Min(units), Limit: 1.2, Unit: "×"})
	}
	s.Notes = `
No operation reads more than its answer: each one reads keys or one range of one partition. Two
answers do grow with a location's cases, each up to one page: those to a short prefix of a number, and
an asset's list. The times rise slightly because of the engine's memory: the items are spread over
more memory than the processor's caches hold, for P3 in a hundred places. ` + "`notify`" + ` reads only the
table's stream, so its cost does not depend on the number of cases.`
	return s
}
