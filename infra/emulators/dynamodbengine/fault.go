package dynamodbengine

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
)

// FaultFunc chooses the fault for a request. op is the operation, such as "PutItem"; body is the
// request's JSON. A nil result lets the request through. It is called from several goroutines at
// once. Because it receives every request, it can also count them.
type FaultFunc func(op string, body []byte) *Fault

// Fault describes the failure of one request. Exactly one of Err, HangUp and Unprocessed is set.
// After can be set in addition.
type Fault struct {
	Err         *Error // returned instead of the result
	HangUp      bool   // close the connection without an answer
	Unprocessed int    // number of keys of a BatchGetItem to leave unread
	After       bool   // carry out the request before failing, so that only the answer is lost
}

// Error is an error answer in DynamoDB's form.
type Error struct {
	Status  int    // HTTP status
	Code    string // such as "ProvisionedThroughputExceededException"
	Message string // human-readable text
	// Reasons holds the cancellation codes of a TransactionCanceledException, one per action.
	Reasons []string
}

// Throttled is the error of a table or partition that exceeds its throughput.
func Throttled() *Fault {
	return &Fault{Err: &Error{Status: http.StatusBadRequest, Code: "ProvisionedThroughputExceededException",
		Message: "The level of configured provisioned throughput for the table was exceeded"}}
}

// Broken is an internal error of DynamoDB.
func Broken() *Fault {
	return &Fault{Err: &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "Internal server error"}}
}

// Outage closes the connection without an answer.
func Outage() *Fault { return &Fault{HangUp: true} }

// AnswerLost carries out the request and then closes the connection without an answer.
func AnswerLost() *Fault { return &Fault{HangUp: true, After: true} }

// Conflict cancels a transaction of the given number of actions because another request holds the
// item of its first action.
func Conflict(actions int) *Fault {
	reasons := make([]string, actions)
	for i := range reasons {
		reasons[i] = "None"
	}
	reasons[0] = "TransactionConflict"
	return &Fault{Err: &Error{Status: http.StatusBadRequest, Code: "TransactionCanceledException",
		Message: cancellation(reasons), Reasons: reasons}}
}

// Unprocessed leaves n keys of a BatchGetItem unread.
func Unprocessed(n int) *Fault { return &Fault{Unprocessed: n} }

// Faults forwards requests to a DynamoDB, this engine or another, and injects faults into some of
// them.
type Faults struct {
	next   http.Handler
	decide atomic.Pointer[FaultFunc]
}

// NewFaults returns a Faults in front of next that injects no faults until Set is called.
func NewFaults(next http.Handler) *Faults { return &Faults{next: next} }

// Set makes decide choose the fault of every request from now on. With nil, all requests pass.
func (f *Faults) Set(decide FaultFunc) {
	if decide == nil {
		f.decide.Store(nil)
		return
	}
	f.decide.Store(&decide)
}

// ServeHTTP forwards one request to the DynamoDB behind it, or injects a fault.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	decide := f.decide.Load()
	if decide == nil {
		f.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestSize))
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away or sent more than DynamoDB accepts
	}
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	fault := (*decide)(op, body)
	if fault == nil {
		f.next.ServeHTTP(w, withBody(r, body))
		return
	}
	if fault.After {
		f.next.ServeHTTP(httptest.NewRecorder(), withBody(r, body))
	}
	switch {
	case fault.HangUp:
		panic(http.ErrAbortHandler) // closes the connection
	case fault.Unprocessed > 0:
		f.leaveUnread(w, r, body, fault.Unprocessed)
	default:
		writeResponse(w, fault.Err.Status, fault.Err.body())
	}
}

func (e *Error) body() []byte {
	response := &apiError{code: e.Code, message: e.Message}
	for _, code := range e.Reasons {
		response.reasons = append(response.reasons, reason{Code: code})
	}
	return encoded(response.body())
}

// leaveUnread forwards a BatchGetItem without n of its keys and lists these in the response as
// unprocessed, as DynamoDB does when it runs short of throughput.
func (f *Faults) leaveUnread(w http.ResponseWriter, r *http.Request, body []byte, n int) {
	var request batchGet
	if err := json.Unmarshal(body, &request); err != nil {
		panic("a fault with Unprocessed applies only to BatchGetItem: " + err.Error())
	}
	unread := make(map[string]keysAndAttributes)
	for table, asked := range request.RequestItems {
		rest := asked
		kept := max(0, len(asked.Keys)-n)
		asked.Keys, rest.Keys = asked.Keys[:kept], asked.Keys[kept:]
		n -= len(rest.Keys)
		if request.RequestItems[table] = asked; kept == 0 {
			delete(request.RequestItems, table)
		}
		if len(rest.Keys) > 0 {
			unread[table] = rest
		}
	}
	result := map[string]any{"Responses": map[string]any{}}
	if len(request.RequestItems) > 0 {
		got := httptest.NewRecorder()
		f.next.ServeHTTP(got, withBody(r, encoded(request)))
		if err := json.Unmarshal(got.Body.Bytes(), &result); err != nil || got.Code != http.StatusOK {
			writeResponse(w, got.Code, got.Body.Bytes())
			return
		}
	}
	result["UnprocessedKeys"] = unread
	writeResponse(w, http.StatusOK, encoded(result))
}

// encoded encodes a value that was decoded from JSON, or that contains only strings.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("encode as JSON: " + err.Error())
	}
	return text
}

func withBody(r *http.Request, body []byte) *http.Request {
	clone := r.Clone(r.Context())
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.ContentLength = int64(len(body))
	return clone
}
