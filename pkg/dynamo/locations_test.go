package dynamo_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// both lists the statuses in the order in which LocationsOf returns their locations.
var both = []relatedro.FeatureStatus{relatedro.Enabled, relatedro.Disabled}

// setUp stores a location's settings as the next version.
func setUp(t testing.TB, s *dynamo.Store, location string, status relatedro.FeatureStatus, connection relatedro.Connection) {
	t.Helper()
	before, err := s.Settings(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	after := relatedro.Settings{Location: location, Status: status, Connection: connection}
	if err := s.SaveSettings(t.Context(), relatedro.Change{ID: "1", At: noon, Before: before, After: after}); err != nil {
		t.Fatal(err)
	}
}

func TestLocationsAreListedByStatus(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	// The index key contains this branch.
	odd := relatedro.Connection{Account: "acc", User: "user", Branch: "A#LOC#B C"}
	setUp(t, s, "loc-5", relatedro.Enabled, relatedro.Connection{Account: "zed", User: "user"})
	setUp(t, s, "loc-4", relatedro.Enabled, odd)
	setUp(t, s, "loc-3", relatedro.Disabled, odd)
	setUp(t, s, "loc-2", relatedro.Disabled, relatedro.Connection{})
	setUp(t, s, "loc-1", relatedro.Enabled, odd)
	setUp(t, s, "loc-1", relatedro.Disabled, odd) // disabled again: still listed
	setUp(t, s, "loc-6", relatedro.Disabled, odd)
	setUp(t, s, "loc-6", relatedro.Enabled, odd)
	for name, c := range map[string]struct {
		statuses []relatedro.FeatureStatus
		want     []string
	}{
		"all":      {both, []string{"loc-4", "loc-6", "loc-5", "loc-1", "loc-2", "loc-3"}},
		"enabled":  {both[:1], []string{"loc-4", "loc-6", "loc-5"}},
		"disabled": {both[1:], []string{"loc-1", "loc-2", "loc-3"}},
	} {
		for _, limit := range []int{1, 2, 3, 4, 10} {
			t.Run(fmt.Sprint(name, ", ", limit, " a page"), func(t *testing.T) {
				var got []string
				for _, page := range pages(t, table, func(s *dynamo.Store, after string) ([]string, string, error) {
					return s.LocationsOf(t.Context(), c.statuses, after, limit)
				}) {
					if len(page) > limit {
						t.Errorf("a page exceeds its limit: %q", page)
					}
					got = append(got, page...)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("locations (-want +got):\n%s", diff)
				}
			})
		}
	}
	for _, position := range []string{"x", "ENABLED x", "DISABLED", "OTHER LOC#loc-1", "ENABLED FOLLOW#a#b##LOC#a b", "DISABLED \xff"} {
		if _, _, err := s.LocationsOf(t.Context(), both[:1], position, 5); !errors.Is(err, relatedro.ErrPosition) {
			t.Errorf("position %q: error %v, want ErrPosition", position, err)
		}
	}
}

// The previous version left settings out of the index while they were DISABLED. The command in the
// runbook adds them.
func TestSettingsOfTheVersionBeforeAreListedOnceTheyAreIndexed(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	setUp(t, s, "loc-1", relatedro.Disabled, relatedro.Connection{Account: "acc"})
	k := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "LOC#loc-1"},
		"SK": &types.AttributeValueMemberS{Value: "SETTINGS"}}
	update := func(expression, condition string, values map[string]types.AttributeValue) error {
		input := &sdk.UpdateItemInput{TableName: &table, Key: k, UpdateExpression: &expression, ExpressionAttributeValues: values}
		if condition != "" {
			input.ConditionExpression = &condition
		}
		_, err := server.Client().UpdateItem(t.Context(), input)
		return err
	}
	if err := update("REMOVE GSI1PK, GSI1SK", "", nil); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.LocationsOf(t.Context(), both, "", 10); err != nil || len(got) != 0 {
		t.Fatalf("before indexing: listed %q, error %v", got, err)
	}
	// As in infra/docs/runbook.md, "List locations of an older version".
	err := update("SET GSI1PK = :d, GSI1SK = :l", "attribute_not_exists(GSI1PK)", map[string]types.AttributeValue{
		":d": &types.AttributeValueMemberS{Value: "DISABLED"}, ":l": &types.AttributeValueMemberS{Value: "LOC#loc-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.LocationsOf(t.Context(), both, "", 10); err != nil || len(got) != 1 || got[0] != "loc-1" {
		t.Errorf("after indexing: listed %q, error %v", got, err)
	}
}

// Only enabled locations are followed, although disabled ones are in the index too.
func TestDisabledLocationsAreNotFollowed(t *testing.T) {
	s := newStore(t)
	setUp(t, s, "loc-1", relatedro.Enabled, relatedro.Connection{Account: "acc"})
	setUp(t, s, "loc-2", relatedro.Disabled, relatedro.Connection{Account: "acc"})
	got, err := s.EnabledLocations(t.Context())
	if err != nil || len(got) != 1 || got[0].Location != "loc-1" || got[0].Connection.Account != "acc" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNewestOpenCase(t *testing.T) {
	s := newStore(t)
	if got, err := s.NewestOpen(t.Context(), "loc-100"); err != nil || got.Case != "" {
		t.Errorf("without cases: %v, error %v", got, err)
	}
	for i, status := range []relatedro.ROStatus{relatedro.ROOpen, relatedro.ROOpen, relatedro.ROInvoiced} {
		c := exported(key(fmt.Sprint("case-", i)), fmt.Sprint(50123+i))
		c.FirstEventAt, c.Own.Status = noon.Add(time.Duration(i)*time.Hour), status
		save(t, s, c)
	}
	if got, err := s.NewestOpen(t.Context(), "loc-100"); err != nil || got != key("case-1") {
		t.Errorf("newest open case %v, error %v", got, err)
	}
}

func TestPeekFillsActivationsWhereAsked(t *testing.T) {
	s := newStore(t)
	saved := change("1", relatedro.NeverSetUp("loc-100"))
	if err := s.SaveSettings(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveChecked(t.Context(), []string{"loc-100"}, noon); err != nil {
		t.Fatal(err)
	}
	counted := countCalls(t)
	got, err := s.Peek(t.Context(), relatedro.Keys{Locations: []string{"loc-100", "loc-9"}, Checked: true, Activated: true})
	if err != nil {
		t.Fatal(err)
	}
	if one := got.Settings["loc-100"]; one.Activation != saved.After.Activation || !one.CheckedAt.Equal(noon) ||
		one.Connection != saved.After.Connection {
		t.Errorf("peeked %+v", one)
	}
	if diff := cmp.Diff(relatedro.NeverSetUp("loc-9"), got.Settings["loc-9"]); diff != "" {
		t.Errorf("never set up (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"BatchGetItem": 1}, counted.count); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
