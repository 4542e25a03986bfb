package sqsengine

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// receiveInput is the input of a ReceiveMessage call.
type receiveInput struct {
	queueInput
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	AttributeNames              []string // deprecated name of the next field
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

// receivedMessage is a message in the answer of ReceiveMessage.
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

// receive returns the messages that can be received now. If there are none and the call may wait,
// it returns a waiter that it has added to the queue's line.
func (e *Engine) receive(in *receiveInput, request *receiveRequest) ([]receivedMessage, *waiter, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, nil, err
	}
	now := e.clock.Now()
	e.update(q, now)
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

// enqueue adds a long poll to the queue's line. The caller must hold the lock.
func (e *Engine) enqueue(q *queue, request *receiveRequest, wait time.Duration) *waiter {
	w := &waiter{queue: q, request: request, result: make(chan []receivedMessage, 1)}
	q.waiters = append(q.waiters, w)
	w.deadline = e.clock.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.serve(q) // includes messages that become visible at exactly this time
		if e.leave(w) {
			w.result <- nil
		}
	})
	e.setAlarm(q)
	return w
}

// await returns the answer to a long poll. If the client goes away first, it returns nil. Messages
// that were already sent to the waiter stay in flight, as on AWS.
func (e *Engine) await(ctx context.Context, w *waiter) []receivedMessage {
	select {
	case got := <-w.result:
		return got
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		w.deadline.Stop()
		e.leave(w)
		return nil
	}
}

// leave removes a long poll from the line. It returns false if the poll was already answered. The
// caller must hold the lock.
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

// receiveRequest is a validated receiveInput.
type receiveRequest struct {
	max        int
	timeout    *time.Duration // nil: the queue's default
	system     []string       // names of system attributes, or All
	attributes []string       // names, prefixes such as "bar.*", or All
}

// systemAttributes lists the system attributes that a receive may request. Messages of standard
// queues have no SequenceNumber and no MessageDeduplicationId, but requesting these is allowed.
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

// visibility returns the time for which received messages stay hidden.
func (r *receiveRequest) visibility(q *queue) time.Duration {
	if r.timeout != nil {
		return *r.timeout
	}
	return q.attributes.seconds(attrVisibility)
}

// render returns a message that was just received, with the requested attributes.
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
	// Like AWS, the digest covers only the attributes returned.
	out.MD5OfMessageAttributes = attributesMD5(out.MessageAttributes)
	return out
}

// wants reports whether a message attribute was requested.
func (r *receiveRequest) wants(name string) bool {
	return slices.ContainsFunc(r.attributes, func(filter string) bool {
		prefix, isPrefix := strings.CutSuffix(filter, "*")
		prefix = strings.TrimSuffix(prefix, ".")
		return filter == name || filter == "All" || isPrefix && strings.HasPrefix(name, prefix)
	})
}

// systemAttributes returns the system attributes of a message that has been received.
func (m *message) systemAttributes() map[string]string {
	known := map[string]string{
		"SenderId":                         Account,
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.firstReceived.UnixMilli(), 10),
	}
	if m.group != "" {
		known["MessageGroupId"] = m.group
	}
	if m.source != "" {
		known["DeadLetterQueueSourceArn"] = m.source
	}
	return known
}
