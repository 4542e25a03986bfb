package soak

import (
	"net/http"
	"sync/atomic"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/local/stack"
)

// killer kills the functions' processes during a request to Karmak, so that they die while holding
// an account's lease. Safe for concurrent use.
type killer struct {
	left         atomic.Int64 // kills left
	seen, killed atomic.Int64 // requests; processes
}

// wrap puts the killer in front of Karmak, and faults in front of the event bus.
func (s *soak) wrap(engine stack.Engine, handler http.Handler) http.Handler {
	switch engine {
	case stack.Events:
		return eventengine.Faults(handler, s.notices.trouble)
	case stack.Karmak:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.killer.seen.Add(1)%killEvery == 0 && s.killer.left.Add(-1) >= 0 {
				s.killer.killed.Add(int64(s.Kill("export") + s.Kill("close") + s.Kill("refresh")))
			}
			handler.ServeHTTP(w, r)
		})
	}
	return handler
}
