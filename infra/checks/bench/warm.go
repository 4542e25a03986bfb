package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/timing"
	"related-ro/infra/checks/bench/world"
	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
)

// reading is a placement's request, and the minimum of DynamoDB calls that its answer needs. The
// bare calls read the same attributes and discard them.
type reading struct {
	name    string
	most    float64 // limit of p50 over the bare calls'
	request []byte
	bare    func(context.Context, *dynamodb.Client) error
}

const (
	warmTurns     = 400
	warmLocations = 5
	warmCases     = 100
	linkedCases   = 2
)

// warmWorld returns a world with warmCases cases spread over the locations, each with its related
// ROs. The related ROs of the first case are other cases' own ROs.
func warmWorld(ctx context.Context, e *engines.Engines) (*world.World, error) {
	w, err := world.New(ctx, e, "warm")
	if err != nil {
		return nil, err
	}
	for l := range warmLocations {
		if err := w.AddLocation(ctx, l); err != nil {
			return nil, err
		}
	}
	for n := range warmCases {
		if err := w.Save(ctx, world.StoredCase(n%warmLocations, n, world.Spinoffs)); err != nil {
			return nil, err
		}
	}
	for i := range linkedCases {
		linked := world.StoredCase(0, 1000+i, 0)
		linked.RO = world.Related(0, i)
		if err := w.Save(ctx, linked); err != nil {
			return nil, err
		}
	}
	return w, w.Save(ctx, world.StoredCase(0, 2000, 0))
}

