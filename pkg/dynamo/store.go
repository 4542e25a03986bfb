// Package dynamo keeps cases, links and settings in one DynamoDB table.
//
// Store implements what package relatedro needs of a store. Start with New. Items are
// marshalled by hand: a table of seven kinds of items needs no reflection, and a Lambda
// function that starts cold pays for what it links.
package dynamo

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// Store keeps everything in one table, keyed by location: whoever asks for a location
// cannot be given another's items. It is safe for concurrent use by any number of
// processes.
//
// Errors: those of relatedro that a method names; any other means that DynamoDB did not
// do it for now, its client's own bounded retries included.
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

// Option is how a Store differs from one that New makes without it.
type Option func(*Store)

// OnUnreadable has told hear of every item that is not of the form that this version
// writes, by its key and what is wrong with it. Such an item is left out of what is read
// beside it.
func OnUnreadable(told func(item string, err error)) Option {
	return func(s *Store) { s.unreadable = told }
}

// New returns a Store on a table with string keys PK and SK, and an index GSI1 with
// string keys GSI1PK and GSI1SK that holds all attributes.
func New(client *dynamodb.Client, table string, options ...Option) *Store {
	s := &Store{client: client, table: table, unreadable: func(string, error) {}}
	for _, option := range options {
		option(s)
	}
	return s
}

// decodeAll returns what decode makes of the items, those that cannot be read left out.
func decodeAll[T any](s *Store, items []item, decode func(item) (T, error)) []T {
	all := make([]T, 0, len(items))
	for _, it := range items {
		if v, err := decode(it); err == nil {
			all = append(all, v)
		} else {
			s.unreadable(keyOf(it).String(), err)
		}
	}
	return all
}

// stale returns ErrStale if err says that a write's condition did not hold. Of a
// transaction that is its first action's condition: the one on the case or settings.
// A conflict with another transaction is not stale: the other one may yet fail.
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
