package relatedro

import "context"

// QueueName names a queue of events.
type QueueName string

// The queues. The case platform sends to the first two, our own functions to the third.
const (
	ExportQueue  QueueName = "export"
	CloseQueue   QueueName = "close"
	RefreshQueue QueueName = "refresh"
)

// DeadLetter is a message that was set aside for a person. Strings are empty if the message does
// not state them: a message set aside after crashes has no reason, and a message that is not an
// event has no ids.
type DeadLetter struct {
	Queue     QueueName
	MessageID string
	EventID   string
	Key       CaseKey
	Code      string // machine-readable code of the reason
	Message   string // the reason in words
	FailedAt  string // RFC 3339
}

// DeadLetterList is the result of List.
type DeadLetterList struct {
	Letters  []DeadLetter
	Count    int  // approximate size of the whole queue, for all locations
	Complete bool // Letters holds every message that passed the filter
}

// DeadLetters gives our support staff access to messages that were set aside. Every method handles
// only messages for which mine returns true; mine receives the location that the message names, or
// "" if it names none. Methods with ids handle only the messages with those ids.
type DeadLetters interface {
	// List returns up to 100 messages of a queue and takes at most 10 s.
	List(ctx context.Context, queue QueueName, mine func(location string) bool) (DeadLetterList, error)

	// Redrive sends messages back to the queue they came from and takes at most 20 s. A crash in
	// the middle duplicates messages but never loses them. left is the approximate number left in
	// the whole queue.
	Redrive(ctx context.Context, queue QueueName, ids []string, mine func(location string) bool) (moved, left int, err error)

	// Discard permanently deletes the messages with the given ids, which must not be empty. left is
	// as in Redrive.
	Discard(ctx context.Context, queue QueueName, ids []string, mine func(location string) bool) (deleted, left int, err error)
}
