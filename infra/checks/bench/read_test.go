package bench

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
)

const (
	readTurns     = 400
	readLocations = 5
	readCases     = 100
	linkedCases   = 2
	plainRead     = 2000 // a case without related ROs
)

// BenchmarkRead compares requests to a warm function with the bare calls that they need, in turn.
// P1 is of a case without related ROs, P1-linked of one whose two related ROs are other cases' own,
// P3 of 100 cases of 5 locations, P3-gzip of a browser, P4 of a related RO's number. DynamoDB's
// latency is added to the times, and left out of CPU time, allocations and sizes.
func BenchmarkRead(b *testing.B) {
	// As in a function; the bare calls benefit too.
	defer debug.SetGCPercent(debug.SetGCPercent(boot.GCPercent))
	w := readWorld(b, startEngines(b))
	for _, r := range readings(w) {
		b.Run(r.name, func(b *testing.B) { r.measure(b, w) })
	}
}

func (r reading) measure(b *testing.B, w *world) {
	lateClient := w.dynamoDB(func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: late{boot.NewTransport()}} })
	lateReader, reader := newReader(b, dynamo.New(lateClient, w.table)), newReader(b, w.store)
	ours := func() error { return lateReader.get(b.Context(), r.request) }
	bare := func() error { return r.bare(b.Context(), lateClient) }
	interleave(b, turns(50), ours, bare) // opens connections, fills caches
	took := interleave(b, turns(readTurns), ours, bare)
	use, bareUse := r.footprints(b, w, reader)
	used := r.usage(b, w)
	Metrics(b, map[string]float64{
		"p50-ms": milliseconds(took[0].median()), "bare-p50-ms": milliseconds(took[1].median()),
		"p99-ms": milliseconds(took[0].quantile(0.99)), "bare-p99-ms": milliseconds(took[1].quantile(0.99)),
		"cpu-ms": milliseconds(use.cpu), "bare-cpu-ms": milliseconds(bareUse.cpu), "allocs": use.allocations,
		"bare-allocs": bareUse.allocations,
		"KB":          use.bytes / 1024, "bare-KB": bareUse.bytes / 1024, "calls": used.calls, "read-units": used.read,
		"KB-sent": float64(reader.size(b, r.request)) / 1000,
	})
	goals.Report(b, "x-bare-p50", ratio(took[0].median(), took[1].median()), r.most)
	goals.Report(b, "x-bare-p99", ratio(took[0].quantile(0.99), took[1].quantile(0.99)), 1.5)
	if strings.HasPrefix(r.name, "P3") {
		goals.Report(b, "allocs/case", use.allocations/readCases, 200)
	}
}

// footprints returns the footprints of the request and of its bare calls, without latency.
func (r reading) footprints(tb testing.TB, w *world, reader *reader) (ours, bare footprint) {
	tb.Helper()
	ours = footprintOf(tb, func() error { return reader.get(tb.Context(), r.request) })
	return ours, footprintOf(tb, func() error { return r.bare(tb.Context(), w.client) })
}

// usage returns the DynamoDB usage of one warm request.
func (r reading) usage(tb testing.TB, w *world) usage {
	tb.Helper()
	reader := newReader(tb, w.metered)
	get := func() error { return reader.get(tb.Context(), r.request) }
	w.usageOf(tb, get) // caches the settings
	return w.usageOf(tb, get)
}

// reading is a placement's request, and the minimum of DynamoDB calls that its answer needs. The
// bare calls read the same attributes and discard them.
type reading struct {
	name    string
	most    float64 // limit of p50 over the bare calls'
	request []byte
	bare    func(context.Context, *dynamodb.Client) error
}

// readWorld returns a world with readCases cases spread over the locations, each with its related
// ROs. The related ROs of the first case are other cases' own ROs.
func readWorld(tb testing.TB, e *engines) *world {
	tb.Helper()
	w := newWorld(tb, e, "read", upTo(readLocations)...)
	for n := range readCases {
		w.save(tb, storedCase(n%readLocations, n, spinoffs))
	}
	for i := range linkedCases {
		linked := storedCase(0, 1000+i, 0)
		linked.RO = related(0, i)
		w.save(tb, linked)
	}
	w.save(tb, storedCase(0, plainRead, 0))
	return w
}

