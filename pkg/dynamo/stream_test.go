package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/infra/emulators/pattern"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/template"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// told is a bus that records notices and can refuse them.
type told struct {
	notices chan relatedro.Notice
	refuse  func(relatedro.Notice) bool
}

func newTold() *told {
	return &told{notices: make(chan relatedro.Notice, 1000), refuse: func(relatedro.Notice) bool { return false }}
}

func (b *told) Publish(_ context.Context, notices []relatedro.Notice) (int, error) {
	for i, n := range notices {
		if b.refuse(n) {
			return i, errors.New("the bus is down")
		}
		b.notices <- n
	}
	return len(notices), nil
}

// next returns the next notice as "kind of case at revision". It fails the test after 30 seconds
// without one.
func (b *told) next(t *testing.T) string {
	t.Helper()
	select {
	case n := <-b.notices:
		return fmt.Sprintf("%s of %s at %d", n.Kind, n.Key.Case, n.Revision)
	case <-t.Context().Done():
	case <-time.After(30 * time.Second):
	}
	t.Fatal("no notice arrived")
	return ""
}

func newStream(bus relatedro.Bus, observe func(failed bool)) *dynamo.Stream {
	return dynamo.NewStream(dynamo.StreamConfig{Now: time.Now, Log: slog.New(slog.DiscardHandler), Observe: observe}, bus)
}

// filters returns the filters of the stream's event source mapping in template.yaml.
func filters(t *testing.T) []pattern.Pattern {
	t.Helper()
	loaded, err := template.Load("../../template.yaml", template.Config{
		Parameters: map[string]string{
			"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak",
			"ProducerPrincipal":          "arn:aws:iam::000000000000:root",
			"JwtIssuer":                  "https://issuer.invalid", "JwtAudience": "related-ro",
		},
		StackName: "case", Region: "us-east-1", AccountID: "000000000000", QueueBaseURL: "http://queues",
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.StreamMappings[0].Filters
}

// follow calls handle with the batches of a table's stream until the test ends.
func follow(
	t *testing.T, table string, wanted []pattern.Pattern,
	handle func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error),
) {
	t.Helper()
	described, err := server.Client().DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: &table})
	if err != nil || described.Table.LatestStreamArn == nil {
		t.Fatalf("the table has no stream: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	go func() {
		defer close(ended)
		poller.RunStream(ctx, poller.StreamConfig{
			Client: server.Streams(), StreamARN: *described.Table.LatestStreamArn, Region: "us-east-1", StartingPosition: "TRIM_HORIZON",
			BatchSize: 100, Filters: wanted, Bisect: true, MaximumRetryAttempts: -1, ReportBatchItemFailures: true,
			Invoke: func(ctx context.Context, event []byte) ([]byte, string, error) {
				var batch events.DynamoDBEvent
				if err := json.Unmarshal(event, &batch); err != nil {
					return nil, "", err
				}
				response, err := handle(ctx, batch)
				if err != nil {
					return []byte(err.Error()), "Unhandled", nil
				}
				answer, err := json.Marshal(response)
				return answer, "", err
			},
		})
	}()
}

func TestStreamTellsWhatChangedAndNothingElse(t *testing.T) {
	table := server.StreamTable(t)
	store := dynamo.New(server.Client(), table)
	bus := newTold()
	seen := make(chan bool, 1000)
	follow(t, table, filters(t), newStream(bus, func(failed bool) { seen <- failed }).Handle)

	k := key("case-1")
	c := save(t, store, exported(k, "50123", "50124", "50125")) // published
	c.Retrieval.RetrievedAt = noon.Add(time.Hour)
	c = save(t, store, c) // the same list, fetched later: not published
	c.Retrieval.Outcome, c.Retrieval.Reason = relatedro.OutcomeFailed, relatedro.NotActivated
	c = save(t, store, c) // published
	c.Retrieval.EventID = "ev-9"
	c = save(t, store, c) // failed again: not published
	c.Related = c.Related[:1]
	save(t, store, c) // published
	settings := relatedro.NeverSetUp("loc-100")
	enabled := settings
	enabled.Status, enabled.Connection = relatedro.Enabled, relatedro.Connection{Account: "acc", User: "user"}
	enabled.Activation = relatedro.Activation{State: relatedro.Active, CheckedAt: noon}
	// published
	if err := store.SaveSettings(t.Context(), relatedro.Change{ID: "ch-1", At: noon, By: "ann", Before: settings,
		After: enabled}); err != nil {
		t.Fatal(err)
	}
	if err := store.SaveActivation(t.Context(), "loc-100", enabled.Activation); err != nil {
		t.Fatal(err)
	}
	occasion := relatedro.Occasion{Kind: relatedro.RefreshOccasion, Location: k.Location, Case: k.Case}
	if _, _, err := store.TakeOccasion(t.Context(), occasion, "me", noon, time.Minute); err != nil {
		t.Fatal(err)
	}
	save(t, store, exported(key("case-2"), "60123", "60124")) // published

	want := []string{
		"RelatedROsChanged of case-1 at 1", "RetrievalFailed of case-1 at 3", "RelatedROsChanged of case-1 at 5",
		"LocationEnabled of  at 1", "RelatedROsChanged of case-2 at 1",
	}
	for _, w := range want {
		if got := bus.next(t); got != w {
			t.Errorf("got notice %q, want %q", got, w)
		}
	}
	for i := range 7 { // 6 writes of cases and 1 of settings
		select {
		case <-seen:
		case <-time.After(10 * time.Second):
			t.Fatalf("notify got %d records, want 7", i)
		}
	}
	if len(seen) > 0 {
		t.Errorf("notify got %d records too many", len(seen))
	}
}

