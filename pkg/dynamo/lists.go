package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// CasesOfAsset returns up to limit cases of an asset, newest first event first, and the position
// where the next page begins. It returns ErrPosition if after is not a position in this list. Cases
// hold the attributes that Peek reads.
func (s *Store) CasesOfAsset(ctx context.Context, location, asset, after string, limit int) ([]relatedro.Case, string, error) {
	items, next, err := s.page(ctx, list{
		index: indexGSI1, partition: assetPartition(location, asset), backward: true,
		attributes: attrGSI1SK + "," + shown.attributes, names: shown.names,
		valid: func(sk string) bool {
			timestamp, id, ok := strings.Cut(sk, infixCase)
			return ok && isTime(timestamp) && isID(id)
		},
		tableKey: func(sk string) key { return caseKey(relatedro.CaseKey{Location: location, Case: caseOf(sk)}) },
	}, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read cases of asset %s of %s: %w", asset, location, err)
	}
	return decodeAll(s, items, decodeCase), next, nil
}

// CasesOf returns all cases of a location without their related ROs.
func (s *Store) CasesOf(ctx context.Context, location string) ([]relatedro.Case, error) {
	items, err := s.all(ctx, list{
		partition: partition(location), prefix: prefixCase,
		attributes: "PK,SK,revision,caseNumber,assetId,roNumber,caseStatus,retrieval,fetchedOver",
	})
	if err != nil {
		return nil, fmt.Errorf("read cases of %s: %w", location, err)
	}
	return decodeAll(s, items, decodeCase), nil
}

// LinksTo returns up to limit links of a location, ordered by RO number and case, and the position
// where the next page begins. A link matches if its RO number equals ro, which must be canonical,
// or begins with ro if prefix is set. LinksTo returns ErrPosition if after is not a position in
// this list.
func (s *Store) LinksTo(ctx context.Context, location, ro string, prefix bool, after string, limit int) ([]relatedro.Link, string, error) {
	begin := prefixLink + ro
	if !prefix {
		begin += infixCase
	}
	items, next, err := s.page(ctx, list{
		partition: partition(location), prefix: begin,
		valid: func(sk string) bool {
			number, id, ok := strings.Cut(strings.TrimPrefix(sk, prefixLink), infixCase)
			return ok && relatedro.CheckRO("", number) == nil && isID(id)
		},
	}, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read links to %s of %s: %w", ro, location, err)
	}
	return decodeAll(s, items, decodeLink), next, nil
}

// OpenWarranty returns links to a location's open warranty ROs from one query of the index; see
// relatedro.CaseReader. A page ends before an RO whose links may continue on the next page, unless
// the page has no other RO.
func (s *Store) OpenWarranty(ctx context.Context, location, openedBefore, after string, limit int) ([]relatedro.Link, string, error) {
	items, next, err := s.page(ctx, list{
		index: indexGSI1, partition: warrantyPartition(location), end: openedBefore,
		valid: func(sk string) bool {
			part := strings.Split(sk, "#")
			return len(part) == 4 && len(part[0]) == len(unknownDay) && relatedro.CheckRO("", part[1]) == nil && isID(part[3]) &&
				(openedBefore == "" || sk < openedBefore)
		},
		tableKey: func(sk string) key {
			return linkKey(relatedro.CaseKey{Location: location, Case: caseOf(sk)}, strings.Split(sk, "#")[1])
		},
	}, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read open warranty ROs of %s: %w", location, err)
	}
	if next != "" {
		items, next = wholeROs(items, next)
	}
	return decodeAll(s, items, decodeLink), next, nil
}

// wholeROs drops the last RO's items, because its links may continue on the next page, and returns
// the position before that RO. It drops nothing if all items are of one RO.
func wholeROs(items []item, next string) ([]item, string) {
	for end := len(items) - 1; end > 0; end-- {
		r := reader{item: items[end-1]}
		if before := r.text(attrGSI1SK); roOf(before) != roOf(next) {
			return items[:end], before
		}
	}
	return items, next
}

