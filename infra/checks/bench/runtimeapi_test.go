package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// runtimeAPI serves the Lambda Runtime API to one process.
type runtimeAPI struct {
	server  *httptest.Server
	ready   chan time.Time // time of the first request for an event
	events  chan []byte
	answers chan answer
}

type answer struct {
	text   []byte
	failed bool
}

func newRuntimeAPI() *runtimeAPI {
	a := &runtimeAPI{ready: make(chan time.Time, 1), events: make(chan []byte), answers: make(chan answer, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/", a.take)
	a.server = httptest.NewServer(mux)
	return a
}

func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case a.ready <- time.Now():
	default:
	}
	select {
	case event := <-a.events:
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
		header.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
		w.Write(event) // fails only if the process has ended; ask then returns ctx's error
	case <-r.Context().Done():
	}
}

// take receives the result of an event, or of a failed start. Any path that does not end in
// /response reports a failure.
func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body) // a truncated answer fails the check in program.ask
	w.WriteHeader(http.StatusAccepted)
	http.NewResponseController(w).Flush()
	a.answers <- answer{text, !strings.HasSuffix(r.URL.Path, "/response")}
}

func (a *runtimeAPI) awaitReady(ctx context.Context) (time.Time, error) {
	select {
	case ready := <-a.ready:
		return ready, nil
	case failed := <-a.answers:
		return time.Time{}, fmt.Errorf("it did not start: %s", failed.text)
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

func (a *runtimeAPI) ask(ctx context.Context, event []byte) ([]byte, error) {
	select {
	case a.events <- event:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case got := <-a.answers:
		if got.failed {
			return got.text, errors.New("the event failed")
		}
		return got.text, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