func readings(w *world.World) []reading {
	first, _ := world.Location(0)
	locations := make([]int, warmLocations)
	for l := range locations {
		locations[l] = l
	}
	settings, plain, family := key(first, "SETTINGS"), caseKey(first, 2000), caseKey(first, 0)
	hundred := make([]item, warmCases)
	for n := range hundred {
		location, _ := world.Location(n % warmLocations)
		hundred[n] = caseKey(location, n)
	}
	batch := world.BatchGet(0, warmCases, locations)
	bareBatch := func(ctx context.Context, c *dynamodb.Client) error { return get(ctx, c, w.Table, hundred...) }
	return []reading{
		{name: "P1, no related ROs", most: 1.1, request: world.GetCase(first, 2000), bare: func(ctx context.Context, c *dynamodb.Client) error {
			return get(ctx, c, w.Table, settings, plain)
		}},
		{name: "P1, two related ROs, each another case's", most: 1.1, request: world.GetCase(first, 0), bare: func(ctx context.Context, c *dynamodb.Client) error {
			if err := get(ctx, c, w.Table, settings, family); err != nil {
				return err
			}
			calls, ctx := errgroup.WithContext(ctx)
			for i := range world.Spinoffs {
				calls.Go(func() error { return query(ctx, c, w.Table, first, world.Related(0, i)) })
			}
			return calls.Wait()
		}},
		{name: "P3, 100 cases of 5 locations", most: 1.15, request: batch, bare: bareBatch},
		{name: "P3, the same, compressed for a browser", most: 1.15, request: world.FromBrowser(batch), bare: bareBatch},
		{name: "P4, a related RO's number", most: 1.1, request: world.Search(first, world.Related(0, 0), "exact"), bare: func(ctx context.Context, c *dynamodb.Client) error {
			if err := query(ctx, c, w.Table, first, world.Related(0, 0)); err != nil {
				return err
			}
			return get(ctx, c, w.Table, settings, family, caseKey(first, 1000))
		}},
	}
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(location, sort string) item { return item{"PK": text("LOC#" + location), "SK": text(sort)} }

func caseKey(location string, n int) item { return key(location, "CASE#"+world.Key(location, n).Case) }

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

// warmRead compares requests to a warm function with the bare calls they need.
func warmRead(ctx context.Context, _ *bench) (report.Section, error) {
	// As in a function; the bare calls benefit too.
	defer debug.SetGCPercent(debug.SetGCPercent(boot.GCPercent))
	e, err := engines.Start(ctx)
	if err != nil {
		return report.Section{}, err
	}
	defer e.Close()
	w, err := warmWorld(ctx, e)
	if err != nil {
		return report.Section{}, err
	}
	s := report.Section{
		Title: "Warm read",
		Text: fmt.Sprintf(`
A request as API Gateway passes it to `+"`read`"+`, from the bytes of the event to the bytes of the answer,
is compared with only the SDK calls that the answer needs. Both use the same client and engine and
request the same attributes of the same items, in turn. Each call takes %v longer than the in-memory
engine, which is about DynamoDB's latency, so that the times are those that users see. CPU time,
allocations and sizes are measured without that delay.`, dynamoDBTakes),
		Tables: []report.Table{{Columns: []string{
			"request", "p50 ms", "bare p50 ms", "difference", "ratio", "p99 ms", "bare p99 ms", "ratio", "CPU ms", "bare CPU ms", "allocations", "bare", "KB", "bare KB", "DynamoDB calls", "read units", "KB out",
		}}},
	}
	for _, r := range readings(w) {
		if err := r.measure(ctx, w, &s); err != nil {
			return report.Section{}, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	s.Notes = `
For a case with related ROs, P1 has to find out which of them are other cases' own ROs. That takes one
call per number, in parallel, once the case is known. The reference does the same, because a single
` + "`BatchGetItem`" + ` does not give the answer that the contract requires.

The contract itself causes the remaining difference: the event is JSON with the request's body as a
string, the answer is JSON with its own JSON as a string, and the log line and the line of metrics are
JSON too. All of it goes through encoding/json. A browser receives long answers compressed with gzip,
which saves nine tenths of the bytes or more.`
	return s, nil
}

func (r reading) measure(ctx context.Context, w *world.World, s *report.Section) error {
	reader, err := world.NewReader(w.Store)
	if err != nil {
		return err
	}
	lateClient := w.Engines.DynamoDB(func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: late{boot.NewTransport()}} })
	lateReader, err := world.NewReader(dynamo.New(lateClient, w.Table))
	if err != nil {
		return err
	}
	ours := func() error { return lateReader.Get(ctx, r.request) }
	bare := func() error { return r.bare(ctx, lateClient) }
	if _, err := timing.Interleave(50, ours, bare); err != nil { // opens connections, fills caches
		return err
	}
	times, err := timing.Interleave(warmTurns, ours, bare)
	if err != nil {
		return err
	}
	use, err := footprintOf(func() error { return reader.Get(ctx, r.request) })
	if err != nil {
		return err
	}
	bareUse, err := footprintOf(func() error { return r.bare(ctx, w.Client) })
	if err != nil {
		return err
	}
	usage, err := r.usage(ctx, w)
	if err != nil {
		return err
	}
	size, err := reader.Size(ctx, r.request)
	if err != nil {
		return err
	}
	p50, bare50 := times[0].Median(), times[1].Median()
	p99, bare99 := times[0].Quantile(0.99), times[1].Quantile(0.99)
	s.Tables[0].Add(r.name,
		report.Milliseconds(p50), report.Milliseconds(bare50), report.Milliseconds(p50-bare50), report.Ratio(p50, bare50),
		report.Milliseconds(p99), report.Milliseconds(bare99), report.Ratio(p99, bare99),
		report.Milliseconds(use.cpu), report.Milliseconds(bareUse.cpu),
		report.Number(use.allocations), report.Number(bareUse.allocations), report.Number(use.bytes/1024), report.Number(bareUse.bytes/1024),
		fmt.Sprint(usage.Calls), report.Number(usage.Read), report.Number(float64(size)/1000))
	s.Goals = append(s.Goals,
		report.Goal{What: r.name + ": p50 over the bare calls'", Value: ratio(p50, bare50), Limit: r.most, Unit: "×"},
		report.Goal{What: r.name + ": p99 over the bare calls'", Value: ratio(p99, bare99), Limit: 1.5, Unit: "×"})
	if strings.HasPrefix(r.name, "P3") {
		s.Goals = append(s.Goals, report.Goal{What: r.name + ": allocations per case", Value: use.allocations / warmCases, Limit: 200, Unit: "allocations"})
	}
	return nil
}

// usage returns the DynamoDB usage of one warm request.
func (r reading) usage(ctx context.Context, w *world.World) (world.Usage, error) {
	reader, err := world.NewReader(w.MeteredStore)
	if err != nil {
		return world.Usage{}, err
	}
	if err := reader.Get(ctx, r.request); err != nil { // caches the settings
		return world.Usage{}, err
	}
	w.Meter.Take()
	err = reader.Get(ctx, r.request)
	return w.Meter.Take(), err
}

// footprint is the resource use of one run in this process.
type footprint struct {
	allocations, bytes float64
	cpu                time.Duration
}

// footprintOf returns the mean footprint of many runs. It stops at the first error.
func footprintOf(run func() error) (footprint, error) {
	const runs = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processorTime()
	for range runs {
		if err := run(); err != nil {
			return footprint{}, err
		}
	}
	used = processorTime() - used
	runtime.ReadMemStats(&after)
	return footprint{float64(after.Mallocs-before.Mallocs) / runs, float64(after.TotalAlloc-before.TotalAlloc) / runs, used / runs}, nil
}
