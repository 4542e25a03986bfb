package soak

import (
	"net/http"
	"sync/atomic"

	"related-ro/infra/local/stack"
)

// killer kills the functions' processes during a request to Karmak, so that they die while holding
// an account's lease. Safe for concurrent use.
type killer struct {
	kill         func() int   // kills all processes and returns how many there were
	left         atomic.Int64 // kills left
	seen, killed atomic.Int64 // requests; processes
}

// wrap puts the killer in front of Karmak.
func (k *killer) wrap(engine stack.Engine, handler http.Handler) http.Handler {
	if engine != stack.Karmak {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k.seen.Add(1)%killEvery == 0 && k.left.Add(-1) >= 0 {
			k.killed.Add(int64(k.kill()))
		}
		handler.ServeHTTP(w, r)
	})
}
