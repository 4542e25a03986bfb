package dynamodb

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// FaultFunc decides what goes wrong with a request: op is the operation, say
// "PutItem", body its JSON. It returns nil to let the request through, and is called
// from several goroutines at once. Seeing every request, it also counts them.
type FaultFunc func(op string, body []byte) *Fault

// Fault is what goes wrong with one request. Of its fields one is set, and After
// besides if the request is to be carried out all the same.
type Fault struct {
	Err         *Error // answered instead of the result
	HangUp      bool   // the connection is closed without an answer
	Unprocessed int    // of BatchGetItem and BatchWriteItem: so many of the entries are left undone
	After       bool   // the request is carried out before it goes wrong: the answer is lost
}

// Error is an error answer in DynamoDB's form.
type Error struct {
	Status  int      // HTTP status
	Code    string   // say "ProvisionedThroughputExceededException"
	Message string   // for people
	Reasons []string // cancellation codes, one for each action; of TransactionCanceledException only
}

// Throttled is the answer of a table or partition over its throughput.
func Throttled() *Fault {
	return &Fault{Err: &Error{Status: http.StatusBadRequest, Code: "ProvisionedThroughputExceededException",
		Message: "The level of configured provisioned throughput for the table was exceeded"}}
}

// Broken is DynamoDB's own failure.
func Broken() *Fault {
	return &Fault{Err: &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "Internal server error"}}
}

// Outage closes the connection without an answer.
func Outage() *Fault { return &Fault{HangUp: true} }

// AnswerLost carries the request out and then closes the connection.
func AnswerLost() *Fault { return &Fault{HangUp: true, After: true} }

// Conflict is how a transaction of the given number of actions ends while another
// request holds the item of its first one.
func Conflict(actions int) *Fault {
	reasons := make([]string, actions)
	for i := range reasons {
		reasons[i] = "None"
	}
	reasons[0] = "TransactionConflict"
	return &Fault{Err: &Error{Status: http.StatusBadRequest, Code: "TransactionCanceledException",
		Message: cancellation(reasons), Reasons: reasons}}
}

// Unprocessed leaves n entries of a batch undone.
func Unprocessed(n int) *Fault { return &Fault{Unprocessed: n} }

// Faults passes requests on to a DynamoDB, this engine or another, and has some of
// them go wrong.
type Faults struct {
	next   http.Handler
	decide atomic.Pointer[FaultFunc]
}

// NewFaults returns a Faults in front of next that lets everything through.
func NewFaults(next http.Handler) *Faults { return &Faults{next: next} }

// Set has f asked about every request from now on; nil ends it.
func (f *Faults) Set(decide FaultFunc) {
	if decide == nil {
		f.decide.Store(nil)
		return
	}
	f.decide.Store(&decide)
}

// ServeHTTP answers one request, or has it go wrong.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	decide := f.decide.Load()
	if decide == nil {
		f.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestSize))
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away, or sends more than DynamoDB takes
	}
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	fault := (*decide)(op, body)
	if fault == nil {
		f.next.ServeHTTP(w, withBody(r, body))
		return
	}
	if fault.After {
		f.next.ServeHTTP(&answer{header: make(http.Header)}, withBody(r, body))
	}
	switch {
	case fault.HangUp:
		panic(http.ErrAbortHandler) // closes the connection
	case fault.Unprocessed > 0:
		f.leaveUndone(w, r, body, fault.Unprocessed)
	default:
		writeAnswer(w, fault.Err.Status, fault.Err.body())
	}
}

func (e *Error) body() []byte {
	answer := &apiError{code: e.Code, message: e.Message}
	for _, code := range e.Reasons {
		answer.reasons = append(answer.reasons, reason{Code: code})
	}
	body, err := json.Marshal(answer.body())
	if err != nil {
		panic("strings do not encode: " + err.Error())
	}
	return body
}

// leaveUndone passes a batch on without n of its entries, and names them in the answer
// as DynamoDB does when it is short of throughput.
func (f *Faults) leaveUndone(w http.ResponseWriter, r *http.Request, body []byte, n int) {
	var request, result map[string]any
	if err := json.Unmarshal(body, &request); err != nil {
		panic("a fault with Unprocessed fits batches only: " + err.Error())
	}
	tables, _ := request["RequestItems"].(map[string]any)
	undone := make(map[string]any)
	for name, entries := range tables {
		kept, rest := cutEntries(entries, &n)
		if tables[name] = kept; kept == nil {
			delete(tables, name)
		}
		if rest != nil {
			undone[name] = rest
		}
	}
	result = map[string]any{"Responses": map[string]any{}}
	if len(tables) > 0 {
		passedOn, err := json.Marshal(request)
		if err != nil {
			panic("what was decoded from JSON does not encode: " + err.Error())
		}
		got := &answer{header: make(http.Header)}
		f.next.ServeHTTP(got, withBody(r, passedOn))
		if err := json.Unmarshal(got.body.Bytes(), &result); err != nil || got.status != http.StatusOK {
			writeAnswer(w, got.status, got.body.Bytes())
			return
		}
	}
	result["UnprocessedKeys"], result["UnprocessedItems"] = undone, undone // of a get the one, of a write the other
	encoded, err := json.Marshal(result)
	if err != nil {
		panic("what was decoded from JSON does not encode: " + err.Error())
	}
	writeAnswer(w, http.StatusOK, encoded)
}

// cutEntries takes up to n entries off a table's part of a batch, counting them down:
// what is kept, and the rest; nil when there is none. A get has its keys one level
// deeper than a write its requests.
func cutEntries(entries any, n *int) (kept, rest any) {
	switch entries := entries.(type) {
	case []any:
		at := max(0, len(entries)-*n)
		*n -= len(entries) - at
		if at > 0 {
			kept = entries[:at]
		}
		if at < len(entries) {
			rest = entries[at:]
		}
	case map[string]any:
		keptKeys, restKeys := cutEntries(entries["Keys"], n)
		return withKeys(entries, keptKeys), withKeys(entries, restKeys)
	}
	return kept, rest
}

func withKeys(entries map[string]any, keys any) any {
	if keys == nil {
		return nil
	}
	changed := map[string]any{"Keys": keys}
	for name, parameter := range entries {
		if name != "Keys" {
			changed[name] = parameter
		}
	}
	return changed
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }

func withBody(r *http.Request, body []byte) *http.Request {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.ContentLength = int64(len(body))
	return again
}
