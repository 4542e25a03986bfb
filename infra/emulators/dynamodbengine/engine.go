// Package dynamodbengine is an in-memory DynamoDB that speaks its wire protocol: an http.Handler for
// local stack and for tests, usable with any SDK and with the aws command.
//
// It supports the operations on items, tables, time to live and streams that this product and its
// developers use, and rejects all others. It checks size and number limits, reserved words, unused
// placeholders, duplicate keys and key conditions as strictly as Amazon documents them, so that
// DynamoDB accepts every request that passes here. It differs on purpose in these points: tables
// are ready at once, index reads are never stale, requests are throttled only if a test asks for it
// (Faults), requests need no signature, and items past their time to live remain.
package dynamodbengine

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	targetPrefix   = "DynamoDB_20120810."
	streamsPrefix  = "DynamoDBStreams_20120810."
	maxRequestSize = 16 << 20 // bytes, Amazon's limit for one request
)

// Engine holds tables. It is safe for concurrent use, and every operation is atomic.
type Engine struct {
	now        func() time.Time
	operations map[string]operation
	streams    map[string]operation // of the Streams API, which shares the endpoint
	requests   atomic.Int64

	mu     sync.RWMutex
	tables map[string]*table
	tokens tokens
}

// operation handles one request and returns a value to encode as JSON.
type operation func(body []byte) (any, error)

// New returns an engine without tables.
func New() *Engine {
	e := &Engine{now: time.Now, tables: make(map[string]*table)}
	e.operations = map[string]operation{
		"CreateTable":        e.createTable,
		"DescribeTable":      e.describeTable,
		"DeleteTable":        e.deleteTable,
		"ListTables":         e.listTables,
		"UpdateTimeToLive":   e.updateTimeToLive,
		"DescribeTimeToLive": e.describeTimeToLive,
		"GetItem":            e.getItem,
		"PutItem":            e.putItem,
		"UpdateItem":         e.updateItem,
		"DeleteItem":         e.deleteItem,
		"Query":              e.query,
		"Scan":               e.scan,
		"BatchGetItem":       e.batchGetItem,
		"BatchWriteItem":     e.batchWriteItem,
		"TransactWriteItems": e.transactWriteItems,
	}
	e.streams = map[string]operation{
		"DescribeStream":   e.describeStream,
		"GetShardIterator": e.getShardIterator,
		"GetRecords":       e.getRecords,
	}
	return e
}

// ServeHTTP handles one request of DynamoDB's JSON protocol.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	operations := e.operations
	if !ok {
		op, ok = strings.CutPrefix(r.Header.Get("X-Amz-Target"), streamsPrefix)
		operations = e.streams
	}
	if r.Method != http.MethodPost || !ok {
		http.Error(w, "This is DynamoDB's JSON protocol: POST with X-Amz-Target "+targetPrefix+"<Operation>.", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestSize))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			e.fail(w, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge",
				message: "Request must be at most 16 MB"})
		}
		return
	}
	perform, known := operations[op]
	if !known {
		e.fail(w, refused("UnknownOperationException", "This engine does not support %s", op))
		return
	}
	response, err := perform(body)
	if err != nil {
		e.fail(w, asAPIError(err))
		return
	}
	e.respond(w, http.StatusOK, response)
}

func (e *Engine) fail(w http.ResponseWriter, err *apiError) { e.respond(w, err.status, err.body()) }

func (e *Engine) respond(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("local-%d", e.requests.Add(1)))
	writeResponse(w, status, body)
}

// writeResponse writes a JSON body with the checksum that SDKs verify.
func writeResponse(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client is gone
}

// table returns the table with the given name or ARN. The caller must hold e.mu.
func (e *Engine) table(name string) (*table, error) {
	if name == "" {
		return nil, invalid("The parameter 'TableName' is required but was not present in the request")
	}
	t, ok := e.tables[name[strings.LastIndexByte(name, '/')+1:]] // accepts a name or an ARN
	if !ok {
		return nil, notFound("Requested resource not found: Table: %s not found", name)
	}
	return t, nil
}
