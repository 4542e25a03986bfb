package eventbus

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

// Fault is what goes wrong with one PutEvents.
type Fault int

// The faults.
const (
	None       Fault = iota
	Whole            // it fails as a whole
	HangUp           // the connection is closed without an answer
	AnswerLost       // it is carried out, and then the connection is closed
	Some             // every second entry is refused
)

// Faults passes requests on to a bus, and has those of PutEvents go wrong as decide says, which is called from several goroutines.
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

// refuseSome passes every other entry on, from the first, and refuses those between them.
func refuseSome(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var request struct{ Entries []json.RawMessage }
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &request) != nil {
		panic(http.ErrAbortHandler) // the client is gone, or sends what no client of ours does
	}
	var passed []json.RawMessage
	for i := 0; i < len(request.Entries); i += 2 {
		passed = append(passed, request.Entries[i])
	}
	part, _ := json.Marshal(map[string]any{"Entries": passed}) // it has been JSON
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(part)), int64(len(part))
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, again)
	var answer struct {
		Entries          []result
		FailedEntryCount int
	}
	if recorder.Code != http.StatusOK || json.Unmarshal(recorder.Body.Bytes(), &answer) != nil {
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
		return
	}
	for i := 1; i < len(request.Entries); i += 2 {
		answer.Entries = slices.Insert(answer.Entries, i, result{ErrorCode: "ThrottlingException", ErrorMessage: "made to fail"})
		answer.FailedEntryCount++
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer) // an error means that the client is gone
}
