// Package eventengine is an in-memory EventBridge that speaks its wire protocol. It supports the
// features that the product and its receivers use: buses, rules with event patterns, SQS queues as
// targets, and PutEvents. It rejects everything else. It differs on purpose in two points:
// PutEvents returns only after delivering an event to its targets, so events keep their order, and
// requests need no signature.
package eventengine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"related-ro/infra/emulators/uuid"
)

const (
	targetPrefix = "AWSEvents."
	// Amazon's limits of one PutEvents call. maxBytes is the limit from before 2026, which older
	// tools and targets still enforce.
	maxEntries = 10
	maxBytes   = 256 << 10
	maxRequest = 2 << 20
)

// Config configures an Engine. Region, Account and Deliver are required.
type Config struct {
	Region, Account string
	// Deliver sends an event to the target with the ARN.
	Deliver func(ctx context.Context, arn string, event []byte) error
	// Observe receives each event accepted by a bus. It may be nil, must be quick, and may be
	// called from several goroutines at once.
	Observe func(Event)
}

// Event is an event as delivered to targets.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Engine holds buses. It is safe for concurrent use.
type Engine struct {
	config     Config
	operations map[string]func(context.Context, []byte) (any, error)

	mu    sync.RWMutex
	buses map[string]map[string]*rule // by bus name and rule name
}

// New returns an engine without buses.
func New(config Config) *Engine {
	if config.Observe == nil {
		config.Observe = func(Event) {}
	}
	e := &Engine{config: config, buses: make(map[string]map[string]*rule)}
	e.operations = map[string]func(context.Context, []byte) (any, error){
		"CreateEventBus": e.createEventBus,
		"PutEvents":      e.putEvents,
		"PutRule":        e.putRule,
		"PutTargets":     e.putTargets,
	}
	return e
}

// apiError is an EventBridge error.
type apiError struct{ code, message string }

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refused(code, format string, args ...any) error {
	return &apiError{code, fmt.Sprintf(format, args...)}
}

// ServeHTTP handles one request of EventBridge's JSON protocol.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if r.Method != http.MethodPost || !ok {
		http.Error(w, "This is EventBridge's JSON protocol: POST with X-Amz-Target "+targetPrefix+"<Operation>.", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge) // or the client is gone
		return
	}
	perform, known := e.operations[name]
	var response any
	if err = refused("UnknownOperationException", "This engine does not support %s", name); known {
		response, err = perform(r.Context(), body)
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		failed := &apiError{"InternalException", err.Error()}
		if !errors.As(err, &failed) {
			status = http.StatusInternalServerError
		}
		response = map[string]string{"__type": failed.code, "message": failed.message}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(response) // fails only if the client is gone
}

// decode decodes a request. It rejects parameters that the engine does not know, because ignoring
// one could change the meaning of the request.
func decode[T any](body []byte) (T, error) {
	var request T
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil {
		return request, refused("SerializationException", "This engine cannot read the request: %v", err)
	}
	return request, nil
}

func (e *Engine) arn(kind, name string) string {
	return fmt.Sprintf("arn:aws:events:%s:%s:%s/%s", e.config.Region, e.config.Account, kind, name)
}

// named returns the name of a bus, given its name or ARN.
func named(bus string) string { return bus[strings.LastIndexByte(bus, '/')+1:] }

// bus returns the rules of a bus. The caller must hold e.mu.
func (e *Engine) bus(name string) (map[string]*rule, error) {
	rules, ok := e.buses[named(name)]
	if !ok {
		return nil, refused("ResourceNotFoundException", "Event bus %s does not exist.", named(name))
	}
	return rules, nil
}

func (e *Engine) createEventBus(_ context.Context, body []byte) (any, error) {
	request, err := decode[struct{ Name string }](body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.buses[request.Name] != nil {
		return nil, refused("ResourceAlreadyExistsException", "Event bus %s already exists.", request.Name)
	}
	e.buses[request.Name] = make(map[string]*rule)
	return map[string]string{"EventBusArn": e.arn("event-bus", request.Name)}, nil
}

// entry is one entry of a PutEvents call.
type entry struct {
	Detail, DetailType, EventBusName, Source string
	Resources                                []string
	Time                                     float64 // Unix time in seconds; 0 means now
}

type result struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

func (e *Engine) putEvents(ctx context.Context, body []byte) (any, error) {
	request, err := decode[struct{ Entries []entry }](body)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, given := range request.Entries {
		size += given.size()
	}
	switch n := len(request.Entries); {
	case n < 1 || n > maxEntries:
		return nil, refused("ValidationException", "1 validation error detected: Value at 'entries' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d, and greater than or equal to 1", maxEntries)
	case size > maxBytes:
		return nil, refused("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	results, failed := make([]result, len(request.Entries)), 0
	for i, given := range request.Entries {
		if results[i] = e.take(ctx, given); results[i].ErrorCode != "" {
			failed++
		}
	}
	return map[string]any{"Entries": results, "FailedEntryCount": failed}, nil
}

// size returns the size of an entry in bytes by Amazon's rules.
func (g entry) size() int {
	n := len(g.Source) + len(g.DetailType) + len(g.Detail)
	if g.Time != 0 {
		n += 14
	}
	for _, r := range g.Resources {
		n += len(r)
	}
	return n
}

// take puts one event on its bus. If a target cannot be reached, the entry fails, and the caller
// should put the event again.
func (e *Engine) take(ctx context.Context, given entry) result {
	var detail map[string]any
	switch {
	case given.Source == "" || given.DetailType == "" || given.Detail == "":
		return result{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Source, " +
			"DetailType or Detail is not valid. Reason: it is a required argument."}
	case json.Unmarshal([]byte(given.Detail), &detail) != nil:
		return result{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	made := Event{
		Version: "0", ID: uuid.New(), DetailType: given.DetailType, Source: given.Source, Account: e.config.Account,
		Region: e.config.Region,
		Time:   time.Now().UTC().Truncate(time.Second), Resources: append([]string{}, given.Resources...),
		Detail: json.RawMessage(given.Detail),
	}
	if given.Time != 0 {
		made.Time = time.Unix(int64(given.Time), 0).UTC()
	}
	text, err := json.Marshal(made)
	if err != nil {
		return result{ErrorCode: "MalformedDetail", ErrorMessage: err.Error()}
	}
	targets, err := e.wanting(given.EventBusName, text)
	if err != nil {
		return result{ErrorCode: "InvalidArgument", ErrorMessage: err.Error()}
	}
	for _, arn := range targets {
		if err := e.config.Deliver(ctx, arn, text); err != nil {
			return result{ErrorCode: "InternalFailure", ErrorMessage: err.Error()}
		}
	}
	e.config.Observe(made)
	return result{EventId: made.ID}
}

// wanting returns the targets of those rules of the bus that match the event.
func (e *Engine) wanting(bus string, event []byte) ([]string, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	rules, err := e.bus(bus)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, r := range rules {
		if !r.disabled && r.pattern.Match(event) {
			for _, t := range r.targets {
				arns = append(arns, t.Arn)
			}
		}
	}
	return arns, nil
}
