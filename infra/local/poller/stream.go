package poller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"related-ro/infra/local/pattern"
)

const (
	// lookForRecords is the pause between two looks at a shard that had nothing new: Lambda looks 4 times a second.
	lookForRecords = 250 * time.Millisecond
	// lookForShards is the pause between two looks for shards that were not there before.
	lookForShards = 2 * time.Second
	// firstRetry and longRetry are the pauses before a batch that failed is tried again: the first, doubled each time.
	firstRetry, longRetry = 50 * time.Millisecond, 5 * time.Second
	// perRead is the most records of one call.
	perRead = 1000
)

// StreamConfig describes one mapping from a DynamoDB stream. Client, StreamARN, Region, BatchSize, StartingPosition and Invoke
// must be set.
type StreamConfig struct {
	Client            *dynamodbstreams.Client
	StreamARN, Region string
	// StartingPosition is TRIM_HORIZON or LATEST: where the shards that are there at first are read from. Later ones are read whole.
	StartingPosition string
	// BatchSize is the most records of one event; Window is how long to wait for them after the first.
	BatchSize int
	Window    time.Duration
	// Filters are the patterns of which a record must match one; without any, every record does.
	Filters []pattern.Pattern
	// Bisect says that a batch with which the function fails is halved.
	Bisect bool
	// MaximumRetryAttempts and MaximumRecordAge bound how often and how long a batch is tried again; negative is without end.
	MaximumRetryAttempts int
	MaximumRecordAge     time.Duration
	// ReportBatchItemFailures says that the function's answer names the record from which on the batch is to be tried again.
	ReportBatchItemFailures bool
	// Invoke is Config's.
	Invoke func(ctx context.Context, event []byte) (answer []byte, functionError string, err error)
	// Discard takes what Lambda sends to the on-failure destination: it names the records that are passed over. It may be nil.
	Discard func(ctx context.Context, notice []byte) error
	// Observe is Config's; a batch's Messages are records.
	Observe func(Batch)
}

// RunStream reads the stream until ctx ends: its shards side by side, each in its order, a child only when its parent is done.
func RunStream(ctx context.Context, config StreamConfig) {
	if config.Observe == nil {
		config.Observe = func(Batch) {}
	}
	r := &streamReader{StreamConfig: config, state: make(map[string]shardState)}
	defer r.running.Wait()
	from := types.ShardIteratorType(config.StartingPosition)
	for ctx.Err() == nil {
		shards, err := r.shards(ctx)
		if err != nil && ctx.Err() == nil {
			r.Observe(Batch{Err: fmt.Errorf("describe stream: %w", err)})
		}
		for _, shard := range r.ready(shards) {
			s := &shardReader{streamReader: r, shard: shard, from: from}
			r.running.Go(func() { s.read(ctx) })
		}
		if err == nil {
			from = types.ShardIteratorTypeTrimHorizon
		}
		pause(ctx, lookForShards)
	}
}

type shardState int

const (
	unseen shardState = iota
	reading
	finished
)

type streamReader struct {
	StreamConfig
	running sync.WaitGroup

	mu    sync.Mutex
	state map[string]shardState
}

func (r *streamReader) shards(ctx context.Context) ([]types.Shard, error) {
	var shards []types.Shard
	for input := (&dynamodbstreams.DescribeStreamInput{StreamArn: &r.StreamARN}); ; {
		output, err := r.Client.DescribeStream(ctx, input)
		if err != nil {
			return nil, err
		}
		shards = append(shards, output.StreamDescription.Shards...)
		if input.ExclusiveStartShardId = output.StreamDescription.LastEvaluatedShardId; input.ExclusiveStartShardId == nil {
			return shards, nil
		}
	}
}

// ready returns the shards whose turn has come, and marks them as being read. A parent that the stream has forgotten is done.
func (r *streamReader) ready(shards []types.Shard) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	listed := make(map[string]bool, len(shards))
	for _, s := range shards {
		listed[*s.ShardId] = true
	}
	var ready []string
	for _, s := range shards {
		parent := aws.ToString(s.ParentShardId)
		if r.state[*s.ShardId] == unseen && (!listed[parent] || r.state[parent] == finished) {
			r.state[*s.ShardId] = reading
			ready = append(ready, *s.ShardId)
		}
	}
	return ready
}

type shardReader struct {
	*streamReader
	shard    string
	from     types.ShardIteratorType
	after    *string // sequence number of the last record read; nil before the first
	iterator *string
	ended    bool
	left     []record // read, but without room in the batch before
}

// read reads the shard to its end. Where reading breaks off it goes on after the last record that it had.
func (s *shardReader) read(ctx context.Context) {
	for ctx.Err() == nil && !(s.ended && len(s.left) == 0) {
		batch, err := s.gather(ctx)
		if err != nil && ctx.Err() == nil {
			s.Observe(Batch{Err: fmt.Errorf("read %s: %w", s.shard, err)})
			s.iterator = nil
			pause(ctx, retryPause)
		}
		s.work(ctx, batch)
	}
	if s.ended {
		s.mu.Lock()
		s.state[s.shard] = finished
		s.mu.Unlock()
	}
}

