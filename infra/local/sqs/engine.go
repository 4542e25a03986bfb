package sqs

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"related-ro/infra/local/clock"
)

// Account is the account that every queue belongs to.
const Account = "000000000000"

// Config says what an engine needs to know. The zero value works.
type Config struct {
	// Region is part of every queue's ARN. Default: us-east-1.
	Region string

	// BaseURL is what queue URLs begin with, such as "http://127.0.0.1:9324". Default: http:// and the Host of the
	// request at hand, so that a client in a container gets URLs that it can reach. What comes in is accepted under any host.
	BaseURL string

	// Clock is the time. Default: the machine's.
	Clock clock.Clock

	// Observe, if set, is told of everything that happens to a message, in the order in which it happens. The engine
	// is locked meanwhile: Observe must be quick and must not call the engine.
	Observe func(Event)

	// Fault, if set, is asked before each call, and before each entry of a batch, whether it shall fail. An error
	// is answered instead of doing the work; nil lets it through. It may run concurrently.
	Fault func(Call) *Error
}

// Call is what a fault hook decides about.
type Call struct {
	Action  string        // "SendMessageBatch"
	Queue   string        // the queue's name; empty for ListQueues
	EntryID string        // the id of one entry of a batch; empty when the call as a whole is meant
	Request *http.Request // its body has been read
}

// Engine holds queues in memory. It serves the SQS protocol as an http.Handler. All its methods may be called concurrently.
type Engine struct {
	region  string
	baseURL string
	clock   clock.Clock
	observe func(Event)
	fault   func(Call) *Error
	actions map[string]action

	mu      sync.Mutex
	queues  map[string]*queue    // by name
	deleted map[string]time.Time // when a queue of that name was deleted
	serial  int64                // numbers queues and messages in order of creation
	closed  bool
}

var _ http.Handler = (*Engine)(nil)

// New returns an engine without queues. It holds no resource of the machine.
func New(cfg Config) *Engine {
	e := &Engine{
		region:  cfg.Region,
		baseURL: strings.TrimSuffix(cfg.BaseURL, "/"),
		clock:   cfg.Clock,
		observe: cfg.Observe,
		fault:   cfg.Fault,
		queues:  map[string]*queue{},
		deleted: map[string]time.Time{},
	}
	if e.region == "" {
		e.region = "us-east-1"
	}
	if e.clock == nil {
		e.clock = clock.System{}
	}
	if e.observe == nil {
		e.observe = func(Event) {}
	}
	if e.fault == nil {
		e.fault = func(Call) *Error { return nil }
	}
	e.actions = e.routes()
	return e
}

// CreateQueue creates a standard queue with the attributes of the CreateQueue call, such as VisibilityTimeout and
// RedrivePolicy. A queue that exists with the same attributes is fine. The error is what the call would answer: an *Error.
func (e *Engine) CreateQueue(name string, attributes map[string]string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.createQueue(name, attributes); err != nil {
		return err
	}
	return nil
}

// ARN returns the Amazon Resource Name of a queue, whether it exists or not.
func (e *Engine) ARN(name string) string {
	return "arn:aws:sqs:" + e.region + ":" + Account + ":" + name
}

// QueueURL returns the URL of a queue, whether it exists or not, under Config.BaseURL.
func (e *Engine) QueueURL(name string) string {
	return e.baseURL + "/" + Account + "/" + name
}

// Close ends all long polls with an empty answer and lets no new one wait, so that a server can shut down at once.
// Everything else goes on working.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, q := range e.queues {
		q.dismiss()
	}
}

// queueURL returns the URL of a queue as the sender of r should call it.
func (e *Engine) queueURL(r *http.Request, name string) string {
	if e.baseURL != "" {
		return e.QueueURL(name)
	}
	return "http://" + r.Host + "/" + Account + "/" + name
}

// nextSerial numbers queues and messages. The caller holds the lock.
func (e *Engine) nextSerial() int64 {
	e.serial++
	return e.serial
}
