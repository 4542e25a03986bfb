package stack_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"related-ro/infra/local/demo"
	"related-ro/infra/local/stack"
)

func TestDemo(t *testing.T) {
	_, p, data := start(t, stack.Options{})
	var out bytes.Buffer
	if err := demo.Run(t.Context(), p, data, &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestDemoFailsWhereTheSystemAnswersOtherwise(t *testing.T) {
	for name, tc := range map[string]struct {
		says, otherwise  string
		onceAfterSpinoff bool
	}{
		"a related RO is another":                {`"roNumber":"50125"`, `"roNumber":"50199"`, false},
		"there is one more than was fetched":     {`"relatedRos":[`, `"relatedRos":[{"roNumber":"50199"},`, true},
		"a case is there at a disabled location": {"case-not-retrieved", "forbidden", false},
	} {
		t.Run(name, func(t *testing.T) {
			var spunOff atomic.Bool
			_, p, data := start(t, stack.Options{Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/control/spinoff" {
						spunOff.Store(true)
					}
					if engine != stack.API || tc.onceAfterSpinoff && !spunOff.CompareAndSwap(true, false) {
						handler.ServeHTTP(w, r)
						return
					}
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, r)
					maps.Copy(w.Header(), answer.Header())
					w.WriteHeader(answer.Code)
					fmt.Fprint(w, strings.ReplaceAll(answer.Body.String(), tc.says, tc.otherwise))
				})
			}})
			if err := demo.Run(t.Context(), p, data, t.Output()); err == nil {
				t.Error("the demo succeeded")
			}
		})
	}
}