// gather waits for a first record that matches, then up to the window's end for BatchSize of them.
func (s *shardReader) gather(ctx context.Context) ([]record, error) {
	batch := s.left
	s.left = nil
	end := time.Now().Add(s.Window)
	for ctx.Err() == nil && !s.ended && len(batch) < s.BatchSize && (len(batch) == 0 || time.Now().Before(end)) {
		records, err := s.next(ctx)
		if err != nil {
			return batch, err
		}
		if len(batch) == 0 && len(records) > 0 {
			end = time.Now().Add(s.Window)
		}
		if batch = append(batch, records...); len(records) == 0 && !s.ended {
			pause(ctx, lookForRecords)
		}
	}
	n := fitting(batch, s.BatchSize)
	batch, s.left = batch[:n], batch[n:]
	return batch, nil
}

// fitting returns how many records, from the first on, one event holds.
func fitting(records []record, most int) int {
	n, size := 0, len(`{"Records":[]}`)
	for n < min(len(records), most) {
		if size += len(records[n].text) + 1; n > 0 && size > maxEvent {
			break
		}
		n++
	}
	return n
}

// next returns the records that match of the next read, and goes on behind it.
func (s *shardReader) next(ctx context.Context) ([]record, error) {
	if s.iterator == nil {
		input := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.StreamARN, ShardId: &s.shard, ShardIteratorType: s.from}
		if s.after != nil {
			input.ShardIteratorType, input.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, s.after
		}
		output, err := s.Client.GetShardIterator(ctx, input)
		if err != nil {
			return nil, err
		}
		s.iterator = output.ShardIterator
	}
	output, err := s.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: s.iterator, Limit: aws.Int32(perRead)})
	if err != nil {
		return nil, err
	}
	var matching []record
	for _, given := range output.Records {
		if made := s.record(given); s.wanted(made.text) {
			matching = append(matching, made)
		}
		s.after = given.Dynamodb.SequenceNumber
	}
	s.iterator = output.NextShardIterator
	s.ended = s.iterator == nil
	if len(output.Records) == 0 && (s.after != nil || s.from == types.ShardIteratorTypeTrimHorizon) {
		s.iterator = nil // a new one from the same place: moto's see nothing any more after a transaction that failed
	}
	return matching, nil
}

func (s *shardReader) wanted(text []byte) bool {
	for _, p := range s.Filters {
		if p.Match(text) {
			return true
		}
	}
	return len(s.Filters) == 0
}

// part is a batch on its way, with how often it was tried.
type part struct {
	records []record
	tries   int
}

// work has the function called with the batch until all of it is done or passed over, or ctx ends. Parts of it keep their order.
func (s *shardReader) work(ctx context.Context, batch []record) {
	for parts := []part{{records: batch}}; len(parts) > 0 && ctx.Err() == nil; {
		first := parts[0]
		if parts = parts[1:]; len(first.records) > 0 {
			parts = append(s.attempt(ctx, first), parts...)
		}
	}
}

// attempt calls the function once and returns what is to be tried next of it.
func (s *shardReader) attempt(ctx context.Context, p part) []part {
	if old := s.old(p.records); old > 0 {
		s.discard(ctx, p.records[:old], "RecordAgeExceeded", p.tries)
		return []part{{records: p.records[old:]}}
	}
	done, partial, err := s.call(ctx, p.records)
	s.Observe(Batch{Messages: len(p.records), Failed: len(p.records) - done, Err: err})
	left := p.records[done:]
	switch {
	case len(left) == 0:
		return nil
	case done > 0:
		return []part{{records: left}} // it got on: its tries begin anew
	case s.Bisect && !partial && len(left) > 1:
		half := len(left) / 2
		return []part{{records: left[:half]}, {records: left[half:]}}
	case s.MaximumRetryAttempts >= 0 && p.tries >= s.MaximumRetryAttempts:
		s.discard(ctx, left, "RetryAttemptsExhausted", p.tries+1)
		return nil
	}
	pause(ctx, min(firstRetry<<min(p.tries, 10), longRetry))
	return []part{{records: left, tries: p.tries + 1}}
}

// old returns how many records, from the first on, are too old to be tried.
func (s *shardReader) old(records []record) int {
	n := 0
	for s.MaximumRecordAge > 0 && n < len(records) && time.Since(records[n].at) > s.MaximumRecordAge {
		n++
	}
	return n
}

// call returns how many records, from the first on, the function is done with, and whether it says so itself.
func (s *shardReader) call(ctx context.Context, records []record) (done int, partial bool, err error) {
	answer, functionError, err := s.Invoke(context.WithoutCancel(ctx), encodeRecords(records))
	switch {
	case err != nil:
		return 0, true, err // it was not run: nothing is known of the batch, so it stays whole
	case functionError != "":
		return 0, false, fmt.Errorf("function failed (%s): %s", functionError, answer)
	case !s.ReportBatchItemFailures:
		return len(records), false, nil
	}
	known := make(map[string]int, len(records))
	for i, r := range records {
		known[r.number] = i
	}
	failed, err := failures(answer, func(id string) bool { _, ok := known[id]; return ok })
	if err != nil {
		return 0, false, err
	}
	done = len(records)
	for id := range failed {
		done = min(done, known[id]) // the lowest is the checkpoint
	}
	return done, true, nil
}

// discard tells the destination of records that are passed over, and does not go on before it took that.
func (s *shardReader) discard(ctx context.Context, records []record, why string, tries int) {
	s.Observe(Batch{Messages: len(records), Failed: len(records), Err: errors.New("passed over: " + why)})
	for s.Discard != nil && ctx.Err() == nil {
		err := s.Discard(ctx, s.notice(records, why, tries))
		if err == nil {
			return
		}
		s.Observe(Batch{Err: fmt.Errorf("send to the on-failure destination: %w", err)})
		pause(ctx, retryPause)
	}
}
