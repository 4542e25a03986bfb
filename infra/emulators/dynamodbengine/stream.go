package dynamodbengine

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Amazon's limits of a stream.
const (
	streamKeeps     = 24 * time.Hour
	maxRecords      = 1000    // in one GetRecords answer
	maxRecordsBytes = 1 << 20 // in one GetRecords answer
)

// streamView is the StreamViewType of every stream in this engine.
const streamView = "NEW_AND_OLD_IMAGES"

// shardID names the only shard of a stream in this engine. It never closes.
const shardID = "shardId-00000000000000000001-local"

type streamDefinition struct {
	StreamEnabled  bool
	StreamViewType string `json:",omitempty"`
}

// stream is the log of a table's writes, oldest first. It is guarded by the engine's lock.
type stream struct {
	arn, label string
	created    time.Time
	records    []streamRecord
	last       int64 // sequence number of the newest record
}

type streamRecord struct {
	number  int64
	at      time.Time
	size    int
	Name    string `json:"eventName"`
	ID      string `json:"eventID"`
	Version string `json:"eventVersion"`
	Source  string `json:"eventSource"`
	Region  string `json:"awsRegion"`
	Change  change `json:"dynamodb"`
}

type change struct {
	ApproximateCreationDateTime int64
	Keys                        item
	NewImage, OldImage          item `json:",omitempty"`
	SequenceNumber              string
	SizeBytes                   int
	StreamViewType              string
}

func newStream(table string, def *streamDefinition, now time.Time) (*stream, error) {
	if def == nil || !def.StreamEnabled {
		return nil, nil
	}
	if def.StreamViewType != streamView {
		return nil, invalid("This engine does not support StreamViewType %s", def.StreamViewType)
	}
	label := now.UTC().Format("2006-01-02T15:04:05.000")
	return &stream{arn: arnPrefix + table + "/stream/" + label, label: label, created: now}, nil
}

// sequenceNumber formats a record's number. All numbers have at least 21 digits and sort as text.
func sequenceNumber(n int64) string { return fmt.Sprintf("1%020d", n) }

// take records a write. Like Amazon, it records nothing if the item did not change.
func (s *stream) take(keys keySchema, old, new *record, now time.Time) {
	if old == nil && new == nil || old != nil && new != nil && old.item.equal(new.item) {
		return
	}
	s.forget(now)
	s.last++
	sum := md5.Sum([]byte(s.arn + sequenceNumber(s.last)))
	r := streamRecord{
		number: s.last, at: now, ID: hex.EncodeToString(sum[:]), Version: "1.1", Source: "aws:dynamodb", Region: "local", Name: "MODIFY",
		Change: change{ApproximateCreationDateTime: now.Unix(), SequenceNumber: sequenceNumber(s.last), StreamViewType: streamView},
	}
	if old == nil {
		r.Name = "INSERT"
	} else {
		r.Change.Keys = keys.of(old.item)
		r.Change.OldImage, r.size = old.item, r.size+old.size
	}
	if new == nil {
		r.Name = "REMOVE"
	} else {
		r.Change.Keys = keys.of(new.item)
		r.Change.NewImage, r.size = new.item, r.size+new.size
	}
	r.size += r.Change.Keys.size()
	r.Change.SizeBytes = r.size
	s.records = append(s.records, r)
}

// forget drops the records older than streamKeeps.
func (s *stream) forget(now time.Time) {
	kept := 0
	for kept < len(s.records) && now.Sub(s.records[kept].at) > streamKeeps {
		kept++
	}
	s.records = slices.Delete(s.records, 0, kept)
}

// from returns the records after a number, as many as fit into one answer.
func (s *stream) from(after int64, limit int) []streamRecord {
	first, _ := slices.BinarySearchFunc(s.records, after+1, func(r streamRecord, n int64) int { return cmp.Compare(r.number, n) })
	rest := s.records[first:]
	n, bytes := 0, 0
	for n < len(rest) && n < limit {
		if bytes += rest[n].size; n > 0 && bytes > maxRecordsBytes {
			break
		}
		n++
	}
	return slices.Clone(rest[:n])
}

// streamOf returns the table whose stream has the ARN. The caller must hold e.mu.
func (e *Engine) streamOf(arn string) (*table, error) {
	for _, t := range e.tables {
		if t.stream != nil && t.stream.arn == arn {
			return t, nil
		}
	}
	return nil, notFound("Requested resource not found: Stream: %s not found", arn)
}
func (e *Engine) describeStream(body []byte) (any, error) {
	request, err := decode[struct {
		StreamArn, ExclusiveStartShardId string
		Limit                            int
	}](body)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	t, err := e.streamOf(request.StreamArn)
	if err != nil {
		return nil, err
	}
	shards := []any{}
	if request.ExclusiveStartShardId == "" {
		shards = append(shards, map[string]any{
			"ShardId": shardID, "SequenceNumberRange": map[string]string{"StartingSequenceNumber": sequenceNumber(1)},
		})
	}
	return map[string]any{"StreamDescription": map[string]any{
		"StreamArn": t.stream.arn, "StreamLabel": t.stream.label, "StreamStatus": "ENABLED", "StreamViewType": streamView,
		"CreationRequestDateTime": t.stream.created.Unix(), "TableName": t.definition.TableName, "KeySchema": t.definition.KeySchema,
		"Shards": shards,
	}}, nil
}

// getShardIterator returns a position: the stream's ARN and the number of the record before it.
func (e *Engine) getShardIterator(body []byte) (any, error) {
	request, err := decode[struct{ StreamArn, ShardId, ShardIteratorType, SequenceNumber string }](body)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	t, err := e.streamOf(request.StreamArn)
	if err != nil {
		return nil, err
	}
	if request.ShardId != shardID {
		return nil, notFound("Requested resource not found: Shard does not exist")
	}
	var after int64
	switch request.ShardIteratorType {
	case "TRIM_HORIZON":
	case "LATEST":
		after = t.stream.last
	case "AFTER_SEQUENCE_NUMBER":
		digits, _ := strings.CutPrefix(request.SequenceNumber, "1")
		if after, err = strconv.ParseInt(digits, 10, 64); err != nil || len(request.SequenceNumber) != len(sequenceNumber(0)) {
			return nil, invalid("Invalid SequenceNumber")
		}
	default:
		return nil, invalid("This engine does not support ShardIteratorType %s", request.ShardIteratorType)
	}
	return map[string]string{"ShardIterator": iterator(request.StreamArn, after)}, nil
}

func iterator(arn string, after int64) string { return arn + "|" + strconv.FormatInt(after, 10) }

func (e *Engine) getRecords(body []byte) (any, error) {
	request, err := decode[struct {
		ShardIterator string
		Limit         int
	}](body)
	if err != nil {
		return nil, err
	}
	arn, position, _ := strings.Cut(request.ShardIterator, "|")
	after, err := strconv.ParseInt(position, 10, 64)
	limit := cmp.Or(request.Limit, maxRecords)
	if err != nil || limit < 1 || limit > maxRecords {
		return nil, invalid("Invalid ShardIterator, or Limit is not between 1 and %d", maxRecords)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.streamOf(arn)
	if err != nil {
		return nil, err
	}
	t.stream.forget(e.now())
	records := t.stream.from(after, limit)
	if len(records) > 0 {
		after = records[len(records)-1].number
	}
	return map[string]any{"Records": records, "NextShardIterator": iterator(arn, after)}, nil
}
