package poller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/emulators/pattern"
)

// streamed is a table whose stream holds items, and a function that reads the stream.
type streamed struct {
	server *dynamodbtest.Server
	table  string
	config StreamConfig

	mu      sync.Mutex
	batches [][]string // of the function's invocations, as sort keys
	numbers map[string]string
	lost    []string // documents sent to the destination
	// fail decides the function's response to a batch: an error, or the sort key of the first
	// failed record.
	fail func(batch []string) (first string, err error)

	wake chan struct{}
}

func newStreamed(t *testing.T, sortKeys ...string) *streamed {
	t.Helper()
	s := &streamed{
		server: dynamodbtest.Start(), numbers: make(map[string]string), wake: make(chan struct{}, 1000),
		fail: func([]string) (string, error) { return "", nil },
	}
	t.Cleanup(s.server.Close)
	s.table = s.server.StreamTable(t)
	s.put(t, sortKeys...)
	described, err := s.server.Client().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &s.table})
	if err != nil {
		t.Fatal(err)
	}
	s.config = StreamConfig{
		Client: s.server.Streams(), StreamARN: *described.Table.LatestStreamArn, Region: "us-east-1", StartingPosition: "TRIM_HORIZON",
		BatchSize: 100, MaximumRetryAttempts: -1, ReportBatchItemFailures: true, Invoke: s.invoke,
		Discard: func(_ context.Context, notice []byte) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lost = append(s.lost, string(notice))
			s.wake <- struct{}{}
			return nil
		},
	}
	return s
}

func (s *streamed) put(t *testing.T, sortKeys ...string) {
	t.Helper()
	for _, sk := range sortKeys {
		_, err := s.server.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.table, Item: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: "LOC#1"}, "SK": &types.AttributeValueMemberS{Value: sk},
			"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
				&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
					"n": &types.AttributeValueMemberN{Value: "7"}, "yes": &types.AttributeValueMemberBOOL{Value: true},
				}}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (s *streamed) invoke(_ context.Context, event []byte) ([]byte, string, error) {
	var batch events.DynamoDBEvent
	if err := json.Unmarshal(event, &batch); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.wake <- struct{}{} }()
	var keys []string
	for _, r := range batch.Records {
		keys = append(keys, r.Change.Keys["SK"].String())
		s.numbers[keys[len(keys)-1]] = r.Change.SequenceNumber
		if r.EventSource != "aws:dynamodb" || r.AWSRegion != "us-east-1" || r.EventSourceArn != s.config.StreamARN ||
			r.Change.NewImage["list"].List()[0].Map()["n"].Number() != "7" {
			return nil, "", fmt.Errorf("record is not in Lambda's format: %+v", r)
		}
	}
	s.batches = append(s.batches, keys)
	first, err := s.fail(keys)
	switch {
	case err != nil:
		return []byte(err.Error()), "Unhandled", nil
	case first != "":
		return fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, s.numbers[first]), "", nil
	}
	return []byte(`{"batchItemFailures":null}`), "", nil
}

