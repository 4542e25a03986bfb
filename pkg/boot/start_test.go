package boot

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// handlerFunc implements lambda.Handler.
type handlerFunc func() ([]byte, error)

func (f handlerFunc) Invoke(context.Context, []byte) ([]byte, error) { return f() }

func TestMetricsAreWrittenWhenTheHandlerFails(t *testing.T) {
	for name, end := range map[string]func() ([]byte, error){
		"well":       func() ([]byte, error) { return nil, nil },
		"in error":   func() ([]byte, error) { return nil, errors.New("broken") },
		"in a panic": func() ([]byte, error) { panic("broken") },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			metrics := NewMetrics(&out, time.Now, By("Stack", "case"))
			handler := flushing{handlerFunc(func() ([]byte, error) {
				metrics.Add("Messages", Count, 1)
				return end()
			}), metrics}
			func() {
				defer func() { _ = recover() }()
				_, _ = handler.Invoke(t.Context(), nil)
			}()
			if !strings.Contains(out.String(), `"Messages":[1]`) {
				t.Errorf("unexpected output %q", out.String())
			}
		})
	}
}

func TestMemoryLimitIsBelowTheFunctionsMemory(t *testing.T) {
	for size, want := range map[string]int64{
		"512": 429496728, "128": 107374180, "": math.MaxInt64, "much": math.MaxInt64, "0": math.MaxInt64,
	} {
		if got := memoryLimit(envOf(map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": size})); got != want {
			t.Errorf("memory of %q MB: limit %d, want %d", size, got, want)
		}
	}
}
