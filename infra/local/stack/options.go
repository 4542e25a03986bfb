package stack

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"related-ro/infra/local/forward"
	"related-ro/infra/local/gateway"
	"related-ro/infra/local/issuer"
	"related-ro/infra/local/lambda"
	"related-ro/infra/local/poller"
	"related-ro/infra/local/sqs"
	"related-ro/pkg/karmak/karmaktest"
)

// Options say how to start a stack. The zero value, with Root set, is a stack of the project's template on free ports.
type Options struct {
	// Root is the directory of the project: it has template.yaml and functions/.
	Root string
	// Parameters override the template's, as `sam deploy --parameter-overrides` does.
	Parameters map[string]string
	// Host is the address to listen on; empty is 127.0.0.1.
	Host string
	// Ports to listen on; 0 is any free one.
	Ports Ports
	// Binaries is a directory with the functions' native binaries, named for their packages. Empty: they are built.
	Binaries string
	// Environment is added to a function's variables, by its package (export, read, …).
	Environment map[string]map[string]string
	// Key signs and verifies tokens; nil is a new one.
	Key *issuer.Key
	// Queues configures the SQS engine: a test's clock and faults. Region, BaseURL and Observe are the stack's.
	Queues sqs.Config
	// Elsewhere has the URLs of other programs that DynamoDB's or SQS's clients are led to in place of the embedded engine.
	// The stack makes its tables and queues there unless they are there already.
	Elsewhere map[Engine]string
	// Every is how often schedules start their functions here, whatever the template says. 0: Stack.Follow alone does.
	Every time.Duration
	// Wrap may put something between the clients and an engine, such as a fault; nil leaves the handler as it is.
	Wrap func(engine Engine, handler http.Handler) http.Handler
	// Observers are told what happens. They must be quick and safe for concurrent use.
	Observers []Observer
}

// Ports are the TCP ports of a stack.
type Ports struct{ API, SQS, DynamoDB, Events, Karmak int }

// FixedPorts are those of `make run`, which READMEs and scripts rely on.
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

// Observer is told what happens in a stack, as it happens.
type Observer interface {
	// Access is told of each request to the API.
	Access(gateway.Access)
	// SQS is told what happens to each message.
	SQS(sqs.Event)
	// Karmak is told of each request to the simulator.
	Karmak(karmaktest.Request)
	// Line is told each line that a function prints, its metrics included.
	Line(lambda.Line)
}

// WorkObserver is an Observer that also wants to know how functions are run.
type WorkObserver interface {
	Observer
	// Report is told of each invocation.
	Report(lambda.Report)
	// Batch is told of each event from a queue or a stream; source is the name of the queue or the table.
	Batch(source string, batch poller.Batch)
}

// observers tells several.
type observers []Observer

func (all observers) access(a gateway.Access) {
	for _, o := range all {
		o.Access(a)
	}
}

func (all observers) sqs(e sqs.Event) {
	for _, o := range all {
		o.SQS(e)
	}
}

func (all observers) karmak(r karmaktest.Request) {
	for _, o := range all {
		o.Karmak(r)
	}
}

func (all observers) line(l lambda.Line) {
	for _, o := range all {
		o.Line(l)
	}
}

func (all observers) report(r lambda.Report) {
	for _, o := range all {
		if w, ok := o.(WorkObserver); ok {
			w.Report(r)
		}
	}
}

func (all observers) batch(queue string, b poller.Batch) {
	for _, o := range all {
		if w, ok := o.(WorkObserver); ok {
			w.Batch(queue, b)
		}
	}
}

func (o Options) host() string { return cmp.Or(o.Host, "127.0.0.1") }

// engine returns the handler of an engine: itself, or a proxy to the one elsewhere.
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