// run reads the stream until enough returns true, and returns the batches.
func (s *streamed) run(t *testing.T, enough func() bool) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { RunStream(ctx, s.config) })
	defer running.Wait()
	defer stop()
	for {
		s.mu.Lock()
		done := enough()
		s.mu.Unlock()
		if done {
			break
		}
		select {
		case <-s.wake:
		case <-time.After(30 * time.Second):
			t.Fatalf("after 30 s: %q, lost %q", s.batches, s.lost)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, b := range s.batches {
		all = append(all, strings.Join(b, " "))
	}
	return all
}

func (s *streamed) times(n int) func() bool { return func() bool { return len(s.batches) >= n } }

func TestStreamIsHandedOverInItsOrder(t *testing.T) {
	s := newStreamed(t, "1", "2", "3", "4", "5")
	s.config.BatchSize = 2
	if got := s.run(t, s.times(3)); !slices.Equal(got, []string{"1 2", "3 4", "5"}) {
		t.Errorf("batches %q", got)
	}
}

func TestStreamIsFiltered(t *testing.T) {
	s := newStreamed(t, "CASE#1", "RO#1#CASE#1", "LEASE", "SETTINGS", "CASE#2")
	p, err := pattern.Parse(`{"dynamodb":{"Keys":{"SK":{"S":[{"prefix":"CASE#"},"SETTINGS"]}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	s.config.Filters = []pattern.Pattern{p}
	if got := s.run(t, s.times(1)); !slices.Equal(got, []string{"CASE#1 SETTINGS CASE#2"}) {
		t.Errorf("batches %q", got)
	}
}

func TestStreamIsTriedAgainFromTheCheckpoint(t *testing.T) {
	s := newStreamed(t, "1", "2", "3", "4")
	s.config.Bisect = true // a partial response is not an error: nothing is split
	s.fail = func(batch []string) (string, error) {
		if len(s.batches) <= 2 && slices.Contains(batch, "3") {
			return "3", nil
		}
		return "", nil
	}
	if got := s.run(t, s.times(3)); !slices.Equal(got, []string{"1 2 3 4", "3 4", "3 4"}) {
		t.Errorf("batches %q", got)
	}
}

func TestStreamIsHalvedUntilTheRecordIsAlone(t *testing.T) {
	s := newStreamed(t, "1", "2", "3", "4")
	s.config.Bisect, s.config.MaximumRetryAttempts = true, 1
	s.fail = func(batch []string) (string, error) {
		if slices.Contains(batch, "3") {
			return "", errors.New("poison")
		}
		return "", nil
	}
	got := s.run(t, func() bool {
		return len(s.lost) == 1 && slices.ContainsFunc(s.batches, func(b []string) bool { return slices.Equal(b, []string{"4"}) })
	})
	if want := []string{"1 2 3 4", "1 2", "3 4", "3", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
	var notice struct {
		RequestContext     struct{ Condition string }
		DDBStreamBatchInfo struct {
			StartSequenceNumber, EndSequenceNumber, StreamArn string
			BatchSize                                         int
		}
	}
	if err := json.Unmarshal([]byte(s.lost[0]), &notice); err != nil {
		t.Fatal(err)
	}
	info := notice.DDBStreamBatchInfo
	if notice.RequestContext.Condition != "RetryAttemptsExhausted" || info.BatchSize != 1 || info.StartSequenceNumber != s.numbers["3"] ||
		info.EndSequenceNumber != s.numbers["3"] || info.StreamArn != s.config.StreamARN {
		t.Errorf("the destination got %s", s.lost[0])
	}
}

func TestStreamWaitsForAFailedRecordAndLosesNone(t *testing.T) {
	s := newStreamed(t, "1", "2")
	failing := 5
	s.fail = func([]string) (string, error) {
		if failing--; failing >= 0 {
			return "", errors.New("the bus is down")
		}
		return "", nil
	}
	if got := s.run(t, s.times(6)); got[5] != "1 2" || len(s.lost) != 0 {
		t.Errorf("batches %q, lost %q", got, s.lost)
	}
}

func TestStreamSkipsRecordsThatAreTooOld(t *testing.T) {
	s := newStreamed(t, "1", "2")
	s.config.MaximumRecordAge = time.Nanosecond
	if got := s.run(t, func() bool { return len(s.lost) > 0 }); len(got) != 0 || !strings.Contains(s.lost[0], `"RecordAgeExceeded"`) {
		t.Errorf("batches %q, lost %q", got, s.lost)
	}
}

func TestStreamGoesOnBehindLatest(t *testing.T) {
	s := newStreamed(t, "before")
	s.config.StartingPosition = "LATEST"
	// The reader is ready once a record arrives. Items put before that may or may not come after
	// LATEST.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var putting sync.WaitGroup
	putting.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			s.put(t, fmt.Sprintf("after-%d", i))
			pause(ctx, 10*time.Millisecond)
		}
	})
	got := s.run(t, s.times(1))
	stop()
	putting.Wait()
	if strings.Contains(got[0], "before") || !strings.Contains(got[0], "after-") {
		t.Errorf("batches %q", got)
	}
}
