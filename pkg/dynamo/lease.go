package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// Attributes of a lease. The item stays after a release, because the fencing number must keep
// growing.
const (
	attrHeldSince   = "heldSince"
	attrHeldUntil   = "heldUntil"
	attrFence       = "fence"
	attrWantedUntil = "wantedUntil"
	attrWantedBy    = "wantedBy"
)

// leaseKey returns the same key for all spellings of an account: it is a GUID, so upper and lower
// case are equal.
func leaseKey(account string) key { return key{"ACCOUNT#" + strings.ToLower(account), "LEASE"} }

// notWanted is the condition that no higher rank is waiting.
const notWanted = "(attribute_not_exists(wantedUntil) OR wantedUntil <= :now OR wantedUntil > :far OR wantedBy <= :rank)"

// TakeLease gives the account to the holder until c.Until and returns a fencing number that grows
// with each holder. It returns ErrLeased if another holder has the lease or a higher rank is
// waiting.
func (s *Store) TakeLease(ctx context.Context, c relatedro.Claim) (fence int64, err error) {
	values := claimValues(c)
	values[":holder"], values[":none"], values[":one"] = text(c.Holder), number(0), number(1)
	out, err := s.updateLease(ctx, c.Account, values,
		"SET heldSince = :now, heldUntil = :until, holder = :holder, fence = if_not_exists(fence, :none) + :one "+
			"REMOVE wantedUntil, wantedBy",
		"(attribute_not_exists(heldUntil) OR heldUntil <= :now OR heldUntil > :far OR holder = :holder) AND "+notWanted)
	switch {
	case unmet(err):
		return 0, relatedro.ErrLeased
	case err != nil:
		return 0, fmt.Errorf("take the lease of an account: %w", err)
	}
	r := reader{item: out.Attributes}
	return r.number(attrFence), r.err
}

// WantLease prevents lower ranks from taking the lease until c.Until. It does nothing if a higher
// rank already does so.
func (s *Store) WantLease(ctx context.Context, c relatedro.Claim) error {
	_, err := s.updateLease(ctx, c.Account, claimValues(c), "SET wantedUntil = :until, wantedBy = :rank", notWanted)
	if err != nil && !unmet(err) {
		return fmt.Errorf("wait for the lease of an account: %w", err)
	}
	return nil
}

// Lease returns the state of the account's lease, read with strong consistency.
func (s *Store) Lease(ctx context.Context, account string) (relatedro.Lease, error) {
	var lease relatedro.Lease
	err := s.get(ctx, []key{leaseKey(account)}, wholeNow, func(m item) error {
		r := &reader{item: m}
		lease = relatedro.Lease{
			HeldSince:   r.time(attrHeldSince),
			HeldUntil:   r.time(attrHeldUntil),
			WantedBy:    relatedro.Rank(r.number(attrWantedBy)),
			WantedUntil: r.time(attrWantedUntil),
		}
		return r.err
	})
	return lease, err
}

// ReleaseLease ends the lease with the given fencing number. It leaves any other lease in place.
func (s *Store) ReleaseLease(ctx context.Context, account string, fence int64) error {
	_, err := s.updateLease(ctx, account, item{":fence": number(fence)}, "REMOVE heldSince, heldUntil, holder", "fence = :fence")
	if err != nil && !unmet(err) {
		return fmt.Errorf("release the lease of an account: %w", err)
	}
	return nil
}

func claimValues(c relatedro.Claim) item {
	return item{
		":now": text(formatTime(c.Now)), ":far": text(formatTime(c.Now.Add(relatedro.FarAhead))), ":until": text(formatTime(c.Until)),
		":rank": number(int64(c.Rank)),
	}
}

func (s *Store) updateLease(
	ctx context.Context, account string, values item, expression, condition string,
) (*dynamodb.UpdateItemOutput, error) {
	return s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: leaseKey(account).item(), UpdateExpression: &expression,
		ConditionExpression: &condition, ExpressionAttributeValues: values, ReturnValues: types.ReturnValueUpdatedNew,
	})
}

// unmet reports whether err is a failed write condition.
func unmet(err error) bool {
	return errors.As(err, new(*types.ConditionalCheckFailedException))
}
