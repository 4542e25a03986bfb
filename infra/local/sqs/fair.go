package sqs

// What makes a message group of a standard queue a noisy neighbour, by "How Amazon SQS fair queues work" in the SQS
// Developer Guide, which calls these figures approximate. Its other measure, the share of the consumers' time, is not
// played here.
const (
	noisyInFlight = 30 // messages that the group has in flight at least
	noisyShare    = 10 // percent of all in flight that it exceeds
)

// readyMessages are a queue's receivable messages by their group, "" for those without one.
type readyMessages struct {
	groups map[string]*messageHeap
	count  int
}

func (r *readyMessages) push(m *message) {
	group := r.groups[m.group()]
	if group == nil {
		group = &messageHeap{less: func(a, b *message) bool { return a.serial < b.serial }, slot: slotState}
		r.groups[m.group()] = group
	}
	group.push(m)
	r.count++
}

func (r *readyMessages) remove(m *message) {
	group := r.groups[m.group()]
	if group.remove(m); group.Len() == 0 {
		delete(r.groups, m.group())
	}
	r.count--
}

// next returns the message that a consumer gets now, nil if there is none: the oldest of the quiet groups. Where all are
// noisy it is the oldest of the one with the fewest messages in flight.
func (q *queue) next() (best *message) {
	rank := func(m *message) int {
		if q.noisy(m.group()) {
			return q.flying[m.group()]
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

// noisy says whether a group has so many of the messages in flight that others go first. A message without a group is a
// tenant of its own.
func (q *queue) noisy(group string) bool {
	n := q.flying[group]
	return group != "" && n >= noisyInFlight && 100*n > noisyShare*q.inFlight()
}
