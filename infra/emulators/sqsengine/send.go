package sqsengine

import (
	"time"

	"related-ro/infra/emulators/uuid"
)

type sendInput struct {
	queueInput
	outgoing
}

type sendOutput struct {
	MessageId              string
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
}

func (e *Engine) sendMessage(_ *call, in *sendInput) (any, *Error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if limit := q.attributes.numbers[attrMaximumSize]; in.size() > limit {
		return nil, invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	out := e.send(q, &in.outgoing)
	e.serve(q)
	return out, nil
}

type sendBatchInput struct {
	queueInput
	Entries []outgoing
}

type sendBatchResult struct {
	Id string
	sendOutput
}

func (e *Engine) sendMessageBatch(c *call, in *sendBatchInput) (any, *Error) {
	ids, size := make([]string, len(in.Entries)), 0
	for i := range in.Entries {
		ids[i] = in.Entries[i].Id
		size += in.Entries[i].size()
	}
	if err := checkBatch("SendMessageBatchRequestEntry", ids); err != nil {
		return nil, err
	}
	if size > MaxMessageBytes {
		return nil, modelled("BatchRequestTooLong", oldPrefix+"BatchRequestTooLong",
			"Batch requests cannot be longer than %d bytes. You have sent %d bytes.", MaxMessageBytes, size)
	}
	faults := e.entryFaults(c, ids)
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var out batchOutput[sendBatchResult]
	for i := range in.Entries {
		entry := &in.Entries[i]
		err := faults[i]
		if err == nil {
			err = entry.check()
		}
		if limit := q.attributes.numbers[attrMaximumSize]; err == nil && entry.size() > limit {
			err = invalidParameter("One or more parameters cannot be validated. Reason: Message must be shorter than %d bytes.", limit)
		}
		if err != nil {
			out.fail(entry.Id, err)
			continue
		}
		out.Successful = append(out.Successful, sendBatchResult{entry.Id, e.send(q, entry)})
	}
	e.serve(q)
	return out, nil
}

// send stores a validated message. The caller must hold the lock and serve the queue afterwards.
func (e *Engine) send(q *queue, o *outgoing) sendOutput {
	now := e.clock.Now()
	m := &message{
		id:         uuid.New(),
		serial:     e.nextSerial(),
		body:       o.MessageBody,
		attributes: o.MessageAttributes,
		sent:       now,
	}
	if o.MessageGroupId != nil {
		m.group = *o.MessageGroupId
	}
	delay := q.attributes.seconds(attrDelay)
	if o.DelaySeconds != nil {
		delay = time.Duration(*o.DelaySeconds) * time.Second
	}
	q.add(m, now.Add(delay), now)
	e.report(Sent, now, q, m)
	return sendOutput{
		MessageId:              m.id,
		MD5OfMessageBody:       md5Hex(m.body),
		MD5OfMessageAttributes: attributesMD5(o.MessageAttributes),
	}
}
