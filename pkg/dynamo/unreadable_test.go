package dynamo_test

import (
	"errors"
	"slices"
	"testing"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// An unreadable item is reported and skipped; the other items are still returned.
func TestUnreadableItemsAreSkipped(t *testing.T) {
	var told []string
	table := server.Table(t)
	s := dynamo.New(server.Client(), table, dynamo.OnUnreadable(func(item string, err error) {
		if err == nil {
			t.Error("an item is reported without an error")
		}
		told = append(told, item)
	}))
	good, bad := key("case-1"), key("case-2")
	save(t, s, exported(good, "50123", "50124"))
	save(t, s, exported(bad, "50123", "50125"))
	for _, id := range []string{"1", "2"} {
		before, err := s.Settings(t.Context(), "loc-100")
		if err != nil {
			t.Fatal(err)
		}
		after := relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled}
		if err := s.SaveSettings(t.Context(), relatedro.Change{ID: id, At: noon, Before: before, After: after}); err != nil {
			t.Fatal(err)
		}
	}
	spoil(t, table, "CASE#case-2", "retrieval")
	spoil(t, table, "RO#50123#CASE#case-2", "own")
	spoil(t, table, "AUDIT#2026-11-23T12:00:00.000000123Z#2", "before")

	loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: []relatedro.CaseKey{good, bad}, Locations: []string{"loc-100"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Cases) != 1 || !loaded.Unreadable[bad] || loaded.Unreadable[good] || !loaded.Settings["loc-100"].Enabled() {
		t.Errorf("unexpected result of Load: %+v", loaded)
	}
	cases, _, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", "", 10)
	if err != nil || len(cases) != 1 || cases[0].Key != good {
		t.Errorf("cases of the asset: %v, error %v", cases, err)
	}
	links, _, err := s.LinksTo(t.Context(), "loc-100", "50123", false, "", 10)
	if err != nil || len(links) != 1 || links[0].Key != good {
		t.Errorf("links: %v, error %v", links, err)
	}
	changes, _, err := s.History(t.Context(), "loc-100", "", 10)
	if err != nil || len(changes) != 1 {
		t.Errorf("history: %v, error %v", changes, err)
	}
	want := []string{
		"LOC#loc-100 CASE#case-2", "LOC#loc-100 CASE#case-2", "LOC#loc-100 RO#50123#CASE#case-2",
		"LOC#loc-100 AUDIT#2026-11-23T12:00:00.000000123Z#2",
	}
	if !slices.Equal(told, want) {
		t.Errorf("reported %q, want %q", told, want)
	}
}

// A location with unreadable settings must not look like one that was never set up: its events
// would be discarded.
func TestUnreadableSettingsAreNotNeverSetUp(t *testing.T) {
	var told []string
	table := server.Table(t)
	s := dynamo.New(server.Client(), table, dynamo.OnUnreadable(func(item string, _ error) { told = append(told, item) }))
	change := relatedro.Change{ID: "1", At: noon, After: relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled}}
	if err := s.SaveSettings(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	spoil(t, table, "SETTINGS", "karmak")
	loaded, err := s.Load(t.Context(), relatedro.Keys{Locations: []string{"loc-100", "loc-200"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := loaded.Settings["loc-100"]; found || !loaded.Unreadable[relatedro.CaseKey{Location: "loc-100"}] ||
		len(loaded.Settings) != 1 {
		t.Errorf("unexpected result of Load: %+v", loaded)
	}
	if got, err := s.Settings(t.Context(), "loc-100"); !errors.Is(err, relatedro.ErrUnreadable) {
		t.Errorf("settings %+v, error %v", got, err)
	}
	if !slices.Equal(told, []string{"LOC#loc-100 SETTINGS", "LOC#loc-100 SETTINGS"}) {
		t.Errorf("reported %q", told)
	}
}
