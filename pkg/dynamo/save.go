package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// linksPerTransaction leaves room for the case among the 100 actions that DynamoDB
// takes in one transaction.
const linksPerTransaction = 99

// SaveCase writes next with revision before.Revision+1 and the links that differ, unless
// somebody wrote the case since before was loaded: then it returns ErrStale, and the case
// and the links it lists stay as the other left them. next's own Revision and Unlinking
// are ignored.
//
// Up to 99 changed links go in one transaction with the case: a reader sees all of it or
// nothing. With more, it sees in between
//
//   - links to the case by numbers that the case does not list: new ones, put before the
//     case, and old ones, deleted after it. Readers drop such links, as they must.
//   - of links that stay but say something new (the case's number, or whether the RO is
//     its own), some in the new form before the case is.
//
// Never is a number that the case lists without its link. Unlinking is what keeps this so
// when a run breaks off: the case names every link that may differ from what it says
// before that link is touched, and a link is only touched in a transaction that checks
// that the case still stands as this run left it. A run that lost to another therefore
// cannot disturb the other's links, and the next write puts right what a broken run left.
// If only deletes are left to do when something fails, the write counts as done.
//
// A write whose answer was lost and that the client tried again may be reported stale by
// mistake: loading the case again shows it done.
func (s *Store) SaveCase(ctx context.Context, before, next relatedro.Case) error {
	if err := s.saveCase(ctx, before, next); err != nil {
		return fmt.Errorf("save case %s of %s: %w", next.Key.Case, next.Key.Location, stale(err))
	}
	return nil
}

func (s *Store) saveCase(ctx context.Context, before, next relatedro.Case) error {
	puts, deletes := changedLinks(before, next)
	early, last := cut(puts, max(0, len(puts)-linksPerTransaction))
	now, later := cut(deletes, min(len(deletes), linksPerTransaction-len(last)))

	next.Revision, next.Unlinking = before.Revision+1, later
	it := encodeCase(next)
	if err := checkSize(it); err != nil {
		return err
	}
	at := head{key: caseKey(next.Key), revision: before.Revision, unlinking: before.Unlinking}
	at, err := s.linkEarly(ctx, at, early)
	if err != nil {
		return err
	}
	actions := []types.TransactWriteItem{at.put(s.table, it)}
	for _, l := range last {
		actions = append(actions, s.link(l))
	}
	for _, ro := range now {
		actions = append(actions, s.unlink(next.Key, ro))
	}
	if err := s.transact(ctx, actions); err != nil {
		return err
	}
	s.unlinkLater(ctx, next.Key, head{key: at.key, revision: next.Revision, unlinking: later})
	return nil
}

// linkEarly puts links that do not fit in one transaction with the case, and returns the
// head that this leaves the case with: it names them, lest they be forgotten.
func (s *Store) linkEarly(ctx context.Context, at head, links []relatedro.Link) (head, error) {
	if len(links) == 0 {
		return at, nil
	}
	at, err := s.announce(ctx, at, links)
	if err != nil {
		return at, err
	}
	for chunk := range slices.Chunk(links, linksPerTransaction) {
		actions := []types.TransactWriteItem{at.check(s.table)}
		for _, l := range chunk {
			actions = append(actions, s.link(l))
		}
		if err := s.transact(ctx, actions); err != nil {
			return at, err
		}
	}
	return at, nil
}

// announce adds the links to the case's Unlinking. The revision stays.
func (s *Store) announce(ctx context.Context, at head, links []relatedro.Link) (head, error) {
	named := slices.Clone(at.unlinking)
	for _, l := range links {
		named = append(named, l.RO)
	}
	slices.Sort(named)
	after := head{key: at.key, revision: at.revision, unlinking: slices.Compact(named)}
	if slices.Equal(after.unlinking, at.unlinking) {
		return at, nil
	}
	update := at.update(s.table, after)
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: update.TableName, Key: update.Key, UpdateExpression: update.UpdateExpression,
		ConditionExpression: update.ConditionExpression, ExpressionAttributeValues: update.ExpressionAttributeValues,
	})
	return after, err
}

// unlinkLater deletes the links that the case names in Unlinking, which shrinks with
// them. When it cannot go on, for whatever reason, it leaves the rest to the next write:
// if that was meanwhile, it has taken over.
func (s *Store) unlinkLater(ctx context.Context, k relatedro.CaseKey, at head) {
	for len(at.unlinking) > 0 {
		now, later := cut(at.unlinking, min(len(at.unlinking), linksPerTransaction))
		after := head{key: at.key, revision: at.revision, unlinking: later}
		actions := []types.TransactWriteItem{{Update: at.update(s.table, after)}}
		for _, ro := range now {
			actions = append(actions, s.unlink(k, ro))
		}
		if s.transact(ctx, actions) != nil {
			return
		}
		at = after
	}
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

func (s *Store) link(l relatedro.Link) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: encodeLink(l)}}
}

func (s *Store) unlink(k relatedro.CaseKey, ro string) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: linkKey(k, ro).item()}}
}

// changedLinks returns the links to put and the numbers of those to delete, for next to
// have its links. Of a link that before names in Unlinking nothing is known.
func changedLinks(before, next relatedro.Case) (puts []relatedro.Link, deletes []string) {
	had := make(map[string]relatedro.Link)
	for _, l := range before.Links() {
		had[l.RO] = l
	}
	for _, ro := range before.Unlinking {
		had[ro] = relatedro.Link{} // unlike any link
	}
	for _, l := range next.Links() {
		if had[l.RO] != l {
			puts = append(puts, l)
		}
		delete(had, l.RO)
	}
	return puts, slices.Sorted(maps.Keys(had))
}

func cut[T any](list []T, at int) (head, tail []T) { return list[:at], list[at:] }
