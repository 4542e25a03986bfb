package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

const (
	attrHolder = "holder" // who has the occasion
	attrFreeAt = "freeAt" // when the next may have it
	attrDone   = "done"   // the holder has done what it is for
	// attrExpiresAt is the table's time to live, in seconds since 1970.
	attrExpiresAt = "expiresAt"
	// keepOccasion is how long an item stays after it has served, for clocks that differ.
	keepOccasion = time.Hour
)

// TakeOccasion takes an occasion for id, for a period. holder is id then, also when the answer to an
// earlier attempt was lost. Otherwise it is who has the occasion and has not called SettleOccasion, or
// the error is ErrTooSoon; wait is how long the occasion is not free, a period at most. An occasion
// that is taken for longer than two periods is of a clock that was wrong, and free.
func (s *Store) TakeOccasion(ctx context.Context, occasion relatedro.Occasion, id string, now time.Time, period time.Duration) (holder string, wait time.Duration, err error) {
	claim := occasionKey(occasion).item()
	claim.putText(attrHolder, id)
	putFreeAt(claim, now.Add(period))
	condition := "attribute_not_exists(freeAt) OR freeAt <= :now OR freeAt > :wrong"
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: claim, ConditionExpression: &condition,
		ExpressionAttributeValues:           item{":now": text(formatTime(now)), ":wrong": text(formatTime(now.Add(2 * period)))},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return id, 0, nil
	}
	var taken *types.ConditionalCheckFailedException
	if errors.As(err, &taken) {
		var r *reader
		if r, err = s.standing(ctx, occasion, taken.Item); err == nil {
			wait = min(max(r.time(attrFreeAt).Sub(now), 0), period)
			holder, err = r.text(attrHolder), r.err
			switch {
			case holder == id:
				return id, 0, err
			case err == nil && r.flag(attrDone):
				return "", wait, relatedro.ErrTooSoon
			case err == nil:
				return holder, wait, nil
			}
		}
	}
	return "", 0, fmt.Errorf("claim %s: %w", occasion, err)
}

// SettleOccasion says that id has done what it has the occasion for, and when the occasion is free again.
// It does nothing when id no longer has it.
func (s *Store) SettleOccasion(ctx context.Context, occasion relatedro.Occasion, id string, freeAt time.Time) error {
	claim := occasionKey(occasion).item()
	claim.putText(attrHolder, id)
	claim.putFlag(attrDone, true)
	putFreeAt(claim, freeAt)
	condition := "holder = :id"
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: claim, ConditionExpression: &condition, ExpressionAttributeValues: item{":id": text(id)},
	})
	if err != nil && !unmet(err) {
		return fmt.Errorf("settle %s: %w", occasion, err)
	}
	return nil
}

func putFreeAt(claim item, at time.Time) {
	claim.putTime(attrFreeAt, at)
	claim[attrExpiresAt] = number(at.Add(keepOccasion).Unix())
}

// standing returns the claim that stands: the item that came with the refusal, or what the
// table has, as not every engine sends it along.
func (s *Store) standing(ctx context.Context, occasion relatedro.Occasion, claim item) (*reader, error) {
	if len(claim) == 0 {
		consistent := true
		out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: occasionKey(occasion).item(), ConsistentRead: &consistent})
		if err != nil {
			return nil, err
		}
		claim = out.Item
	}
	return &reader{item: claim}, nil
}

// CountAsk counts one more time that a person asked the DMS, unless that would be more
// than limit in the clock's minute: then it is ErrTooSoon, and wait is the rest of the
// minute. The table holds no name: the key is a digest of it.
func (s *Store) CountAsk(ctx context.Context, subject string, now time.Time, limit int) (wait time.Duration, err error) {
	minute := now.Truncate(time.Minute)
	digest := sha256.Sum256([]byte(subject))
	k := key{"PERSON#" + hex.EncodeToString(digest[:]), "ASKED#" + formatTime(minute)}
	update := "SET expiresAt = :expires ADD asked :one"
	condition := "attribute_not_exists(asked) OR asked < :limit"
	_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(), UpdateExpression: &update, ConditionExpression: &condition,
		ExpressionAttributeValues: item{":expires": number(minute.Add(keepOccasion).Unix()), ":one": number(1), ":limit": number(int64(limit))},
	})
	if unmet(err) {
		return minute.Add(time.Minute).Sub(now), relatedro.ErrTooSoon
	}
	if err != nil {
		return 0, fmt.Errorf("count what a person asks: %w", err)
	}
	return 0, nil
}
