package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

const (
	attrClaimedAt = "claimedAt"
	// attrExpiresAt is the table's time to live, in seconds since 1970.
	attrExpiresAt = "expiresAt"
	// keepClaim is how long after its period a claim stays, for clocks that differ.
	keepClaim = time.Hour
)

// ClaimRefresh takes the case's one refresh per period, or returns ErrTooSoon and how
// long to wait, a period at most. A claim from further in the future than a period is
// of a clock that was wrong and does not count.
func (s *Store) ClaimRefresh(ctx context.Context, k relatedro.CaseKey, now time.Time, period time.Duration) (time.Duration, error) {
	claim := refreshKey(k).item()
	claim.putTime(attrClaimedAt, now)
	claim[attrExpiresAt] = number(now.Add(period + keepClaim).Unix())
	condition := "attribute_not_exists(PK) OR claimedAt <= :past OR claimedAt > :future"
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: claim, ConditionExpression: &condition,
		ExpressionAttributeValues: item{
			":past":   text(formatTime(now.Add(-period))),
			":future": text(formatTime(now.Add(period))),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var taken *types.ConditionalCheckFailedException
	if err == nil {
		return 0, nil
	}
	if errors.As(err, &taken) {
		var at time.Time
		if at, err = s.claimedAt(ctx, k, taken.Item); err == nil {
			return min(max(at.Add(period).Sub(now), 0), period), relatedro.ErrTooSoon
		}
	}
	return 0, fmt.Errorf("claim refresh of case %s of %s: %w", k.Case, k.Location, err)
}

// ReleaseRefresh gives back what was claimed at that time. A claim that somebody else
// took since stays.
func (s *Store) ReleaseRefresh(ctx context.Context, k relatedro.CaseKey, claimedAt time.Time) error {
	condition := "claimedAt = :at"
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.table, Key: refreshKey(k).item(), ConditionExpression: &condition,
		ExpressionAttributeValues: item{":at": text(formatTime(claimedAt))},
	})
	if err != nil && !unmet(err) {
		return fmt.Errorf("release refresh of case %s of %s: %w", k.Case, k.Location, err)
	}
	return nil
}

// claimedAt returns when the refresh was claimed: from the item that came with the
// refusal, or from the table, as not every engine sends it along.
func (s *Store) claimedAt(ctx context.Context, k relatedro.CaseKey, claim item) (time.Time, error) {
	if len(claim) == 0 {
		consistent := true
		out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: refreshKey(k).item(), ConsistentRead: &consistent})
		if err != nil {
			return time.Time{}, err
		}
		claim = out.Item
	}
	r := reader{item: claim}
	return r.time(attrClaimedAt), r.err
}
