package main

import (
	"net/http"
	"sync/atomic"

	"related-ro/infra/local/stack"
)

// killer kills the functions' processes while Karmak has a request of theirs, and so an account's lease is theirs. Safe for
// concurrent use.
type killer struct {
	kill         func() int   // kills and returns how many processes there were
	left         atomic.Int64 // how often to
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
