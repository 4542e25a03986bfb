package sqs

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// receiveInput is a ReceiveMessage call.
type receiveInput struct {
	queueInput
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	AttributeNames              []string // the older name of the next
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

// receivedMessage is a message as ReceiveMessage answers it.
type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string         `json:",omitempty"`
	MD5OfMessageAttributes string                    `json:",omitempty"`
	MessageAttributes      map[string]attributeValue `json:",omitempty"`
}

type receiveOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

func (e *Engine) receiveMessage(c *call, in *receiveInput) (any, *Error) {
	request, err := newReceiveRequest(in)
	if err != nil {
		return nil, err
	}
	got, w, err := e.receive(in, request)
	if err != nil {
		return nil, err
	}
	if w != nil {
		got = e.await(c.request.Context(), w)
	}
	return receiveOutput{got}, nil
}

// receive returns what can be received now; or, if that is nothing and the call may wait, a long poll in line.
func (e *Engine) receive(in *receiveInput, request *receiveRequest) ([]receivedMessage, *waiter, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, nil, err
	}
	now := e.clock.Now()
	e.settle(q, now)
	if q.inFlight() >= maxInFlight {
		err := modelled("OverLimit", "OverLimit", "Too many messages are in flight: at most %d.", maxInFlight)
		err.Status = http.StatusForbidden
		return nil, nil, err
	}
	got, movedTo := e.take(q, request, now)
	if movedTo != nil {
		e.serve(movedTo)
	}
	wait := q.attributes.seconds(attrWait)
	if in.WaitTimeSeconds != nil {
		wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	if len(got) > 0 || wait == 0 || e.closed {
		return got, nil, nil
	}
	return nil, e.enqueue(q, request, wait), nil
}

// enqueue puts a long poll in line. The caller holds the lock.
func (e *Engine) enqueue(q *queue, request *receiveRequest, wait time.Duration) *waiter {
	w := &waiter{queue: q, request: request, answer: make(chan []receivedMessage, 1)}
	q.waiters = append(q.waiters, w)
	w.deadline = e.clock.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.serve(q) // what becomes visible at this very moment still counts
		if e.leave(w) {
			w.answer <- nil
		}
	})
	e.setAlarm(q)
	return w
}

// await returns what a long poll gets. If the client goes away first it gets nothing, unless messages are under way to
// it already: those stay in flight, as on AWS.
func (e *Engine) await(ctx context.Context, w *waiter) []receivedMessage {
	select {
	case got := <-w.answer:
		return got
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		w.deadline.Stop()
		e.leave(w)
		return nil
	}
}

// leave takes a long poll out of the line. It returns false if it has been answered. The caller holds the lock.
func (e *Engine) leave(w *waiter) bool {
	q := w.queue
	i := slices.Index(q.waiters, w)
	if i < 0 {
		return false
	}
	q.waiters = slices.Delete(q.waiters, i, i+1)
	e.setAlarm(q)
	return true
}

// receiveRequest is what a receive asks for, checked.
type receiveRequest struct {
	max        int
	timeout    *time.Duration // nil: the queue's
	system     []string       // names of system attributes, or All
	attributes []string       // names, prefixes as "bar.*", or All
}

// systemAttributes are the system attributes that a receive may ask for. Standard queues have no SequenceNumber and no
// MessageDeduplicationId; asking for them is allowed.
var systemAttributes = []string{"All", "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
	"SequenceNumber", "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn"}

func newReceiveRequest(in *receiveInput) (*receiveRequest, *Error) {
	r := &receiveRequest{max: 1, attributes: in.MessageAttributeNames}
	if n := in.MaxNumberOfMessages; n != nil {
		if *n < 1 || *n > 10 {
			return nil, invalidValue(*n, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
		r.max = *n
	}
	if n := in.WaitTimeSeconds; n != nil && (*n < 0 || *n > 20) {
		return nil, invalidValue(*n, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	}
	if n := in.VisibilityTimeout; n != nil {
		if err := checkVisibility(*n); err != nil {
			return nil, err
		}
		timeout := time.Duration(*n) * time.Second
		r.timeout = &timeout
	}
	r.system = slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	for _, name := range r.system {
		if !slices.Contains(systemAttributes, name) {
			return nil, unknownAttribute(name)
		}
	}
	return r, nil
}

// visibility returns how long what is received stays hidden.
func (r *receiveRequest) visibility(q *queue) time.Duration {
	if r.timeout != nil {
		return *r.timeout
	}
	return q.attributes.seconds(attrVisibility)
}

// render returns the message that was just received, with the attributes asked for.
func (r *receiveRequest) render(q *queue, m *message) receivedMessage {
	out := receivedMessage{
		MessageId:     m.id,
		ReceiptHandle: m.receiptHandle(q),
		MD5OfBody:     md5Hex(m.body),
		Body:          m.body,
		Attributes:    map[string]string{},
	}
	for name, value := range m.systemAttributes() {
		if slices.Contains(r.system, name) || slices.Contains(r.system, "All") {
			out.Attributes[name] = value
		}
	}
	for name, value := range m.attributes {
		if r.wants(name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]attributeValue{}
			}
			out.MessageAttributes[name] = value
		}
	}
	out.MD5OfMessageAttributes = attributesMD5(out.MessageAttributes) // of those returned, as on AWS
	return out
}

// wants says whether a message attribute was asked for.
func (r *receiveRequest) wants(name string) bool {
	return slices.ContainsFunc(r.attributes, func(filter string) bool {
		prefix, isPrefix := strings.CutSuffix(filter, "*")
		prefix = strings.TrimSuffix(prefix, ".")
		return filter == name || filter == "All" || isPrefix && strings.HasPrefix(name, prefix)
	})
}

// systemAttributes returns what SQS knows of a message that has been received.
func (m *message) systemAttributes() map[string]string {
	known := map[string]string{
		"SenderId":                         Account,
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.firstReceived.UnixMilli(), 10),
	}
	for name, value := range m.system {
		known[name] = value
	}
	if m.source != "" {
		known["DeadLetterQueueSourceArn"] = m.source
	}
	return known
}