func TestStreamNamesAChangeAlikeWheneverItIsRead(t *testing.T) {
	table := server.StreamTable(t)
	save(t, dynamo.New(server.Client(), table), exported(key("case-1"), "50123", "50124"))
	var first relatedro.Notice
	for i := range 2 { // the second run reads from the beginning, like a replay
		bus := newTold()
		follow(t, table, nil, newStream(bus, func(bool) {}).Handle)
		n := <-bus.notices
		if n.ID == "" || n.At.IsZero() || i == 1 && (n.ID != first.ID || !n.At.Equal(first.At)) {
			t.Errorf("notice %s at %v, then %s at %v", first.ID, first.At, n.ID, n.At)
		}
		first = n
	}
}

// captured returns the stream records of some writes in the form that Lambda delivers them.
func captured(t *testing.T, write func(*dynamo.Store)) []events.DynamoDBEventRecord {
	t.Helper()
	table := server.StreamTable(t)
	store := dynamo.New(server.Client(), table)
	write(store)
	save(t, store, exported(key("last"), "99999"))
	var records []events.DynamoDBEventRecord
	done := make(chan struct{})
	follow(t, table, filters(t), func(_ context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		for _, r := range batch.Records {
			if r.Change.Keys["SK"].String() == "CASE#last" {
				close(done)
				break
			}
			records = append(records, r)
		}
		return events.DynamoDBEventResponse{}, nil
	})
	<-done
	return records
}

func TestStreamAnswersWithTheFirstThatCannotBeTold(t *testing.T) {
	records := captured(t, func(s *dynamo.Store) {
		for i := range 4 {
			save(t, s, exported(key(fmt.Sprintf("case-%d", i)), "50123", "50124"))
		}
	})
	poison := slices.Clone(records)
	poison[2].Change.NewImage = map[string]events.DynamoDBAttributeValue{
		"PK": records[2].Change.Keys["PK"], "SK": records[2].Change.Keys["SK"], "revision": events.NewStringAttribute("many"),
	}
	refusing := func(from string) func(relatedro.Notice) bool {
		return func(n relatedro.Notice) bool { return n.Key.Case >= from }
	}
	for name, c := range map[string]struct {
		records []events.DynamoDBEventRecord
		refuse  func(relatedro.Notice) bool
		told    int
		failed  int // index of the record named in the response; -1 for none, 0 for an error
	}{
		"all are told":                       {records, refusing("x"), 4, -1},
		"none of no records":                 {nil, refusing("x"), 0, -1},
		"the bus fails at the third":         {records, refusing("case-2"), 2, 2},
		"the bus fails at the first":         {records, refusing("case-0"), 0, 0},
		"the third cannot be read":           {poison, refusing("x"), 2, 2},
		"the bus fails before what is wrong": {poison, refusing("case-1"), 1, 1},
		"the first cannot be read":           {poison[2:], refusing("x"), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bus := newTold()
			bus.refuse = c.refuse
			failures := 0
			stream := newStream(bus, func(failed bool) {
				if failed {
					failures++
				}
			})
			response, err := stream.Handle(t.Context(), events.DynamoDBEvent{Records: c.records})
			named := -1
			for _, f := range response.BatchItemFailures {
				named = slices.IndexFunc(c.records, func(r events.DynamoDBEventRecord) bool {
					return r.Change.SequenceNumber == f.ItemIdentifier
				})
			}
			if err != nil {
				named = 0
			}
			if named != c.failed || len(bus.notices) != c.told || failures != len(c.records)-c.told {
				t.Errorf("%d notices published, %d records observed as failed, response names record %d (error %v)", len(bus.notices),
					failures, named, err)
			}
		})
	}
}

func TestStreamLogsNothingOfAnItemButItsKey(t *testing.T) {
	records := captured(t, func(s *dynamo.Store) { save(t, s, exported(key("case-1"), "50123", "50124")) })
	records[0].Change.NewImage["revision"] = events.NewStringAttribute("SECRET")
	var out strings.Builder
	stream := dynamo.NewStream(dynamo.StreamConfig{
		Now: time.Now, Log: slog.New(slog.NewJSONHandler(&out, nil)), Observe: func(bool) {},
	}, newTold())
	if _, err := stream.Handle(t.Context(), events.DynamoDBEvent{Records: records}); err == nil {
		t.Error("no error for an unreadable record")
	}
	for _, secret := range []string{"SECRET", "Warranty Claims", "acc"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log contains %s: %s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "CASE#case-1") {
		t.Errorf("the log does not name the item: %s", out.String())
	}
}
