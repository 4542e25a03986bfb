// Package dynamo stores cases, links and settings in one DynamoDB table.
//
// Store implements the store interfaces of package relatedro. Start with New. Items are marshalled
// by hand: seven kinds of items do not justify reflection, and every linked package lengthens a
// Lambda cold start.
package dynamo

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// Store keeps everything in one table, keyed by location: a query for one location cannot return
// another location's items. It is safe for concurrent use by any number of processes.
//
// Each method names the relatedro errors it returns. Any other error means that DynamoDB did not
// complete the request, even after the client's bounded retries.
type Store struct {
	client     *dynamodb.Client
	table      string
	unreadable func(item string, err error)
}

var (
	_ relatedro.CaseStore     = (*Store)(nil)
	_ relatedro.CaseReader    = (*Store)(nil)
	_ relatedro.SettingsStore = (*Store)(nil)
)

// Option configures a Store made by New.
type Option func(*Store)

// OnUnreadable calls report for each item that does not have the form this version writes, with the
// item's key and the fault. The read skips the item and still returns the others.
func OnUnreadable(report func(item string, err error)) Option {
	return func(s *Store) { s.unreadable = report }
}

// New returns a Store on a table with string keys PK and SK. The table must have an index GSI1 with
// string keys GSI1PK and GSI1SK that projects all attributes.
func New(client *dynamodb.Client, table string, options ...Option) *Store {
	s := &Store{client: client, table: table, unreadable: func(string, error) {}}
	for _, option := range options {
		option(s)
	}
	return s
}

// readItem decodes an item, and reports it if it is unreadable.
func readItem[T any](s *Store, m item, fields func(*copier, *T)) (T, error) {
	v, err := decode(m, fields)
	if err != nil {
		s.unreadable(keyOf(m).String(), err)
	}
	return v, err
}

// decodeAll decodes items. It reports unreadable items and leaves them out.
func decodeAll[T any](s *Store, items []item, fields func(*copier, *T)) []T {
	all := make([]T, 0, len(items))
	for _, m := range items {
		if v, err := readItem(s, m, fields); err == nil {
			all = append(all, v)
		}
	}
	return all
}

// stale returns ErrStale if err reports that a write's condition failed. For a transaction, only
// the first action counts: it carries the condition on the case or settings. A conflict with
// another transaction is not stale, because the other transaction may still fail.
func stale(err error) error {
	var failed *types.ConditionalCheckFailedException
	var cancelled *types.TransactionCanceledException
	switch {
	case errors.As(err, &failed):
		return relatedro.ErrStale
	case errors.As(err, &cancelled) && len(cancelled.CancellationReasons) > 0:
		if code := cancelled.CancellationReasons[0].Code; code != nil && *code == "ConditionalCheckFailed" {
			return relatedro.ErrStale
		}
	}
	return err
}
