package eventengine

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// Fault is the failure of one PutEvents call.
type Fault int

// Kinds of faults.
const (
	None       Fault = iota
	Whole            // the call returns an error
	HangUp           // the connection closes without an answer
	AnswerLost       // the call is executed, but the connection closes without an answer
	Some             // every second entry fails
)

// Faults forwards requests to a bus and injects the faults that decide returns for PutEvents calls.
// decide may be called from several goroutines at once.
func Faults(next http.Handler, decide func() Fault) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := None
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutEvents") {
			fault = decide()
		}
		switch fault {
		case None:
			next.ServeHTTP(w, r)
		case Whole:
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"__type":"InternalException","message":"made to fail"}`)
		case AnswerLost:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // closes the connection
		case HangUp:
			panic(http.ErrAbortHandler)
		case Some:
			refuseSome(w, r, next)
		}
	})
}

// refuseSome forwards the entries with even indexes and fails the others.
func refuseSome(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var request struct{ Entries []json.RawMessage }
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &request) != nil {
		panic(http.ErrAbortHandler) // the client is gone or sent invalid JSON
	}
	var passed []json.RawMessage
	for i := 0; i < len(request.Entries); i += 2 {
		passed = append(passed, request.Entries[i])
	}
	part, _ := json.Marshal(map[string]any{"Entries": passed}) // valid JSON always encodes
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(part)), int64(len(part))
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, again)
	var response struct {
		Entries          []result
		FailedEntryCount int
	}
	if recorder.Code != http.StatusOK || json.Unmarshal(recorder.Body.Bytes(), &response) != nil {
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
		return
	}
	for i := 1; i < len(request.Entries); i += 2 {
		response.Entries = slices.Insert(response.Entries, i, result{ErrorCode: "ThrottlingException", ErrorMessage: "made to fail"})
		response.FailedEntryCount++
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(response) // fails only if the client is gone
}
