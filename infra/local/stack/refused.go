package stack

import (
	"context"
	"time"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// Store returns the functions' store.
func (s *Stack) Store() *dynamo.Store {
	return dynamo.New(s.DynamoDBClient(), s.Template.Tables[0].Name)
}

// RefuseForAnHour marks a case as refused by Karmak for an hour already, so that its next refusal
// is final. The functions have no clock that a test could advance.
func (s *Stack) RefuseForAnHour(ctx context.Context, key relatedro.CaseKey) error {
	store := s.Store()
	loaded, err := store.Load(ctx, relatedro.Keys{Cases: []relatedro.CaseKey{key}})
	if err != nil {
		return err
	}
	before := loaded.Cases[key]
	before.Key = key
	refresh := relatedro.Event{ID: "refused", Type: relatedro.Refresh}
	after := before.Failed(refresh, relatedro.OutcomeRetrying, relatedro.NotActivated, "", time.Now().Add(-relatedro.NotActivatedGrace))
	return store.SaveCase(ctx, before, after)
}
