package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// fill stores n cases and returns their keys.
func fill(t *testing.T, s *dynamo.Store, n int) []relatedro.CaseKey {
	t.Helper()
	keys := make([]relatedro.CaseKey, n)
	for i := range keys {
		keys[i] = key(fmt.Sprintf("case-%03d", i))
		c := relatedro.Case{Key: keys[i], Number: "stored"}
		if err := s.SaveCase(t.Context(), relatedro.Case{Key: keys[i]}, c); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func TestLoadReadsBatchInFewCalls(t *testing.T) {
	s := newStore(t)
	stored := fill(t, s, 60)
	tests := []struct {
		name  string
		cases []relatedro.CaseKey
		calls int
	}{
		{"nothing", nil, 0},
		{"50 cases", stored[:50], 1},
		{"each case twice", append(append([]relatedro.CaseKey{}, stored...), stored...), 1},
		{"160 cases, most of them not stored", append(missing(100), stored...), 2},
		{"250 cases", append(missing(190), stored...), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			counted := countCalls(t)
			loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: tt.cases})
			if err != nil {
				t.Fatal(err)
			}
			if got := counted.count["BatchGetItem"]; got != tt.calls || len(counted.count) > 1 {
				t.Errorf("calls %v, want %d BatchGetItem", counted.count, tt.calls)
			}
			for _, k := range tt.cases {
				if c, ok := loaded.Cases[k]; ok != (c.Number == "stored") || ok == strings.HasPrefix(k.Case, "missing") {
					t.Errorf("case %s: found %v, %+v", k.Case, ok, c)
				}
			}
		})
	}
}

func missing(n int) []relatedro.CaseKey {
	keys := make([]relatedro.CaseKey, n)
	for i := range keys {
		keys[i] = key(fmt.Sprintf("missing-%03d", i))
	}
	return keys
}

func TestLoadIsConsistentAndPeekIsNot(t *testing.T) {
	s := newStore(t)
	tests := []struct {
		name string
		read func(context.Context, relatedro.Keys) (relatedro.Loaded, error)
		want bool
	}{{"Load", s.Load, true}, {"Peek", s.Peek, false}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			counted := countCalls(t)
			if _, err := tt.read(t.Context(), relatedro.Keys{Cases: missing(1)}); err != nil {
				t.Fatal(err)
			}
			var request struct {
				RequestItems map[string]struct{ ConsistentRead bool }
			}
			if err := json.Unmarshal(counted.body["BatchGetItem"], &request); err != nil {
				t.Fatal(err)
			}
			for _, asked := range request.RequestItems {
				if asked.ConsistentRead != tt.want {
					t.Errorf("ConsistentRead = %v", asked.ConsistentRead)
				}
			}
		})
	}
}

func TestLoadGivesEveryLocationSettings(t *testing.T) {
	s := newStore(t)
	enabled := relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled}
	if err := s.SaveSettings(t.Context(), relatedro.Change{ID: "1", At: noon, Before: relatedro.NeverSetUp("loc-100"),
		After: enabled}); err != nil {
		t.Fatal(err)
	}
	loaded, err := s.Load(t.Context(), relatedro.Keys{Locations: []string{"loc-100", "loc-200", "loc-100"}})
	if err != nil {
		t.Fatal(err)
	}
	enabled.Version = 1
	enabled.Activation.State = relatedro.ActivationUnknown
	want := map[string]relatedro.Settings{"loc-100": enabled, "loc-200": relatedro.NeverSetUp("loc-200")}
	if diff := cmp.Diff(want, loaded.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoadAsksAgainForUnprocessedKeys(t *testing.T) {
	s := newStore(t)
	keys := fill(t, s, 30)
	tests := []struct {
		name  string
		fault dynamodbengine.FaultFunc
	}{
		{"some left out", times(1, "BatchGetItem", dynamodbengine.Unprocessed(7))},
		{"all left out, twice", times(2, "BatchGetItem", dynamodbengine.Unprocessed(30))},
		{"fewer each time", fewer(25)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server.Faults(t, tt.fault)
			loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: keys})
			if err != nil {
				t.Fatal(err)
			}
			if len(loaded.Cases) != len(keys) {
				t.Errorf("loaded %d cases of %d", len(loaded.Cases), len(keys))
			}
		})
	}
}

// fewer leaves n keys unprocessed in the first call, half as many in the next, and so on.
func fewer(n int64) dynamodbengine.FaultFunc {
	var left atomic.Int64
	left.Store(2 * n)
	return func(string, []byte) *dynamodbengine.Fault {
		n := left.Load() / 2
		left.Store(n)
		if n == 0 {
			return nil
		}
		return dynamodbengine.Unprocessed(int(n))
	}
}