func readings(w *world) []reading {
	first := location(0)
	settings, plain, family := key(first, "SETTINGS"), caseKey(first, plainRead), caseKey(first, 0)
	hundred := make([]item, readCases)
	for n := range hundred {
		hundred[n] = caseKey(location(n%readLocations), n)
	}
	batch := batchGet(cases{0, readCases, upTo(readLocations)})
	bareBatch := func(ctx context.Context, c *dynamodb.Client) error { return get(ctx, c, w.table, hundred...) }
	return []reading{
		{name: "P1", most: 1.1, request: getCase(first, plainRead), bare: func(ctx context.Context, c *dynamodb.Client) error {
			return get(ctx, c, w.table, settings, plain)
		}},
		{name: "P1-linked", most: 1.1, request: getCase(first, 0), bare: func(ctx context.Context, c *dynamodb.Client) error {
			if err := get(ctx, c, w.table, settings, family); err != nil {
				return err
			}
			calls, ctx := errgroup.WithContext(ctx)
			for i := range spinoffs {
				calls.Go(func() error { return query(ctx, c, w.table, first, related(0, i)) })
			}
			return calls.Wait()
		}},
		{name: "P3", most: 1.15, request: batch, bare: bareBatch},
		{name: "P3-gzip", most: 1.15, request: fromBrowser(batch), bare: bareBatch},
		{name: "P4", most: 1.1, request: search(first, related(0, 0), "exact"), bare: func(ctx context.Context, c *dynamodb.Client) error {
			if err := query(ctx, c, w.table, first, related(0, 0)); err != nil {
				return err
			}
			return get(ctx, c, w.table, settings, family, caseKey(first, 1000))
		}},
	}
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(location, sort string) item { return item{"PK": text("LOC#" + location), "SK": text(sort)} }

func caseKey(location string, n int) item { return key(location, "CASE#"+caseID(n)) }

// shown lists the attributes that an answer needs from cases and settings.
const shown = "PK,SK,revision,caseNumber,assetId,roNumber,caseStatus,closedBy,retrieval,fetchedOver,relatedRos," +
	"#status,dms,karmak,version"

func get(ctx context.Context, c *dynamodb.Client, table string, keys ...item) error {
	attributes := shown
	out, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: {
		Keys: keys, ProjectionExpression: &attributes, ExpressionAttributeNames: map[string]string{"#status": "status"},
	}}})
	if err == nil && len(out.Responses[table]) != len(keys) {
		err = fmt.Errorf("%d items of %d", len(out.Responses[table]), len(keys))
	}
	return err
}

func query(ctx context.Context, c *dynamodb.Client, table, location, ro string) error {
	condition := "PK = :partition AND begins_with(SK, :prefix)"
	_, err := c.Query(ctx, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: &condition,
		ExpressionAttributeValues: item{":partition": text("LOC#" + location), ":prefix": text("RO#" + ro + "#CASE#")},
	})
	return err
}

// dynamoDBTakes is DynamoDB's latency per call, as assumed in infra/docs/cost.md.
const dynamoDBTakes = 5 * time.Millisecond

// late delays every call by DynamoDB's latency.
type late struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(dynamoDBTakes)
	return l.RoundTripper.RoundTrip(r)
}

// footprint is the resource use of one run in this process.
type footprint struct {
	allocations, bytes float64
	cpu                time.Duration
}

// footprintOf returns the mean footprint of many runs.
func footprintOf(tb testing.TB, run func() error) footprint {
	tb.Helper()
	const runs = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processorTime()
	for range runs {
		if err := run(); err != nil {
			tb.Fatal(err)
		}
	}
	used = processorTime() - used
	runtime.ReadMemStats(&after)
	return footprint{float64(after.Mallocs-before.Mallocs) / runs, float64(after.TotalAlloc-before.TotalAlloc) / runs, used / runs}
}