// list describes the items of one partition whose sort keys begin with prefix.
type list struct {
	index      string // empty means the table itself
	partition  string
	prefix     string
	first      string // lowest sort key, inclusive; not together with prefix
	end        string // upper bound of sort keys, exclusive; not together with prefix or first
	backward   bool
	consistent bool                 // not allowed on an index
	valid      func(sk string) bool // whether a sort key with the prefix has the list's form
	tableKey   func(sk string) key  // index only: the table key for a sort key of the index

	attributes string            // a projection; empty means all
	names      map[string]string // the names behind its # placeholders
}

func (l list) keyNames() (partition, sort string) {
	if l.index == "" {
		return attrPK, attrSK
	}
	return attrGSI1PK, attrGSI1SK
}

// page reads up to limit items after a position in one call, or fewer if they would exceed 1 MB. It
// requests one item more to learn whether the list continues.
func (s *Store) page(ctx context.Context, l list, after string, limit int) (items []item, next string, err error) {
	input, err := s.queryFor(l, after, limit)
	if err != nil {
		return nil, "", err
	}
	out, err := s.client.Query(ctx, input)
	if err != nil {
		return nil, "", err
	}
	for _, m := range out.Items {
		items = append(items, m)
	}
	_, sort := l.keyNames()
	switch {
	case len(items) > limit:
		items = items[:limit]
	case out.LastEvaluatedKey == nil || len(items) == 0:
		return items, "", nil
	}
	last := reader{item: items[len(items)-1]}
	return items, last.text(sort), nil
}

// all reads the whole list, page by page.
func (s *Store) all(ctx context.Context, l list) (items []item, err error) {
	input, err := s.queryFor(l, "", 0)
	if err != nil {
		return nil, err
	}
	input.Limit = nil
	for pages := dynamodb.NewQueryPaginator(s.client, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Items {
			items = append(items, m)
		}
	}
	return items, nil
}

func (s *Store) queryFor(l list, after string, limit int) (*dynamodb.QueryInput, error) {
	partition, sort := l.keyNames()
	forward, most := !l.backward, int32(limit)+1
	condition := partition + " = :partition"
	values := item{":partition": text(l.partition)}
	if l.prefix != "" {
		condition += " AND begins_with(" + sort + ", :prefix)"
		values[":prefix"] = text(l.prefix)
	}
	if l.first != "" {
		condition += " AND " + sort + " >= :first"
		values[":first"] = text(l.first)
	}
	if l.end != "" {
		condition += " AND " + sort + " < :end"
		values[":end"] = text(l.end)
	}
	input := &dynamodb.QueryInput{
		TableName: &s.table, KeyConditionExpression: &condition, ExpressionAttributeValues: values,
		ScanIndexForward: &forward, ConsistentRead: &l.consistent, Limit: &most,
	}
	if l.index != "" {
		input.IndexName = &l.index
	}
	if l.attributes != "" {
		input.ProjectionExpression, input.ExpressionAttributeNames = &l.attributes, l.names
	}
	if after != "" {
		if !strings.HasPrefix(after, l.prefix) || !l.valid(after) {
			return nil, relatedro.ErrPosition
		}
		input.ExclusiveStartKey = l.startKey(after)
	}
	return input, nil
}

// startKey returns the key of the item at a position. Everything except the position comes from the
// list, so a position cannot lead to another list.
func (l list) startKey(position string) map[string]types.AttributeValue {
	if l.index == "" {
		return key{l.partition, position}.item()
	}
	start := l.tableKey(position).item()
	partition, sort := l.keyNames()
	start[partition], start[sort] = text(l.partition), text(position)
	return start
}

func isID(s string) bool { return relatedro.CheckID("", s) == nil }

func isTime(s string) bool {
	_, err := parseTime(s)
	return err == nil && len(s) == len(timeFormat)
}
