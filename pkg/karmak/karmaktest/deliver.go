package karmaktest

import (
	"bytes"
	"compress/gzip"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// deliver sends the answer, or fails in the way of the fault. It calls leave before the client can
// have the whole answer, so that the client's next request never appears to overlap with this one.
func deliver(w http.ResponseWriter, r *http.Request, a response, fault Kind, leave func()) {
	defer leave()
	switch fault {
	case Hang:
		hang(r)
	case Reset:
		leave()
		reset(w)
		return
	}
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("Vary", "Accept-Encoding")
	body := a.body
	if len(body) > 0 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	if a.status != http.StatusNoContent {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	part := body
	if fault == Stall || fault == ResetBody {
		part = body[:len(body)/2]
	} else {
		leave()
	}
	w.WriteHeader(a.status)
	if _, err := w.Write(part); err != nil {
		return // the client went away
	}
	switch fault {
	case Stall:
		flush(w)
		hang(r)
	case ResetBody:
		flush(w)
		leave()
		reset(w)
	}
}

// hang blocks until the client goes away, then ends the connection.
func hang(r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// reset ends the connection with a TCP reset, or with a plain close if a reset is not possible.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // after an error the close is an ordinary one, which is a fault too
	}
	conn.Close()
}

func flush(w http.ResponseWriter) {
	http.NewResponseController(w).Flush() // an error means that the client went away
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body) // writes to a buffer do not fail
	z.Close()
	return b.Bytes()
}
