package sqsengine

import (
	"time"

	"related-ro/infra/emulators/clock"
)

// queue is one queue and its messages. The caller of any method must hold the engine's lock.
type queue struct {
	name       string
	serial     int64
	attributes queueAttributes
	created    time.Time
	modified   time.Time
	purged     time.Time

	messages map[string]*message // by ID
	ready    readyMessages       // receivable now
	hidden   messageHeap         // delayed or in flight; the next to become visible comes first
	ages     messageHeap         // all messages, oldest first, for retention
	delayed  int                 // number of messages in hidden that were never received
	flying   map[string]int      // number of messages in hidden that are in flight, by group

	waiters []*waiter   // long polls, longest wait first
	wake    clock.Timer // set while there are waiters and hidden messages
}

// waiter is a long poll.
type waiter struct {
	queue    *queue
	request  *receiveRequest
	result   chan []receivedMessage // receives exactly one answer; it is empty at the deadline
	deadline clock.Timer
}

func newQueue(name string, serial int64, attributes queueAttributes, now time.Time) *queue {
	byVisibility := func(a, b *message) bool {
		if !a.visibleAt.Equal(b.visibleAt) {
			return a.visibleAt.Before(b.visibleAt)
		}
		return a.serial < b.serial
	}
	byAge := func(a, b *message) bool { return a.sent.Before(b.sent) }
	return &queue{
		name:       name,
		serial:     serial,
		attributes: attributes,
		created:    now,
		modified:   now,
		messages:   map[string]*message{},
		ready:      readyMessages{groups: map[string]*messageHeap{}},
		flying:     map[string]int{},
		hidden:     messageHeap{less: byVisibility, slot: slotState},
		ages:       messageHeap{less: byAge, slot: slotAge},
	}
}

// add adds a message to the queue. It becomes receivable at the given time.
func (q *queue) add(m *message, visibleAt, now time.Time) {
	q.messages[m.id] = m
	q.ages.push(m)
	q.place(m, visibleAt, now)
}

// place puts a message, which must be in neither ready nor hidden, into hidden until the given
// time, or into ready if that time has passed.
func (q *queue) place(m *message, visibleAt, now time.Time) {
	m.visibleAt = visibleAt
	m.hidden = visibleAt.After(now)
	if !m.hidden {
		q.ready.push(m)
		return
	}
	q.hidden.push(m)
	if m.delayed() {
		q.delayed++
	} else {
		q.flying[m.group]++
	}
}

// displace removes a message from ready or hidden.
func (q *queue) displace(m *message) {
	if !m.hidden {
		q.ready.remove(m)
		return
	}
	q.hidden.remove(m)
	if m.delayed() {
		q.delayed--
	} else if q.flying[m.group]--; q.flying[m.group] == 0 {
		delete(q.flying, m.group)
	}
	m.hidden = false
}

// remove removes a message from the queue.
func (q *queue) remove(m *message) {
	q.displace(m)
	q.ages.remove(m)
	delete(q.messages, m.id)
}

// inFlight returns the number of messages held by consumers.
func (q *queue) inFlight() int { return q.hidden.Len() - q.delayed }

// update brings a queue up to date: it drops messages past their retention, and messages whose
// delay or visibility timeout has ended become receivable.
func (e *Engine) update(q *queue, now time.Time) {
	retention := q.attributes.seconds(attrRetention)
	for m := q.ages.first(); m != nil && !m.sent.Add(retention).After(now); m = q.ages.first() {
		q.remove(m)
		e.report(Expired, now, q, m)
	}
	for m := q.hidden.first(); m != nil && !m.visibleAt.After(now); m = q.hidden.first() {
		q.displace(m)
		q.ready.push(m)
	}
}

// purge removes all messages.
func (e *Engine) purge(q *queue, now time.Time) {
	for m := q.ages.first(); m != nil; m = q.ages.first() {
		q.remove(m)
		e.report(Purged, now, q, m)
	}
}

// take receives up to request.max messages. A message that was already received as often as the
// redrive policy allows moves to the dead-letter queue instead. If any message moved, take returns
// that queue so that the caller can serve its pollers.
func (e *Engine) take(q *queue, request *receiveRequest, now time.Time) (got []receivedMessage, movedTo *queue) {
	e.update(q, now)
	limit := min(request.max, maxInFlight-q.inFlight())
	var taken []*message
	for len(taken) < limit {
		m := q.next()
		if m == nil {
			break
		}
		q.ready.remove(m)
		if dead := e.deadLetterQueue(q, m); dead != nil {
			e.move(q, dead, m, now)
			movedTo = dead
			continue
		}
		taken = append(taken, m)
	}
	// A separate loop, because messages with a visibility timeout of 0 become receivable again, but
	// not within the same call.
	for _, m := range taken {
		m.receives++
		m.receivesHere++
		m.lastReceived = now
		if m.firstReceived.IsZero() {
			m.firstReceived = now
		}
		q.place(m, now.Add(request.visibility(q)), now)
		got = append(got, request.render(q, m))
		e.report(Received, now, q, m)
	}
	return got, movedTo
}

// deadLetterQueue returns the dead-letter queue for a message that has reached the maximum receive
// count. It returns nil if the message may be received.
func (e *Engine) deadLetterQueue(q *queue, m *message) *queue {
	policy := q.attributes.redrive
	if policy == nil || m.receivesHere < policy.MaxCount {
		return nil
	}
	return e.queues[policy.target()]
}

// move moves a message that take has removed from ready to its dead-letter queue. The message keeps
// its ID, sent time, attributes and receive count; the count used by the redrive policy restarts at
// 0.
func (e *Engine) move(q, dead *queue, m *message, now time.Time) {
	q.ages.remove(m)
	delete(q.messages, m.id)
	e.report(Moved, now, q, m)
	m.source = e.ARN(q.name)
	m.receivesHere = 0
	dead.add(m, now, now)
}

// serve delivers receivable messages to long polls and then sets the alarm for the next message to
// become visible. It also serves the queues to which redrive moves messages.
func (e *Engine) serve(queues ...*queue) {
	for len(queues) > 0 {
		q := queues[0]
		queues = queues[1:]
		for len(q.waiters) > 0 {
			w := q.waiters[0]
			got, movedTo := e.take(q, w.request, e.clock.Now())
			if movedTo != nil {
				queues = append(queues, movedTo)
			}
			if len(got) == 0 {
				break
			}
			q.waiters = q.waiters[1:]
			w.deadline.Stop()
			w.result <- got
		}
		e.setAlarm(q)
	}
}

// setAlarm schedules serve for the time when the next hidden message becomes visible, if there are
// waiters.
func (e *Engine) setAlarm(q *queue) {
	if q.wake != nil {
		q.wake.Stop()
		q.wake = nil
	}
	next := q.hidden.first()
	if next == nil || len(q.waiters) == 0 {
		return
	}
	q.wake = e.clock.AfterFunc(next.visibleAt.Sub(e.clock.Now()), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.serve(q)
	})
}

// dismiss answers all long polls with an empty result.
func (q *queue) dismiss() {
	for _, w := range q.waiters {
		w.deadline.Stop()
		w.result <- nil
	}
	q.waiters = nil
	if q.wake != nil {
		q.wake.Stop()
		q.wake = nil
	}
}
