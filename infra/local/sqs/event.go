package sqs

import "time"

// Kind says what happened to a message.
type Kind string

// What can happen to a message.
const (
	Sent        Kind = "sent"        // it came in
	Received    Kind = "received"    // a consumer got it
	Rescheduled Kind = "rescheduled" // ChangeMessageVisibility said when it becomes visible again
	Deleted     Kind = "deleted"     // a consumer is done with it
	Moved       Kind = "moved"       // it was received too often and went to the dead-letter queue
	Expired     Kind = "expired"     // its retention period is over: it is lost
	Purged      Kind = "purged"      // PurgeQueue or DeleteQueue removed it
)

// Event is one thing that happened to one message.
type Event struct {
	Kind         Kind
	Time         time.Time
	Queue        string        // the name of the queue that it happened in
	To           string        // the dead-letter queue, for Moved
	MessageID    string        // stays the same when a message is moved
	Body         string        // the whole body
	ReceiveCount int           // how often it has been received, in this queue and those before
	VisibleIn    time.Duration // how long nobody can receive it now: delay or visibility timeout; for Sent, Received, Rescheduled
}

// tell tells the observer. The caller holds the lock.
func (e *Engine) tell(kind Kind, now time.Time, q *queue, m *message) {
	event := Event{Kind: kind, Time: now, Queue: q.name, MessageID: m.id, Body: m.body, ReceiveCount: m.receives}
	switch kind {
	case Sent, Received, Rescheduled:
		event.VisibleIn = m.visibleAt.Sub(now)
	case Moved:
		event.To = q.attributes.redrive.target()
	}
	e.observe(event)
}