func TestLoadNeverReadsUnprocessedKeyAsAbsent(t *testing.T) {
	s := newStore(t)
	keys := fill(t, s, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen atomic.Int64
	server.Faults(t, func(string, []byte) *dynamodbengine.Fault {
		if seen.Add(1) == 3 {
			cancel()
		}
		return dynamodbengine.Unprocessed(1)
	})
	loaded, err := s.Load(ctx, relatedro.Keys{Cases: keys})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v and %d cases, want context.Canceled", err, len(loaded.Cases))
	}
}

func TestLoadFailsWhole(t *testing.T) {
	s := newStore(t)
	keys := append(fill(t, s, 10), missing(200)...)
	var seen atomic.Int64
	server.Faults(t, func(string, []byte) *dynamodbengine.Fault {
		if seen.Add(1) > 2 {
			return dynamodbengine.Throttled()
		}
		return nil
	})
	if loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: keys}); err == nil {
		t.Errorf("no error and %d cases, want an error", len(loaded.Cases))
	}
}

// 60 cases of 300 KB exceed both the 16 MB of one response and the amount decoded at once.
func TestLoadOfMoreThanAnAnswerHolds(t *testing.T) {
	s := newStore(t)
	keys := missing(60)
	for _, k := range keys {
		c := relatedro.Case{Key: k, RO: "50123", Related: []relatedro.RelatedRO{{RO: "50124", BillTo: strings.Repeat("x", 300<<10)}}}
		if err := s.SaveCase(t.Context(), relatedro.Case{Key: k}, c); err != nil {
			t.Fatal(err)
		}
	}
	counted := countCalls(t)
	loaded, err := s.Load(t.Context(), relatedro.Keys{Cases: keys})
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Cases) != len(keys) || counted.count["BatchGetItem"] < 2 {
		t.Errorf("loaded %d cases of %d in %d calls", len(loaded.Cases), len(keys), counted.count["BatchGetItem"])
	}
}

// TestPeekReadsWhatPeopleSee fails when a new attribute is missing from Peek's projection.
func TestPeekReadsWhatPeopleSee(t *testing.T) {
	s := newStore(t)
	settings := relatedro.Settings{
		Location: "loc-100", Status: relatedro.Enabled, UpdatedBy: "user-7", UpdatedAt: noon,
		Connection: relatedro.Connection{Account: "a", User: "u", Branch: "b"}, Expecting: true,
	}
	if err := s.SaveSettings(t.Context(), relatedro.Change{ID: "1", At: noon, By: "user-7", After: settings}); err != nil {
		t.Fatal(err)
	}
	k := key("case-1")
	c := exported(k, "50123", "50124")
	c.Expected = []relatedro.Expected{{Customer: relatedro.Customer{Number: "9001", Name: "Freightliner Warranty"}, Tasks: 2}}
	c.Omitted, c.Expires, c.Past = 1, noon.Add(time.Hour).Truncate(time.Second), somePast()
	c.ClosedBy, c.Retrieval.Reason, c.Retrieval.Message = relatedro.ClosedByUser, relatedro.RateLimited, "Later."
	if err := s.SaveCase(t.Context(), relatedro.Case{Key: k}, c); err != nil {
		t.Fatal(err)
	}
	keys := relatedro.Keys{Locations: []string{"loc-100"}, Cases: []relatedro.CaseKey{k}}
	whole, err := s.Load(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	peeked, err := s.Peek(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	want, wanted := whole.Cases[k], whole.Settings["loc-100"]
	for name, field := range reflect.ValueOf(want).Fields() {
		if field.IsZero() && name.Name != "Unindexed" { // false in all cases of this version
			t.Errorf("the stored case leaves %s empty, so the comparison cannot cover it", name.Name)
		}
	}
	want.Own, want.Stated, want.FirstEventAt, want.Expires, want.Past = relatedro.RelatedRO{}, relatedro.Stated{}, time.Time{}, time.Time{},
		nil
	wanted.UpdatedBy, wanted.UpdatedAt = "", time.Time{}
	if diff := cmp.Diff(want, peeked.Cases[k]); diff != "" {
		t.Errorf("case (-loaded +peeked):\n%s", diff)
	}
	if diff := cmp.Diff(wanted, peeked.Settings["loc-100"]); diff != "" {
		t.Errorf("settings (-loaded +peeked):\n%s", diff)
	}
}
