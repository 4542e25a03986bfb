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
	client *dynamodb.Client
	table  string
}

var (
	_ relatedro.CaseStore     = (*Store)(nil)
	_ relatedro.CaseReader    = (*Store)(nil)
	_ relatedro.SettingsStore = (*Store)(nil)
)

// New returns a Store on a table with string keys PK and SK, and an index GSI1 with
// string keys GSI1PK and GSI1SK that holds all attributes.
func New(client *dynamodb.Client, table string) *Store {
	return &Store{client: client, table: table}
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
