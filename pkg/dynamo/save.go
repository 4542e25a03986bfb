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

// linkChanges is how many links one transaction changes with the case: DynamoDB takes 100
// actions. It suffices to delete all links of one family and put the next case's own.
const linkChanges = relatedro.MaxLinks + 1

// SaveCase writes next and the links that differ in one transaction, whole or not at all,
// unless somebody wrote the case since before was loaded: then it returns ErrStale and
// changes nothing. next's own Revision and Omitted are ignored.
//
// A large family exchanged for another has more links to change than a transaction takes.
// Then the case is first written without its list, which deletes the old links: its
// revision grows by two.
//
// A write whose answer was lost and that the client tried again may be reported stale by
// mistake: loading the case again shows it done.
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
	actions := []types.TransactWriteItem{s.putCase(before, next)}
	for _, l := range puts {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: encodeLink(l, linkExpires(l, next))}})
	}
	for _, ro := range deletes {
		actions = append(actions, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: linkKey(next.Key, ro).item()}})
	}
	return s.transact(ctx, actions)
}

// putCase writes next's item over before's.
func (s *Store) putCase(before, next relatedro.Case) types.TransactWriteItem {
	put := &types.Put{TableName: &s.table, Item: encodeCase(next)}
	condition := "attribute_not_exists(PK)"
	if before.Stored() {
		condition = "revision = :revision"
		put.ExpressionAttributeValues = item{":revision": number(before.Revision)}
	}
	put.ConditionExpression = &condition
	return types.TransactWriteItem{Put: put}
}

// transact carries out actions, all or nothing. A single put needs no transaction, at
// twice the price.
func (s *Store) transact(ctx context.Context, actions []types.TransactWriteItem) error {
	if len(actions) == 1 && actions[0].Put != nil {
		put := actions[0].Put
		_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: put.TableName, Item: put.Item,
			ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
		})
		return err
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	return err
}

// linkExpires returns when a link of the case may be forgotten: with the case or up to 30
// days later, so that not every event of it has to write them all. One to an open warranty
// RO, which holds more than a number, goes with the case.
func linkExpires(l relatedro.Link, c relatedro.Case) time.Time {
	const step = 30 * 24 * time.Hour
	if c.Expires.IsZero() || l.Warranty != (relatedro.OpenWarranty{}) {
		return c.Expires
	}
	return c.Expires.Add(step - 1).Truncate(step)
}

// changedLinks returns the links to put and the numbers of those to delete, for next to
// have its links.
func changedLinks(before, next relatedro.Case) (puts []relatedro.Link, deletes []string) {
	had := make(map[string]relatedro.Link)
	for _, l := range before.Links() {
		ro := l.RO
		if before.Unindexed {
			l = relatedro.Link{} // what an older version left there may say anything
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
