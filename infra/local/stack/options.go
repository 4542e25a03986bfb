package stack

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/forward"
	"related-ro/infra/emulators/gateway"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/karmak/karmaktest"
)

// Options configure a stack. The zero value, with Root set, runs the project's template on free
// ports.
type Options struct {
	// Root is the project's directory, which holds template.yaml and functions/.
	Root string
	// Parameters override the template's, as `sam deploy --parameter-overrides` does.
	Parameters map[string]string
	// Host is the address to listen on; empty means 127.0.0.1.
	Host string
	// Ports are the ports to listen on; 0 means any free port.
	Ports Ports
	// Binaries is a directory with the functions' native binaries, named after their packages. If
	// empty, Start builds them.
	Binaries string
	// Environment holds additional environment variables for functions, by package (export, read,
	// …).
	Environment map[string]map[string]string
	// Key signs and verifies tokens; nil means a new key.
	Key *issuer.Key
	// Queues configures the SQS engine, for example a test's clock and faults. The stack sets
	// Region, BaseURL and Observe.
	Queues sqsengine.Config
	// Elsewhere holds the URLs of other programs that replace the embedded DynamoDB or SQS engine.
	// The stack creates its tables and queues there if they do not exist.
	Elsewhere map[Engine]string
	// Every is the interval of all schedules here, in place of the template's; 0 means that only
	// Stack.Follow runs them.
	Every time.Duration
	// Wrap may insert a handler in front of an engine, for example to inject a fault; nil means
	// none.
	Wrap func(engine Engine, handler http.Handler) http.Handler
	// Observe receives the stack's events.
	Observe Observe
}

// Ports are the TCP ports of a stack.
type Ports struct{ API, SQS, DynamoDB, Events, Karmak int }

// FixedPorts returns the ports of `make run`, which the README and scripts rely on.
func FixedPorts() Ports {
	return Ports{API: 3000, SQS: 9324, DynamoDB: 8000, Events: 8090, Karmak: 8085}
}

// Engine names one of the HTTP servers of a stack.
type Engine string

// The engines of a stack.
const (
	API      Engine = "api"
	SQS      Engine = "sqs"
	DynamoDB Engine = "dynamodb"
	Events   Engine = "events"
	Karmak   Engine = "karmak"
)

// Observe receives the stack's events as they happen. Each function may be nil, must be fast, and is
// called concurrently.
type Observe struct {
	// Access receives each request to the API.
	Access func(gateway.Access)
	// SQS receives each event of a message.
	SQS func(sqsengine.Event)
	// Event receives each event accepted by a bus.
	Event func(eventengine.Event)
	// Karmak receives each request to the simulator.
	Karmak func(karmaktest.Request)
	// Line receives each line that a function prints, including its metrics.
	Line func(lambdaengine.Line)
	// Report receives each invocation.
	Report func(lambdaengine.Report)
	// Batch receives each event from a queue or a stream; source is the name of the queue or the
	// table.
	Batch func(source string, batch poller.Batch)
}

func (o Observe) batch(source string) func(poller.Batch) {
	if o.Batch == nil {
		return nil
	}
	return func(b poller.Batch) { o.Batch(source, b) }
}

func (o Options) host() string { return cmp.Or(o.Host, "127.0.0.1") }

// engine returns an engine's handler: the embedded one, or a proxy to the program that replaces it.
func (o Options) engine(engine Engine, handler http.Handler) (http.Handler, error) {
	endpoint := o.Elsewhere[engine]
	if endpoint == "" {
		return handler, nil
	}
	target, err := url.Parse(endpoint)
	if err != nil || target.Host == "" || engine != DynamoDB && engine != SQS {
		return nil, fmt.Errorf("%q cannot stand in for %s", endpoint, engine)
	}
	return forward.To(target), nil
}

func (o Options) wrap(engine Engine, handler http.Handler) http.Handler {
	if o.Wrap == nil {
		return handler
	}
	return o.Wrap(engine, handler)
}
