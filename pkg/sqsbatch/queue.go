package sqsbatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/relatedro"
)

// RefreshQueue sends refreshes to their queue.
type RefreshQueue struct {
	client *sqs.Client
	url    string
}

var _ relatedro.Refresher = (*RefreshQueue)(nil)

// NewRefreshQueue returns the RefreshQueue with the given queue URL.
func NewRefreshQueue(client *sqs.Client, url string) *RefreshQueue {
	return &RefreshQueue{client: client, url: url}
}

// SendRefreshes sends the events, ten per call, and returns once the queue has accepted them. Their
// message group is the location, so that SQS does not delay one location's few refreshes behind
// another's many.
func (q *RefreshQueue) SendRefreshes(ctx context.Context, refreshes []relatedro.Event) error {
	for batch := range slices.Chunk(refreshes, maxEntries) {
		entries := make([]types.SendMessageBatchRequestEntry, len(batch))
		for i, ev := range batch {
			body, err := Encode(ev)
			if err != nil {
				return err
			}
			entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body,
				MessageGroupId: &batch[i].Key.Location}
		}
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return fmt.Errorf("send refreshes: %w", err)
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("send refreshes: %s: %s", aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
		}
	}
	return nil
}

// Encode returns the message body from which Decode reads ev. It omits fields unknown to ev.
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
		RONumber   string              `json:"roNumber,omitempty"`
		ClosedBy   relatedro.ClosedBy  `json:"closedBy,omitempty"`
		Trigger    relatedro.Trigger   `json:"trigger,omitempty"`
	}{Version, ev.ID, ev.Type, ev.OccurredAt.UTC(), ev.Key.Location, ev.Key.Case, ev.CaseNumber, ev.Asset, ev.RO, ev.ClosedBy, ev.Cause})
	if err != nil {
		return "", fmt.Errorf("encode event %s: %w", ev.ID, err)
	}
	return string(body), nil
}
