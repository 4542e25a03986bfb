package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

const (
	growthLocation = 1
	growthReal     = 100 // complete cases, the only ones that are read
	perLocation    = 10_000
	perWrite       = 25 // items, the limit of BatchWriteItem
	growthTurns    = 250
)

// operation is an operation that is measured at each size of the table.
type operation struct {
	name string
	do   func() error
}

// BenchmarkGrowth measures the placements, a retrieval and a run of follow in tables with a growing
// number of cases, in turn. A million cases take 5 GB of memory; -short has 10,000 at most. P4 is a
// complete number, P4-prefix one of 10 numbers.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{growthReal, 10_000, 1_000_000}
	if testing.Short() {
		sizes = []int{growthReal, 1_000, 10_000}
	}
	e := startEngines(b, "GOGC=25") // here memory matters more than time
	worlds, operations := make([]*world, len(sizes)), make([][]operation, len(sizes))
	for i, size := range sizes {
		worlds[i] = growthWorld(b, e, size)
		operations[i] = worlds[i].operations(b)
	}
	e.restCollector(b)
	for k, o := range operations[0] {
		b.Run(o.name, func(b *testing.B) {
			var sided []func() error
			for i := range sizes {
				sided = append(sided, operations[i][k].do)
				worlds[i].meter.take()
			}
			took := interleave(b, turns(growthTurns), sided...)
			each, used := make([]time.Duration, len(sizes)), make([]usage, len(sizes))
			for i := range sizes {
				each[i], used[i] = took[i].median(), worlds[i].meter.take().per(turns(growthTurns))
			}
			reportGrowth(b, sizes, each, used)
		})
	}
}

// reportGrowth reports the time and the usage of one operation at each size.
func reportGrowth(b *testing.B, sizes []int, each []time.Duration, used []usage) {
	last := len(sizes) - 1
	figures := map[string]float64{"read-units": used[last].read, "write-units": used[last].write}
	var units []float64
	for i, size := range sizes {
		figures[fmt.Sprintf("ms-%d", size)] = milliseconds(each[i])
		units = append(units, used[i].read+used[i].write)
	}
	Metrics(b, figures)
	goals.Report(b, "x-time", ratio(each[last], each[0]), 1.2)
	goals.Report(b, "x-units", slices.Max(units)/slices.Min(units), 1.2)
}

// growthWorld returns a table with the given number of cases, perLocation in each location. Most of
// them have only their keys and numbers, since the engine keeps all of them in memory.
func growthWorld(tb testing.TB, e *engines, size int) *world {
	tb.Helper()
	w := newWorld(tb, e, fmt.Sprintf("growth-%d", size), growthLocation)
	w.fill(tb, size-growthReal)
	for n := range growthReal {
		w.save(tb, storedCase(growthLocation, n, spinoffs))
	}
	w.next = growthReal
	return w
}

// fillCase and fillAsset are the digits of a case and of its asset in the items to copy. Their first
// digits and their width differ from those of all other numbers here, so that no copy matches a
// request.
const (
	fillCase  = "88800001"
	fillAsset = "99900001"
)

// fill stores count copies of one case's items, perLocation in each location. The copies of an item
// arrive in the order of their keys.
func (w *world) fill(tb testing.TB, count int) {
	tb.Helper()
	if count <= 0 {
		return
	}
	var filling errgroup.Group
	for _, item := range w.shallowItems(tb) {
		filling.Go(func() error {
			for first := 0; first < count; first += perWrite {
				body := w.batchWrite(item, first, min(first+perWrite, count))
				if _, err := send(tb.Context(), http.MethodPost, w.DynamoDBURL, "DynamoDB_20120810.BatchWriteItem", body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := filling.Wait(); err != nil {
		tb.Fatal(err)
	}
}

// batchWrite returns the request that puts the copies of the item from first up to end.
func (w *world) batchWrite(item string, first, end int) []byte {
	var puts []string
	for n := first; n < end; n++ {
		within := n % perLocation
		copied := strings.NewReplacer("LOC#"+location(growthLocation), "LOC#"+location(growthLocation+n/perLocation),
			fillCase, fmt.Sprintf("%08d", within), fillAsset, fmt.Sprintf("%08d", within/10))
		puts = append(puts, `{"PutRequest":{"Item":`+copied.Replace(item)+`}}`)
	}
	return fmt.Appendf(nil, `{"RequestItems":{%q:[%s]}}`, w.table, strings.Join(puts, ","))
}

// shallowItems stores one case and returns its items in DynamoDB's JSON, with only their keys and
// numbers.
func (w *world) shallowItems(tb testing.TB) (items []string) {
	tb.Helper()
	model := storedCase(growthLocation, 0, 1)
	model.Key.Case, model.Number, model.RO, model.Asset = "case-"+fillCase, fillCase, fillCase, "asset-"+fillAsset
	model.Related[0].RO = "9" + fillCase
	w.save(tb, model)
	condition := "PK = :partition"
	out, err := w.client.Query(tb.Context(), &dynamodb.QueryInput{
		TableName: &w.table, KeyConditionExpression: &condition,
		ExpressionAttributeValues: item{":partition": text("LOC#" + location(growthLocation))},
	})
	if err != nil {
		tb.Fatal(err)
	}
	for _, stored := range out.Items {
		shallow := make(map[string]map[string]string)
		for name, value := range stored {
			if v, ok := value.(*types.AttributeValueMemberS); ok && name != "caseStatus" && name != "firstEventAt" {
				shallow[name] = map[string]string{"S": v.Value}
			}
		}
		if !strings.Contains(shallow["SK"]["S"], fillCase) {
			continue // an item of the settings or of their history
		}
		copied, err := json.Marshal(shallow)
		if err != nil {
			tb.Fatal(err)
		}
		items = append(items, string(copied))
	}
	return items
}

// operations returns P1 to P4, a retrieval and a run of follow. P1, P2, P4 and the retrieval use a
// different case for each call. The ROs of all retrievals are in Karmak in advance, so that the
// measurements do not include the set-up.
func (w *world) operations(b *testing.B) []operation {
	reader, consume, follow := newReader(b, w.metered), newConsumer(w.metered, w.engines), newFollower(w.metered, w.engines)
	id, turn := location(growthLocation), 0
	read := func(request func(n int) []byte) func() error {
		return func() error {
			turn++
			return reader.get(b.Context(), request(turn%growthReal))
		}
	}
	next := w.newCases(b, growthTurns+1, []int{growthLocation})
	next.count = 1
	all := []operation{
		{"P1-linked", read(func(n int) []byte { return getCase(id, n) })},
		{"P2", read(func(n int) []byte { return getAsset(id, n) })},
		{"P3", read(func(int) []byte { return batchGet(cases{0, growthReal, next.locations}) })},
		{"P4", read(func(n int) []byte { return search(id, ro(n), "exact") })},
		{"P4-prefix", read(func(n int) []byte { return search(id, ro(n)[:len(ro(n))-1], "prefix") })},
		{"retrieval", func() error {
			batch := next.exports()
			next.first++
			return consume(b.Context(), batch)
		}},
		{"follow", func() error { return follow(b.Context()) }},
	}
	for _, o := range all { // caches settings, gets tokens, opens connections
		if err := o.do(); err != nil {
			b.Fatalf("%s: %v", o.name, err)
		}
	}
	return all
}
