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

	"related-ro/infra/emulators/pattern"
)

const (
	// lookForRecords is the pause between two reads of a shard with no new records: Lambda polls 4
	// times per second.
	lookForRecords = 250 * time.Millisecond
	// lookForShards is the pause between two checks for new shards.
	lookForShards = 2 * time.Second
	// firstRetry is the pause before the first retry of a failed batch. It doubles with each retry
	// up to longRetry.
	firstRetry, longRetry = 50 * time.Millisecond, 5 * time.Second
	// perRead is the maximum number of records per call.
	perRead = 1000
)

// StreamConfig describes one mapping from a DynamoDB stream. Client, StreamARN, Region, BatchSize,
// StartingPosition and Invoke must be set.
type StreamConfig struct {
	Client            *dynamodbstreams.Client
	StreamARN, Region string
	// StartingPosition is TRIM_HORIZON or LATEST: where to start in the shards that exist at first.
	// Later shards are read from the beginning.
	StartingPosition string
	// BatchSize is the maximum number of records in an event; Window is how long to wait for them
	// after the first.
	BatchSize int
	Window    time.Duration
	// Filters are patterns; a record must match at least one. Without filters, every record is
	// taken.
	Filters []pattern.Pattern
	// Bisect means that a batch is split in half when the function fails.
	Bisect bool
	// MaximumRetryAttempts and MaximumRecordAge limit how often and how long a batch is retried; a
	// negative value means no limit.
	MaximumRetryAttempts int
	MaximumRecordAge     time.Duration
	// ReportBatchItemFailures means that the function's response names the record from which to
	// retry the batch.
	ReportBatchItemFailures bool
	// Invoke is as in Config.
	Invoke func(ctx context.Context, event []byte) (response []byte, functionError string, err error)
	// Discard takes the document that Lambda sends to the on-failure destination, which names the
	// skipped records. It may be nil.
	Discard func(ctx context.Context, notice []byte) error
	// Observe is as in Config; a batch's Messages are records.
	Observe func(Batch)
}

// RunStream reads the stream until ctx ends: shards concurrently, each shard in order, a child only
// after its parent.
func RunStream(ctx context.Context, config StreamConfig) {
	if config.Observe == nil {
		config.Observe = func(Batch) {}
	}
	r := &streamReader{StreamConfig: config, state: make(map[string]shardState)}
	defer r.running.Wait()
	start := types.ShardIteratorType(config.StartingPosition)
	for ctx.Err() == nil {
		shards, err := r.shards(ctx)
		if err != nil && ctx.Err() == nil {
			r.Observe(Batch{Err: fmt.Errorf("describe stream: %w", err)})
		}
		for _, shard := range r.ready(shards) {
			s := &shardReader{streamReader: r, shard: shard, start: start}
			r.running.Go(func() { s.read(ctx) })
		}
		if err == nil {
			start = types.ShardIteratorTypeTrimHorizon
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

// ready returns the shards that can be read now and marks them as being read. A parent that is no
// longer in the stream counts as finished.
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
	start    types.ShardIteratorType
	after    *string // sequence number of the last record read; nil before the first
	iterator *string
	ended    bool
	left     []record // records read that did not fit in the previous batch
}

// read reads the shard to its end. After an error it resumes behind the last record read.
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

// gather waits for a first matching record, then until the window ends for up to BatchSize records.
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

// fitting returns how many of the first records fit in one event.
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

// next performs one read, returns the matching records and advances past all records read.
func (s *shardReader) next(ctx context.Context) ([]record, error) {
	if s.iterator == nil {
		input := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.StreamARN, ShardId: &s.shard, ShardIteratorType: s.start}
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
	if len(output.Records) == 0 && (s.after != nil || s.start == types.ShardIteratorTypeTrimHorizon) {
		// Request a new iterator for the same position: moto's iterators return nothing after a
		// failed transaction.
		s.iterator = nil
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

// part is a batch, or a part of one, with the number of tries so far.
type part struct {
	records []record
	tries   int
}

// work invokes the function until every record of the batch has succeeded or been skipped, or ctx
// ends. Parts of the batch keep their order.
func (s *shardReader) work(ctx context.Context, batch []record) {
	for parts := []part{{records: batch}}; len(parts) > 0 && ctx.Err() == nil; {
		first := parts[0]
		if parts = parts[1:]; len(first.records) > 0 {
			parts = append(s.attempt(ctx, first), parts...)
		}
	}
}

// attempt invokes the function once and returns the parts to try next.
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
		return []part{{records: left}} // progress was made, so the count of tries starts again
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

// old returns how many of the first records are too old to try.
func (s *shardReader) old(records []record) int {
	n := 0
	for s.MaximumRecordAge > 0 && n < len(records) && time.Since(records[n].at) > s.MaximumRecordAge {
		n++
	}
	return n
}

// call returns how many of the first records succeeded, and whether the function itself reported
// it.
func (s *shardReader) call(ctx context.Context, records []record) (done int, partial bool, err error) {
	response, functionError, err := s.Invoke(context.WithoutCancel(ctx), encodeRecords(records))
	switch {
	case err != nil:
		return 0, true, err // it did not run, so the batch stays whole
	case functionError != "":
		return 0, false, fmt.Errorf("function failed (%s): %s", functionError, response)
	case !s.ReportBatchItemFailures:
		return len(records), false, nil
	}
	known := make(map[string]int, len(records))
	for i, r := range records {
		known[r.number] = i
	}
	failed, err := failures(response, func(id string) bool { _, ok := known[id]; return ok })
	if err != nil {
		return 0, false, err
	}
	done = len(records)
	for id := range failed {
		done = min(done, known[id]) // the lowest is the checkpoint
	}
	return done, true, nil
}

// discard sends the skipped records' positions to the destination, and retries until the
// destination accepts them.
func (s *shardReader) discard(ctx context.Context, records []record, why string, tries int) {
	s.Observe(Batch{Messages: len(records), Failed: len(records), Err: errors.New("skipped: " + why)})
	for s.Discard != nil && ctx.Err() == nil {
		err := s.Discard(ctx, s.notice(records, why, tries))
		if err == nil {
			return
		}
		s.Observe(Batch{Err: fmt.Errorf("send to the on-failure destination: %w", err)})
		pause(ctx, retryPause)
	}
}
