// Package boot starts the Lambda functions. It provides their environment, AWS clients, logger and
// metrics.
package boot

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// Version is the build's version, set by the linker (-X related-ro/pkg/boot.Version=…).
var Version = "unknown"

var errLogLevel = errors.New("environment variable LOG_LEVEL must be DEBUG, INFO, WARN or ERROR")

// Kit holds the dependencies that a function is built from.
type Kit struct {
	Function  string // "export", "close", "read", …
	Env       *Env
	Log       *slog.Logger
	Metrics   *Metrics
	Transport http.RoundTripper // shared by all clients
}

// GCPercent is the heap growth in percent that triggers a garbage collection. At Go's default of
// 100 a function would collect after every 4 MB of garbage, every few requests, with hundreds of MB
// unused.
const GCPercent = 400

// memoryLimit returns the memory in bytes above which the runtime collects more often than
// GCPercent requires: four fifths of the function's memory. The rest is for the binary and for
// allocations made before a collection ends. Lambda kills a process that exceeds the function's
// memory.
func memoryLimit(env *Env) int64 {
	mb, err := strconv.ParseInt(env.Get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""), 10, 32)
	if err != nil || mb <= 0 {
		return math.MaxInt64 // not on Lambda
	}
	return mb << 20 / 5 * 4
}

// Start builds a function and serves its invocations until Lambda ends the process. If the build
// fails or a variable is missing, Start logs the error and exits with status 1.
func Start(function string, build func(Kit) (lambda.Handler, error)) {
	env := NewEnv()
	debug.SetGCPercent(GCPercent)
	debug.SetMemoryLimit(memoryLimit(env))
	log := newLogger(os.Stdout, env).With("function", function)
	kit := Kit{
		Function: function, Env: env, Log: log, Transport: NewTransport(),
		Metrics: NewMetrics(os.Stdout, time.Now,
			By("Stack", env.Get("STACK_NAME", "local")), // an account may have several stacks
			By("Function", function),
			By("Version", env.Get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"))),
	}
	handler, err := build(kit)
	if err = errors.Join(env.Err(), err); err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	log.Info("started", "version", Version, "go", runtime.Version())
	lambda.Start(flushing{handler, kit.Metrics})
}

// flushing writes the metrics after every invocation, including failed ones.
type flushing struct {
	lambda.Handler
	metrics *Metrics
}

// Invoke implements lambda.Handler.
func (f flushing) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	defer f.metrics.Flush()
	return f.Handler.Invoke(ctx, payload)
}
