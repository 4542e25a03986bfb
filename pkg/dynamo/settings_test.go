package dynamo_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// change returns a change that enables a location whose settings were before.
func change(id string, before relatedro.Settings) relatedro.Change {
	after := relatedro.Settings{
		Location: "loc-100", Status: relatedro.Enabled,
		Connection: relatedro.Connection{Account: "acc", User: "user"},
		Expecting:  true,
		Version:    before.Version + 1, UpdatedBy: "mia", UpdatedAt: noon,
		Activation: relatedro.Activation{State: relatedro.Active, CheckedAt: noon, Version: "3.61", Message: "Active."},
	}
	return relatedro.Change{ID: id, At: noon, By: "mia", Before: before, After: after}
}

func TestSettingsReadBackAsSaved(t *testing.T) {
	s := newStore(t)
	got, err := s.Settings(t.Context(), "loc-100")
	if diff := cmp.Diff(relatedro.NeverSetUp("loc-100"), got); diff != "" || err != nil {
		t.Fatalf("never set up: error %v (-want +got):\n%s", err, diff)
	}
	saved := change("1", got)
	if err := s.SaveSettings(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	counted := countCalls(t)
	got, err = s.Settings(t.Context(), "loc-100")
	if diff := cmp.Diff(saved.After, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(map[string]int{"BatchGetItem": 1}, counted.count); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestSaveSettingsAllOrNothing(t *testing.T) {
	s := newStore(t)
	never := relatedro.NeverSetUp("loc-100")
	first := change("1", never)
	if err := s.SaveSettings(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change relatedro.Change
		fault  *dynamodbengine.Fault
		stale  bool
	}{
		{"set up by somebody else meanwhile", change("2", never), nil, true},
		{"newer version", change("2", relatedro.Settings{Location: "loc-100", Version: 2}), nil, true},
		{"conflict", change("2", first.After), dynamodbengine.Conflict(3), false},
		{"throttled", change("2", first.After), dynamodbengine.Throttled(), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.fault != nil {
				server.Faults(t, times(1000, "TransactWriteItems", tt.fault))
			}
			tt.change.After.Activation.State = relatedro.ActivationUnreachable
			err := s.SaveSettings(t.Context(), tt.change)
			if err == nil || errors.Is(err, relatedro.ErrStale) != tt.stale {
				t.Fatalf("error %v, want ErrStale: %v", err, tt.stale)
			}
			got, err := s.Settings(t.Context(), "loc-100")
			if diff := cmp.Diff(first.After, got); diff != "" || err != nil {
				t.Errorf("settings changed: error %v (-want +got):\n%s", err, diff)
			}
			if history, _, err := s.History(t.Context(), "loc-100", "", 10); len(history) != 1 || err != nil {
				t.Errorf("history has %d changes, error %v", len(history), err)
			}
		})
	}
}

func TestSaveSettingsKeepsActivationWhenUnknown(t *testing.T) {
	s := newStore(t)
	first := change("1", relatedro.NeverSetUp("loc-100"))
	if err := s.SaveSettings(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	disabling := change("2", first.After)
	disabling.After.Status = relatedro.Disabled
	disabling.After.Activation = relatedro.Activation{State: relatedro.ActivationUnknown}
	if err := s.SaveSettings(t.Context(), disabling); err != nil {
		t.Fatal(err)
	}
	got, err := s.Settings(t.Context(), "loc-100")
	if err != nil || got.Status != relatedro.Disabled || got.Activation != first.After.Activation {
		t.Errorf("got %+v, error %v", got, err)
	}
}

func TestSaveActivationChangesNothingElse(t *testing.T) {
	s := newStore(t)
	first := change("1", relatedro.NeverSetUp("loc-100"))
	if err := s.SaveSettings(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	want := first.After
	want.Activation = relatedro.Activation{State: relatedro.Inactive, CheckedAt: noon.Add(time.Hour), Message: "Not active."}
	if err := s.SaveActivation(t.Context(), "loc-100", want.Activation); err != nil {
		t.Fatal(err)
	}
	got, err := s.Settings(t.Context(), "loc-100")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestHistoryNewestFirst(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	settings := relatedro.NeverSetUp("loc-100")
	var want []relatedro.Change
	for i := range 5 {
		c := change(fmt.Sprint("id-", i), settings)
		c.At = noon.Add(time.Duration(i) * time.Millisecond)
		if err := s.SaveSettings(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		settings = c.After
		want = append([]relatedro.Change{c}, want...)
	}
	for _, limit := range []int{1, 2, 5, 10} {
		t.Run(fmt.Sprint(limit, " a page"), func(t *testing.T) {
			var got []relatedro.Change
			for _, page := range pages(t, table, func(s *dynamo.Store, after string) ([]relatedro.Change, string, error) {
				return s.History(t.Context(), "loc-100", after, limit)
			}) {
				got = append(got, page...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
	}
}

// What came to settings later reads back too, by every way of reading; a location that has
// none of it is stored as before.
func TestSettingsOfADealerWhoWasMovedReadBack(t *testing.T) {
	s := newStore(t)
	c := change("1", relatedro.NeverSetUp("loc-100"))
	c.After.Connection = relatedro.Connection{Kind: "rda", Account: "03900", Branch: "01"}
	c.After.Former = relatedro.Connection{Account: "acc", User: "user", Branch: "01"}
	if err := s.SaveSettings(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got, err := s.Settings(t.Context(), "loc-100")
	if diff := cmp.Diff(c.After, got); diff != "" || err != nil {
		t.Errorf("Settings: %v (-want +got):\n%s", err, diff)
	}
	loaded, err := s.Load(t.Context(), relatedro.Keys{Locations: []string{"loc-100"}})
	if got := loaded.Settings["loc-100"]; err != nil || got.Connection != c.After.Connection || got.Former != c.After.Former {
		t.Errorf("Load: %+v, %v", got, err)
	}
	peeked, err := s.Peek(t.Context(), relatedro.Keys{Locations: []string{"loc-100"}})
	if got := peeked.Settings["loc-100"]; err != nil || got.Connection != c.After.Connection || got.Former != c.After.Former {
		t.Errorf("Peek: %+v, %v", got, err)
	}
	enabled, err := s.EnabledLocations(t.Context())
	if err != nil || len(enabled) != 1 || enabled[0].Connection != c.After.Connection || enabled[0].Former != c.After.Former {
		t.Errorf("EnabledLocations: %+v, %v", enabled, err)
	}
}

// The states of one account at the two kinds of interface are two.
func TestFollowedIsKeptByKind(t *testing.T) {
	s := newStore(t)
	unity, newer := relatedro.Connection{Account: "1"}, relatedro.Connection{Kind: "rda", Account: "1"}
	if err := s.SaveFollowed(t.Context(), relatedro.Followed{Connection: unity, Since: noon, Seen: []uint64{1}}); err != nil {
		t.Fatal(err)
	}
	states, err := s.Followed(t.Context(), []relatedro.Connection{unity, newer})
	if err != nil || states[0].Revision != 1 || states[1].Revision != 0 || states[1].Connection != newer {
		t.Errorf("%+v, %v", states, err)
	}
}

func TestSettingsOfADMSWithoutRelatedROsReadBack(t *testing.T) {
	s := newStore(t)
	c := change("1", relatedro.NeverSetUp("loc-100"))
	c.After.Status, c.After.SingleRO = relatedro.Disabled, true
	if err := s.SaveSettings(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	peeked, err := s.Peek(t.Context(), relatedro.Keys{Locations: []string{"loc-100"}})
	if err != nil || !peeked.Settings["loc-100"].SingleRO {
		t.Errorf("Peek: %+v, %v", peeked.Settings, err)
	}
}
