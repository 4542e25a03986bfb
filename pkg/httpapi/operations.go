package httpapi

import (
	"context"
	"fmt"

	"related-ro/pkg/relatedro"
)

type deadLetterJSON struct {
	Queue        relatedro.QueueName `json:"queue"`
	MessageID    string              `json:"messageId"`
	EventID      *string             `json:"eventId"`
	LocationID   *string             `json:"locationId"`
	CaseID       *string             `json:"caseId"`
	ErrorCode    *string             `json:"errorCode"`
	ErrorMessage *string             `json:"errorMessage"`
	FailedAt     *string             `json:"failedAt"`
}

type deadLettersJSON struct {
	DeadLetters      []deadLetterJSON `json:"deadLetters"`
	ApproximateCount int              `json:"approximateCount"`
	Complete         bool             `json:"complete"`
}

func (s administration) deadLetters(ctx context.Context, r *request) (response, error) {
	name, _ := r.query("queue")
	if wrong := checkQueue("queue", name); wrong != nil {
		return response{}, wrong
	}
	list, err := s.letters.List(ctx, relatedro.QueueName(name), r.actor.Sees)
	if err != nil {
		return response{}, fmt.Errorf("list dead letters: %w", err)
	}
	body := deadLettersJSON{make([]deadLetterJSON, len(list.Letters)), list.Count, list.Complete}
	for i, l := range list.Letters {
		body.DeadLetters[i] = deadLetterJSON{
			Queue:        l.Queue,
			MessageID:    l.MessageID,
			EventID:      orNull(&l.EventID),
			LocationID:   orNull(&l.Key.Location),
			CaseID:       orNull(&l.Key.Case),
			ErrorCode:    orNull(&l.Code),
			ErrorMessage: orNull(&l.Message),
			FailedAt:     orNull(&l.FailedAt),
		}
	}
	return success(body), nil
}

// redrive moves dead letters that the caller may see back to their queue. The body may restrict
// them to one location or to single messages.
func (s administration) redrive(ctx context.Context, r *request) (response, error) {
	o := parse(r.body)
	name := o.checked("queue", true, checkQueue)
	location := o.checked("locationId", false, relatedro.CheckID)
	ids := o.texts("messageIds", mostLetters)
	if err := o.done(); err != nil {
		return response{}, err
	}
	sees := r.actor.Sees
	if location != "" {
		if !r.actor.Sees(location) {
			return response{}, &problem{kind: forbidden, detail: "This is not one of your locations."}
		}
		sees = func(id string) bool { return id == location }
	}
	moved, left, err := s.letters.Redrive(ctx, relatedro.QueueName(name), ids, sees)
	if err != nil {
		return response{}, fmt.Errorf("redrive: %w", err)
	}
	return success(struct {
		Moved           int `json:"moved"`
		ApproximateLeft int `json:"approximateLeft"`
	}{moved, left}), nil
}

// mostLetters is the maximum number of dead letters in a request. It equals the maximum length of a
// list.
const mostLetters = 100

// discard deletes the messages listed in the body that the caller may see.
func (s administration) discard(ctx context.Context, r *request) (response, error) {
	o := parse(r.body)
	name := o.checked("queue", true, checkQueue)
	ids := o.texts("messageIds", mostLetters)
	if err := o.done(); err != nil {
		return response{}, err
	}
	if len(ids) == 0 {
		return response{}, invalid("messageIds", "must list the messages to delete")
	}
	deleted, left, err := s.letters.Discard(ctx, relatedro.QueueName(name), ids, r.actor.Sees)
	if err != nil {
		return response{}, fmt.Errorf("delete dead letters: %w", err)
	}
	return success(struct {
		Deleted         int `json:"deleted"`
		ApproximateLeft int `json:"approximateLeft"`
	}{deleted, left}), nil
}

func checkQueue(field, name string) *relatedro.FieldError {
	switch relatedro.QueueName(name) {
	case relatedro.ExportQueue, relatedro.CloseQueue, relatedro.RefreshQueue:
		return nil
	}
	return &relatedro.FieldError{Field: field, Rule: `must be "export", "close" or "refresh"`}
}
