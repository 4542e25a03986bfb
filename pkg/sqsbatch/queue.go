package sqsbatch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/relatedro"
)

// RefreshQueue sends refreshes to the export queue.
type RefreshQueue struct {
	client *sqs.Client
	url    string
}

var _ relatedro.RefreshQueue = (*RefreshQueue)(nil)

// NewRefreshQueue returns a RefreshQueue over the export queue's URL.
func NewRefreshQueue(client *sqs.Client, exportURL string) *RefreshQueue {
	return &RefreshQueue{client: client, url: exportURL}
}

// SendRefresh returns once the queue has taken the event.
func (q *RefreshQueue) SendRefresh(ctx context.Context, ev relatedro.Event) error {
	body, err := Encode(ev)
	if err != nil {
		return err
	}
	if _, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}); err != nil {
		return fmt.Errorf("send %s: %w", ev.Type, err)
	}
	return nil
}

// Encode returns the message body that Decode takes for ev. What ev does not know is
// left out.
func Encode(ev relatedro.Event) (string, error) {
	body, err := json.Marshal(struct {
		Version    int                 `json:"version"`
		ID         string              `json:"id"`
		Type       relatedro.EventType `json:"type"`
		OccurredAt time.Time           `json:"occurredAt"`
		LocationID string              `json:"locationId"`
		CaseID     string              `json:"caseId"`
		CaseNumber string              `json:"caseNumber,omitempty"`
		AssetID    string              `json:"assetId,omitempty"`
		RONumber   string              `json:"roNumber"`
		ClosedBy   relatedro.ClosedBy  `json:"closedBy,omitempty"`
	}{Version, ev.ID, ev.Type, ev.OccurredAt.UTC(), ev.Key.Location, ev.Key.Case, ev.CaseNumber, ev.Asset, ev.RO, ev.ClosedBy})
	if err != nil {
		return "", fmt.Errorf("encode event %s: %w", ev.ID, err)
	}
	return string(body), nil
}
