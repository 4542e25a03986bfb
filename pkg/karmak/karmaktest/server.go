package karmaktest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a Simulator that listens on a free port of the loopback interface.
type Server struct {
	*Simulator
	URL string // the base URL, without a trailing slash

	server *http.Server
	served chan struct{} // closed when the listener is done

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // requests in progress; grows only while not closed
}

// Start returns a running server. The caller must call Close. Start panics if it cannot listen on a
// port.
func Start(config Config) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("karmaktest: listen on the loopback interface: %v", err))
	}
	s := &Server{
		Simulator: New(config),
		URL:       "http://" + listener.Addr().String(),
		served:    make(chan struct{}),
	}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("karmaktest: serve: %v", err))
		}
	}()
	return s
}

// Close closes all connections and returns once every request in progress, including hanging ones,
// has ended.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.server.Close() // its error is the listener's, and there is nothing to save
	<-s.served
	s.running.Wait()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	s.ServeHTTP(w, r)
}
