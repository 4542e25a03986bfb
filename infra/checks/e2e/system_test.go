package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
)

const (
	// queueSpeed is the speed-up of the queues' clock: a first retry comes after 0.2 s, a dead
	// process's message after 2 s.
	queueSpeed = 60
	// patience limits each wait, far above the expected duration.
	patience = 90 * time.Second
	// lookAgain is the poll interval of waits.
	lookAgain = 20 * time.Millisecond
)

var parameters = map[string]string{
	"FunctionTimeout": "20", "VisibilityTimeout": "121",
	"ExportConcurrency": "6", "CloseConcurrency": "6", // so that tests rarely wait for each other
	"ApiRateLimit": "10000", "ApiBurstLimit": "10000", // waiting tests poll often
}

var sys *system // shared by all tests of the package

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests mostly wait, so more of them than there are processors run concurrently.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	sys = &system{messages: map[string]*message{}, letters: map[string]types.Message{}}
	if err := sys.start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := sys.stack.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close:", err)
		code = 1
	}
	os.Exit(code)
}

// system is a running stack, the recorded history of its messages, and the hooks that tests
// install.
type system struct {
	stack    *stack.Stack
	platform *platform.Platform
	queues   *awssqs.Client

	mu       sync.Mutex
	messages map[string]*message      // by SQS message ID
	letters  map[string]types.Message // dead letters seen so far, by SQS message ID
	lines    []string                 // the functions' log lines about messages
	database hooks[func(op, body string) *dynamodbengine.Fault]
	karmak   hooks[func(*http.Request)]
	queue    hooks[func(sqsengine.Event)]
	bus      hooks[func() eventengine.Fault]
}

// message is the history of one message.
type message struct {
	body     string
	receives int
	deleted  bool
	waits    []time.Duration // delays set by its function
	outcomes []string        // outcomes of its runs, as logged by the function
}

func (s *system) start() error {
	// Long enough for a cold build cache.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	started, err := stack.Start(ctx, stack.Options{
		Root: "../../..", Parameters: parameters, Wrap: s.wrap, Observe: stack.Observe{SQS: s.recordEvent, Line: s.recordLine},
		Elsewhere: map[stack.Engine]string{stack.DynamoDB: os.Getenv(dynamodbtest.EndpointVariable)},
		Queues:    sqsengine.Config{Clock: clock.NewFast(queueSpeed)},
	})
	if err != nil {
		return err
	}
	s.stack, s.platform, s.queues = started, started.Platform(), started.SQSClient()
	return nil
}

// wrap puts the tests' hooks in front of DynamoDB, Karmak and the event bus.
func (s *system) wrap(engine stack.Engine, handler http.Handler) http.Handler {
	switch engine {
	case stack.DynamoDB:
		faults := dynamodbengine.NewFaults(handler)
		faults.Set(func(op string, body []byte) *dynamodbengine.Fault {
			for _, decide := range s.database.all() {
				if fault := decide(op, string(body)); fault != nil {
					return fault
				}
			}
			return nil
		})
		return faults
	case stack.Events:
		return eventengine.Faults(handler, func() eventengine.Fault {
			for _, decide := range s.bus.all() {
				if fault := decide(); fault != eventengine.None {
					return fault
				}
			}
			return eventengine.None
		})
	case stack.Karmak:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, meet := range s.karmak.all() {
				meet(r)
			}
			handler.ServeHTTP(w, r)
		})
	}
	return handler
}

// recordEvent records the events of messages.
func (s *system) recordEvent(e sqsengine.Event) {
	s.mu.Lock()
	m := s.message(e.MessageID)
	m.body = e.Body
	switch e.Kind {
	case sqsengine.Received:
		m.receives++
	case sqsengine.Rescheduled:
		m.waits = append(m.waits, e.VisibleIn)
	case sqsengine.Deleted:
		m.deleted = true
	}
	s.mu.Unlock()
	for _, receive := range s.queue.all() {
		receive(e)
	}
}

// recordLine records the logged outcomes of messages.
func (s *system) recordLine(l lambdaengine.Line) {
	var line struct{ Message, MessageID, Outcome, Reason string }
	known := json.Unmarshal([]byte(l.Text), &line) == nil && line.Message == "message"
	if !known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l.Text)
	m := s.message(line.MessageID)
	m.outcomes = append(m.outcomes, strings.TrimSpace(line.Outcome+" "+line.Reason))
}

// message returns the record of a message. The caller must hold s.mu.
func (s *system) message(id string) *message {
	if s.messages[id] == nil {
		s.messages[id] = &message{}
	}
	return s.messages[id]
}

// history returns a copy of the history of a message.
func (s *system) history(id string) message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := *s.message(id)
	m.waits, m.outcomes = slices.Clone(m.waits), slices.Clone(m.outcomes)
	return m
}

// linesAbout returns the log lines about messages that contain the text.
func (s *system) linesAbout(text string) (about []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines {
		if strings.Contains(line, text) {
			about = append(about, line)
		}
	}
	return about
}

// deadLetters receives from a dead-letter queue and returns the letters seen so far whose body
// contains text. Receiving hides a letter from other tests for a moment, so all seen letters are
// kept for every test.
func (s *system) deadLetters(t *testing.T, logicalID, text string) (found []types.Message) {
	t.Helper()
	url := s.stack.QueueURL(logicalID)
	out, err := s.queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range out.Messages {
		s.letters[aws.ToString(m.MessageId)] = m
	}
	for _, m := range s.letters {
		if strings.Contains(aws.ToString(m.Body), text) {
			found = append(found, m)
		}
	}
	return found
}

// eventually waits until holds returns true; on a timeout it fails with the result of say.
func eventually(t *testing.T, say func() string, holds func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(say())
		}
	}
}

// hooks are functions installed by tests, each until its test ends.
type hooks[F any] struct {
	mu   sync.Mutex
	next int
	set  map[int]F
}

func (h *hooks[F]) add(t *testing.T, f F) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.set == nil {
		h.set = map[int]F{}
	}
	n := h.next
	h.next++
	h.set[n] = f
	t.Cleanup(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.set, n)
	})
}

func (h *hooks[F]) all() []F {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]F, 0, len(h.set))
	for _, f := range h.set {
		all = append(all, f)
	}
	return all
}
