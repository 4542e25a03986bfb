package karmaktest

import "net/http/httptest"

// Server is a Simulator that listens on a free port of the loopback interface.
type Server struct {
	*Simulator
	URL string // the base URL, without a trailing slash

	server *httptest.Server
}

// Start returns a running server. The caller must call Close. Start panics if it cannot listen on a
// port.
func Start(config Config) *Server {
	s := New(config)
	server := httptest.NewServer(s)
	return &Server{s, server.URL, server}
}

// Close closes all connections and returns once every request in progress, including hanging ones,
// has ended.
func (s *Server) Close() {
	s.server.Listener.Close() // no new connections; its error says only that it is closed already
	s.server.CloseClientConnections()
	s.server.Close()
}
