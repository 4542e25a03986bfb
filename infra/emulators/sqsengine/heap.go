package sqsengine

import "container/heap"

// Each message stores its position in up to three heaps, so that it can be removed from the middle
// in O(log n).
const (
	slotState = iota // in queue.ready or queue.hidden; a message is always in exactly one of them
	slotAge          // in queue.ages
	slots
)

// messageHeap is a heap of messages. Use push, first and remove, not the methods for
// container/heap.
type messageHeap struct {
	less  func(a, b *message) bool
	slot  int
	items []*message
}

func (h *messageHeap) Len() int           { return len(h.items) }
func (h *messageHeap) Less(i, j int) bool { return h.less(h.items[i], h.items[j]) }

func (h *messageHeap) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.items[i].place[h.slot] = i
	h.items[j].place[h.slot] = j
}

// Push implements heap.Interface.
func (h *messageHeap) Push(x any) {
	m := x.(*message)
	m.place[h.slot] = len(h.items)
	h.items = append(h.items, m)
}

// Pop implements heap.Interface.
func (h *messageHeap) Pop() any {
	last := len(h.items) - 1
	m := h.items[last]
	h.items[last] = nil
	h.items = h.items[:last]
	return m
}

func (h *messageHeap) push(m *message)   { heap.Push(h, m) }
func (h *messageHeap) remove(m *message) { heap.Remove(h, m.place[h.slot]) }

// first returns the smallest message, or nil if there is none.
func (h *messageHeap) first() *message {
	if len(h.items) == 0 {
		return nil
	}
	return h.items[0]
}
