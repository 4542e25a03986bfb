package sqsengine

// Thresholds at which a message group of a standard queue is a noisy neighbour, from "How Amazon
// SQS fair queues work" in the SQS Developer Guide, which calls these figures approximate. The
// guide's other measure, the share of the consumers' processing time, is not implemented.
const (
	noisyInFlight = 30 // minimum number of messages that the group has in flight
	noisyShare    = 10 // percent of all messages in flight that the group must exceed
)

// readyMessages holds a queue's receivable messages by group. Messages without a group have the key
// "".
type readyMessages struct {
	groups map[string]*messageHeap
	count  int
}

func (r *readyMessages) push(m *message) {
	group := r.groups[m.group]
	if group == nil {
		group = &messageHeap{less: func(a, b *message) bool { return a.serial < b.serial }, slot: slotState}
		r.groups[m.group] = group
	}
	group.push(m)
	r.count++
}

func (r *readyMessages) remove(m *message) {
	group := r.groups[m.group]
	if group.remove(m); group.Len() == 0 {
		delete(r.groups, m.group)
	}
	r.count--
}

// next returns the next message to deliver, or nil if there is none. This is the oldest message of
// the quiet groups. If all groups are noisy, it is the oldest message of the group with the fewest
// messages in flight.
func (q *queue) next() (best *message) {
	rank := func(m *message) int {
		if q.noisy(m.group) {
			return q.flying[m.group]
		}
		return 0
	}
	for _, group := range q.ready.groups {
		m := group.first()
		if best == nil || rank(m) < rank(best) || rank(m) == rank(best) && m.serial < best.serial {
			best = m
		}
	}
	return best
}

// noisy reports whether a group has so many messages in flight that other groups come first. A
// message without a group is a tenant of its own and therefore never noisy.
func (q *queue) noisy(group string) bool {
	n := q.flying[group]
	return group != "" && n >= noisyInFlight && 100*n > noisyShare*q.inFlight()
}
