package dynamo

import (
	"cmp"
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
	attrHolder = "holder" // the id that has the occasion
	attrFreeAt = "freeAt" // when the next id may take it
	attrDone   = "done"   // the holder has finished
	// attrExpiresAt is the table's time-to-live attribute, in seconds since 1970.
	attrExpiresAt = "expiresAt"
	// keepOccasion is how long an item stays after it is free, to allow for clock skew.
	keepOccasion = time.Hour
)

// TakeOccasion claims an occasion for id, for a period. If id has it, holder is id, even if the
// response to an earlier attempt was lost. Otherwise either holder is the id that has the occasion
// and has not called FinishOccasion yet, or err is ErrTooSoon. wait is the time until the occasion
// is free, at most a period. An occasion that is claimed for more than two periods comes from a
// wrong clock and counts as free.
func (s *Store) TakeOccasion(
	ctx context.Context, occasion relatedro.Occasion, id string, now time.Time, period time.Duration,
) (holder string, wait time.Duration, err error) {
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
	r := &reader{}
	if errors.As(err, &taken) {
		r.item, err = s.standing(ctx, occasion, taken.Item)
	}
	freeAt, holder, done := r.time(attrFreeAt), r.text(attrHolder), r.flag(attrDone)
	if err = cmp.Or(err, r.err); err != nil {
		return "", 0, fmt.Errorf("claim %s: %w", occasion, err)
	}
	wait = min(max(freeAt.Sub(now), 0), period)
	switch {
	case holder == id:
		return id, 0, nil
	case done:
		return "", wait, relatedro.ErrTooSoon
	}
	return holder, wait, nil
}

// FinishOccasion records that id has finished, and when the occasion is free again. It does nothing
// if id no longer has the occasion.
func (s *Store) FinishOccasion(ctx context.Context, occasion relatedro.Occasion, id string, freeAt time.Time) error {
	claim := occasionKey(occasion).item()
	claim.putText(attrHolder, id)
	claim.putFlag(attrDone, true)
	putFreeAt(claim, freeAt)
	condition := "holder = :id"
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: claim, ConditionExpression: &condition, ExpressionAttributeValues: item{":id": text(id)},
	})
	if err != nil && !unmet(err) {
		return fmt.Errorf("finish %s: %w", occasion, err)
	}
	return nil
}

func putFreeAt(claim item, free time.Time) {
	claim.putTime(attrFreeAt, free)
	claim[attrExpiresAt] = number(free.Add(keepOccasion).Unix())
}

// standing returns the current claim: the item that came with the refusal, or, because not every
// engine sends one, the item read from the table.
func (s *Store) standing(ctx context.Context, occasion relatedro.Occasion, claim item) (item, error) {
	if len(claim) == 0 {
		consistent := true
		out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: occasionKey(occasion).item(),
			ConsistentRead: &consistent})
		if err != nil {
			return nil, err
		}
		claim = out.Item
	}
	return claim, nil
}

// CountAsk counts a person's request to the DMS. If it would exceed limit requests in the current
// clock minute, CountAsk returns ErrTooSoon, and wait is the rest of the minute. The table holds no
// name: the key contains a digest of subject.
func (s *Store) CountAsk(ctx context.Context, subject string, now time.Time, limit int) (wait time.Duration, err error) {
	minute := now.Truncate(time.Minute)
	digest := sha256.Sum256([]byte(subject))
	k := key{"PERSON#" + hex.EncodeToString(digest[:]), "ASKED#" + formatTime(minute)}
	update := "SET expiresAt = :expires ADD asked :one"
	condition := "attribute_not_exists(asked) OR asked < :limit"
	_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: k.item(), UpdateExpression: &update, ConditionExpression: &condition,
		ExpressionAttributeValues: item{":expires": number(minute.Add(keepOccasion).Unix()), ":one": number(1),
			":limit": number(int64(limit))},
	})
	if unmet(err) {
		return minute.Add(time.Minute).Sub(now), relatedro.ErrTooSoon
	}
	if err != nil {
		return 0, fmt.Errorf("count what a person asks: %w", err)
	}
	return 0, nil
}
