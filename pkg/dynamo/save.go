package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// linkChanges is the most links that one transaction changes together with the case; DynamoDB
// allows 100 actions. It is enough to delete all links of one family and to put the next case's own
// link.
const linkChanges = relatedro.MaxLinks + 1

// SaveCase writes next and all changed links in one transaction. It returns ErrStale and changes
// nothing if the case was written after before was loaded. It ignores next.Revision and
// next.Omitted.
//
// Replacing a large family with another can change more links than one transaction allows. SaveCase
// then first writes the case without its list, which deletes the old links, so the revision grows
// by two.
//
// If the response to a write is lost and the client retries, SaveCase may return ErrStale although
// the write succeeded. Loading the case again shows the new state.
func (s *Store) SaveCase(ctx context.Context, before, next relatedro.Case) error {
	if err := s.saveCase(ctx, before, fitting(next)); err != nil {
		return fmt.Errorf("save case %s of %s: %w", next.Key.Case, next.Key.Location, stale(err))
	}
	return nil
}

func (s *Store) saveCase(ctx context.Context, before, next relatedro.Case) error {
	next.Revision = before.Revision + 1
	puts, deletes := changedLinks(before, next)
	if len(puts)+len(deletes) > linkChanges {
		emptied := before.WithoutList()
		if err := s.saveCase(ctx, before, emptied); err != nil {
			return err
		}
		emptied.Revision = next.Revision
		return s.saveCase(ctx, emptied, next)
	}
	actions := []types.TransactWriteItem{{Put: s.putIf(attrRevision, before.Revision, encodeCase(next))}}
	for _, l := range puts {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: encodeLink(l, linkExpires(l, next))}})
	}
	for _, ro := range deletes {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: linkKey(next.Key, ro).item()}})
	}
	return s.transact(ctx, actions)
}

// putIf returns a put of m on the condition that the stored attribute is n, or, if n is 0, that no
// item is stored.
func (s *Store) putIf(attribute string, n int64, m item) *types.Put {
	condition, values := "attribute_not_exists(PK)", item(nil)
	if n != 0 {
		condition, values = attribute+" = :stored", item{":stored": number(n)}
	}
	return &types.Put{TableName: &s.table, Item: m, ConditionExpression: &condition, ExpressionAttributeValues: values}
}

// transact carries out all actions or none. A single put goes without a transaction, which would
// cost twice as much.
func (s *Store) transact(ctx context.Context, actions []types.TransactWriteItem) error {
	if len(actions) == 1 && actions[0].Put != nil {
		return s.put(ctx, actions[0].Put)
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	return err
}

func (s *Store) put(ctx context.Context, put *types.Put) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.TableName, Item: put.Item,
		ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
	})
	return err
}

// linkExpires returns when a link of the case expires: up to 30 days after the case, so that not
// every event rewrites all links. A link to an open warranty RO holds more than a number and
// expires with the case.
func linkExpires(l relatedro.Link, c relatedro.Case) time.Time {
	const step = 30 * 24 * time.Hour
	if c.Expires.IsZero() || l.Warranty != (relatedro.OpenWarranty{}) {
		return c.Expires
	}
	return c.Expires.Add(step - 1).Truncate(step)
}

// changedLinks returns the links to put and the RO numbers of the links to delete to turn before's
// links into next's.
func changedLinks(before, next relatedro.Case) (puts []relatedro.Link, deletes []string) {
	had := make(map[string]relatedro.Link)
	for _, l := range before.Links() {
		ro := l.RO
		if before.Unindexed {
			l = relatedro.Link{} // an older version may have left anything there
		}
		had[ro] = l
	}
	for _, l := range next.Links() {
		if had[l.RO] != l || !linkExpires(l, before).Equal(linkExpires(l, next)) {
			puts = append(puts, l)
		}
		delete(had, l.RO)
	}
	return puts, slices.Sorted(maps.Keys(had))
}
