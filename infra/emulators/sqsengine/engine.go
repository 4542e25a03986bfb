package sqsengine

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"related-ro/infra/emulators/clock"
)

// Account is the ID of the account that owns every queue.
const Account = "000000000000"

// Config configures an engine. The zero value is valid.
type Config struct {
	// Region is part of every queue's ARN. The default is us-east-1.
	Region string

	// BaseURL is the prefix of queue URLs, such as "http://127.0.0.1:9324". The default is http://
	// plus the Host header of the request, so that a client in a container receives URLs that it
	// can reach. The engine accepts queue URLs with any host.
	BaseURL string

	// Clock is the source of time. The default is the system clock.
	Clock clock.Clock

	// Observe, if set, receives each event of a message in order. The engine is locked during the
	// call, so Observe must be quick and must not call the engine.
	Observe func(Event)

	// Fault, if set, is called before each call and before each entry of a batch. If it returns an
	// error, the engine returns that error and does not do the work. Fault may be called
	// concurrently.
	Fault func(Call) *Error
}

// Call describes the call, or the batch entry, that a fault hook decides about.
type Call struct {
	Action  string        // such as "SendMessageBatch"
	Queue   string        // the queue's name; empty for ListQueues
	EntryID string        // the ID of one entry of a batch; empty for the call as a whole
	Request *http.Request // its body has already been read
}

// Engine holds queues in memory and serves the SQS protocol as an http.Handler. All its methods are
// safe for concurrent use.
type Engine struct {
	region  string
	baseURL string
	clock   clock.Clock
	observe func(Event)
	fault   func(Call) *Error
	actions map[string]action

	mu      sync.Mutex
	queues  map[string]*queue    // by name
	deleted map[string]time.Time // time of deletion by queue name
	serial  int64                // numbers queues and messages in order of creation
	closed  bool
}

var _ http.Handler = (*Engine)(nil)

// New returns an engine without queues. It starts no goroutines and opens no files or sockets.
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

// CreateQueue creates a standard queue. attributes are those of the CreateQueue call, such as
// VisibilityTimeout and RedrivePolicy. If a queue with this name and the same attributes exists,
// CreateQueue returns nil. An error is the *Error that the call would return.
func (e *Engine) CreateQueue(name string, attributes map[string]string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.createQueue(name, attributes); err != nil {
		return err
	}
	return nil
}

// ARN returns the Amazon Resource Name of a queue. The queue need not exist.
func (e *Engine) ARN(name string) string {
	return "arn:aws:sqs:" + e.region + ":" + Account + ":" + name
}

// QueueURL returns the URL of a queue under Config.BaseURL. The queue need not exist.
func (e *Engine) QueueURL(name string) string {
	return e.baseURL + "/" + Account + "/" + name
}

// Close ends all long polls with an empty answer and makes later polls return immediately, so that
// a server can shut down at once. All other calls continue to work.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, q := range e.queues {
		q.dismiss()
	}
}

// queueURL returns the URL under which the sender of r can reach the queue.
func (e *Engine) queueURL(r *http.Request, name string) string {
	if e.baseURL != "" {
		return e.QueueURL(name)
	}
	return "http://" + r.Host + "/" + Account + "/" + name
}

// nextSerial returns the next number for a queue or message. The caller must hold the lock.
func (e *Engine) nextSerial() int64 {
	e.serial++
	return e.serial
}
