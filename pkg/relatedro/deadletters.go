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

// DeadLetter is a message that was set aside for a person. Strings are empty where
// the message does not say: one that crashes set aside has no reason, and one that
// is no event has no ids.
type DeadLetter struct {
	Queue     QueueName
	MessageID string
	EventID   string
	Key       CaseKey
	Code      string // machine code of the reason
	Message   string // the reason for people
	FailedAt  string // RFC 3339
}

// DeadLetterList is what List found.
type DeadLetterList struct {
	Letters  []DeadLetter
	Count    int  // of the whole queue, approximately, whoever's they are
	Complete bool // Letters holds all of theirs there were
}

// DeadLetters is what our support staff does with messages that were set aside.
// All methods go over those only that mine takes; it is asked with the location
// that a message names, "" when it names none. Where messages are named by their ids,
// they go over no others.
type DeadLetters interface {
	// List returns up to 100 messages of a queue, for at most 10 s.
	List(ctx context.Context, queue QueueName, mine func(location string) bool) (DeadLetterList, error)

	// Redrive sends messages back to the queue they came from, for at most 20 s. A
	// crash in between duplicates and never loses. left is how many are left in the
	// whole queue, approximately.
	Redrive(ctx context.Context, queue QueueName, ids []string, mine func(location string) bool) (moved, left int, err error)

	// Discard deletes messages for good: those of ids, which must not be empty. left as
	// in Redrive.
	Discard(ctx context.Context, queue QueueName, ids []string, mine func(location string) bool) (deleted, left int, err error)
}
