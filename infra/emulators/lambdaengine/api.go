package lambdaengine

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"related-ro/infra/emulators/uuid"
)

// api serves the Lambda Runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) to one process.
func (e *environment) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initFailure)
	return mux
}

// next waits for an event. A call also marks the previous invocation as finished.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-e.ready:
		e.finish(true, func(inv *invocation) *Result {
			return unhandled("Runtime.NoResponse", "RequestId: %s Error: requested the next event without sending a response", inv.id)
		})
	default:
		close(e.ready)
	}
	select {
	case inv := <-e.work:
		e.begin(inv)
		deadline := inv.begun.Add(e.function.config.Timeout)
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", e.function.config.ARN)
		header.Set("Lambda-Runtime-Trace-Id", traceID(inv.begun))
		_, _ = w.Write(inv.payload) // if this fails, the process is gone, and watch reports its end
	case <-r.Context().Done():
	case <-e.exited:
	}
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		e.setResult(r.PathValue("id"), unhandled("Function.ResponseSizeTooLarge",
			"Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload))
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
	case err != nil:
		refuse(w, http.StatusBadRequest, "Unreadable")
	case !e.setResult(r.PathValue("id"), &Result{Payload: payload}):
		refuse(w, http.StatusBadRequest, "InvalidRequestID")
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	failed, ok := readFailure(w, r)
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, "Unreadable")
	case !e.setResult(r.PathValue("id"), failed):
		refuse(w, http.StatusBadRequest, "InvalidRequestID")
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

func (e *environment) initFailure(w http.ResponseWriter, r *http.Request) {
	failed, ok := readFailure(w, r)
	if !ok {
		refuse(w, http.StatusBadRequest, "Unreadable")
		return
	}
	e.mu.Lock()
	e.initError = failed
	e.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

func readFailure(w http.ResponseWriter, r *http.Request) (*Result, bool) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	return &Result{Payload: payload, FunctionError: "Unhandled"}, err == nil
}

// setResult stores the result until the process requests the next event or ends. It returns false if
// the process is not working on that invocation or has already answered it.
func (e *environment) setResult(id string, result *Result) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil || e.current.id != id || e.current.answered != nil {
		return false
	}
	e.current.answered = result
	return true
}

func refuse(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, kind, http.StatusText(status))
}

// traceID returns an X-Ray header that is not sampled. Its root consists of the time in hexadecimal
// and 96 random bits.
func traceID(now time.Time) string {
	id := strings.ReplaceAll(uuid.New(), "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), id[:24], id[16:])
}
