package sqsengine

import (
	"fmt"
	"time"
)

// handled identifies a message by its receipt handle. It is a DeleteMessage or
// ChangeMessageVisibility call, or an entry of a batch.
type handled struct {
	Id                string // of a batch entry
	ReceiptHandle     string
	VisibilityTimeout *int // seconds, for ChangeMessageVisibility
}

type handleInput struct {
	queueInput
	handled
}

type handleBatchInput struct {
	queueInput
	Entries []handled
}

type handleBatchResult struct {
	Id string
}

// handleAction acts on a message identified by its receipt handle. The caller must hold the lock
// and must have updated the queue.
type handleAction func(e *Engine, q *queue, h *handled, now time.Time) *Error

// onHandle returns the action for a call with one receipt handle.
func onHandle(do handleAction) action {
	return on(func(e *Engine, _ *call, in *handleInput) (any, *Error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		q, err := e.queue(in.QueueUrl)
		if err != nil {
			return nil, err
		}
		now := e.clock.Now()
		e.update(q, now)
		if err := do(e, q, &in.handled, now); err != nil {
			return nil, err
		}
		e.serve(q)
		return nil, nil
	})
}

// onHandles returns the action for a batch of receipt handles. shape is the name of the entries in
// error messages.
func onHandles(shape string, do handleAction) action {
	return on(func(e *Engine, c *call, in *handleBatchInput) (any, *Error) {
		ids := make([]string, len(in.Entries))
		for i := range in.Entries {
			ids[i] = in.Entries[i].Id
		}
		if err := checkBatch(shape, ids); err != nil {
			return nil, err
		}
		faults := e.entryFaults(c, ids)
		e.mu.Lock()
		defer e.mu.Unlock()
		q, err := e.queue(in.QueueUrl)
		if err != nil {
			return nil, err
		}
		now := e.clock.Now()
		e.update(q, now)
		var out batchOutput[handleBatchResult]
		for i := range in.Entries {
			err := faults[i]
			if err == nil {
				err = do(e, q, &in.Entries[i], now)
			}
			if err != nil {
				out.fail(ids[i], err)
				continue
			}
			out.Successful = append(out.Successful, handleBatchResult{ids[i]})
		}
		e.serve(q)
		return out, nil
	})
}

// deleteMessage deletes a message by the handle of its last receive. It returns nil without an
// effect for an older handle and for the handle of a deleted message.
func deleteMessage(e *Engine, q *queue, h *handled, now time.Time) *Error {
	if h.ReceiptHandle == "" {
		return missingParameter("ReceiptHandle")
	}
	id, receive, err := parseReceiptHandle(q, h.ReceiptHandle)
	if err != nil {
		return err
	}
	if m := q.messages[id]; m != nil && m.receives == receive {
		q.remove(m)
		e.report(Deleted, now, q, m)
	}
	return nil
}

// changeVisibility sets a new visibility timeout, counted from now, for a message in flight.
func changeVisibility(e *Engine, q *queue, h *handled, now time.Time) *Error {
	switch {
	case h.ReceiptHandle == "":
		return missingParameter("ReceiptHandle")
	case h.VisibilityTimeout == nil:
		return missingParameter("VisibilityTimeout")
	}
	if err := checkVisibility(*h.VisibilityTimeout); err != nil {
		return err
	}
	id, _, err := parseReceiptHandle(q, h.ReceiptHandle)
	if err != nil {
		return err
	}
	m := q.messages[id]
	if m == nil {
		return invalidValue(h.ReceiptHandle, "ReceiptHandle",
			"Message does not exist or is not available for visibility timeout change.")
	}
	if !m.inFlight() {
		return modelled("MessageNotInflight", oldPrefix+"MessageNotInflight", "The specified message isn't in flight.")
	}
	visibleAt := now.Add(time.Duration(*h.VisibilityTimeout) * time.Second)
	if visibleAt.Sub(m.lastReceived) > maxVisibilitySeconds*time.Second {
		return invalidValue(*h.VisibilityTimeout, "VisibilityTimeout",
			fmt.Sprintf("Total VisibilityTimeout for the message is beyond the limit [%d seconds]", maxVisibilitySeconds))
	}
	q.displace(m)
	q.place(m, visibleAt, now)
	e.report(Rescheduled, now, q, m)
	return nil
}

func checkVisibility(seconds int) *Error {
	if seconds < 0 || seconds > maxVisibilitySeconds {
		return invalidValue(seconds, "VisibilityTimeout", fmt.Sprintf("Must be between 0 and %d, if provided.", maxVisibilitySeconds))
	}
	return nil
}
