package sqsengine

import "time"

// Kind is the kind of an Event.
type Kind string

// Kinds of events.
const (
	Sent        Kind = "sent"        // a sender sent it
	Received    Kind = "received"    // a consumer received it
	Rescheduled Kind = "rescheduled" // ChangeMessageVisibility set a new visibility timeout
	Deleted     Kind = "deleted"     // a consumer deleted it
	Moved       Kind = "moved"       // redrive moved it to the dead-letter queue
	Expired     Kind = "expired"     // its retention period is over and the message is lost
	Purged      Kind = "purged"      // PurgeQueue or DeleteQueue removed it
)

// Event is one event of one message.
type Event struct {
	Kind         Kind
	Time         time.Time
	Queue        string // name of the queue in which it happened
	To           string // for Moved: name of the dead-letter queue
	MessageID    string // does not change when a message moves
	Body         string // the whole body
	ReceiveCount int    // number of receives, in this queue and those before
	// VisibleIn is the remaining delay or visibility timeout. Set for Sent, Received and
	// Rescheduled.
	VisibleIn time.Duration
}

// report sends an event to the observer. The caller must hold the lock.
func (e *Engine) report(kind Kind, now time.Time, q *queue, m *message) {
	event := Event{Kind: kind, Time: now, Queue: q.name, MessageID: m.id, Body: m.body, ReceiveCount: m.receives}
	switch kind {
	case Sent, Received, Rescheduled:
		event.VisibleIn = m.visibleAt.Sub(now)
	case Moved:
		event.To = q.attributes.redrive.target()
	}
	e.observe(event)
}
