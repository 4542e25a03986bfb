package relatedro

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// listing returns a stored case with the given ROs and retrieval outcome.
func listing(revision int64, outcome Outcome, ros ...RelatedRO) Case {
	return Case{
		Key: CaseKey{"loc-100", "case-1"}, Number: "1", RO: "50123", Revision: revision, Related: ros,
		Retrieval: Retrieval{Outcome: outcome, Trigger: TriggerClose},
	}
}

func kinds(notices []Notice) []NoticeKind {
	var all []NoticeKind
	for _, n := range notices {
		all = append(all, n.Kind)
	}
	return all
}

func TestCaseNoticesTellChangesAlone(t *testing.T) {
	a := RelatedRO{RO: "50124", Status: ROOpen, BillTo: "Bendix", Warranty: true, Relation: Alternate}
	b := RelatedRO{RO: "50125", Status: ROOpen, BillTo: "Ann Smith"}
	with := func(r RelatedRO, change func(*RelatedRO)) RelatedRO { change(&r); return r }
	later := listing(2, OutcomeOK, a)
	later.Retrieval.RetrievedAt, later.Retrieval.EventID, later.FetchedOver = time.Now(), "ev-2", Connection{Account: "x"}
	none := Case{Key: CaseKey{"loc-100", "case-1"}}
	deleted := Case{Key: none.Key, Status: CaseDeleted, Revision: 4}
	for name, c := range map[string]struct {
		before, after Case
		want          []NoticeKind
	}{
		"a first list":                 {none, listing(1, OutcomeOK, a), []NoticeKind{NoticeROsChanged}},
		"a first list that is empty":   {none, listing(1, OutcomeOK), nil},
		"the same list, fetched again": {listing(1, OutcomeOK, a), later, nil},
		"one more":                     {listing(1, OutcomeOK, a), listing(2, OutcomeOK, a, b), []NoticeKind{NoticeROsChanged}},
		"one less":                     {listing(1, OutcomeOK, a, b), listing(2, OutcomeOK, b), []NoticeKind{NoticeROsChanged}},
		"another order":                {listing(1, OutcomeOK, a, b), listing(2, OutcomeOK, b, a), nil},
		"another status": {listing(1, OutcomeOK, a),
			listing(2, OutcomeOK, with(a, func(r *RelatedRO) { r.Status = ROInvoiced })), []NoticeKind{NoticeROsChanged}},
		"another kind of account": {listing(1, OutcomeOK, a),
			listing(2, OutcomeOK, with(a, func(r *RelatedRO) { r.Warranty = false })), []NoticeKind{NoticeROsChanged}},
		"voided": {listing(1, OutcomeOK, a),
			listing(2, OutcomeOK, with(a, func(r *RelatedRO) { r.Voided = true })), []NoticeKind{NoticeROsChanged}},
		"another name, date, relation": {listing(1, OutcomeOK, a),
			listing(2, OutcomeOK, with(a, func(r *RelatedRO) { r.BillTo, r.OpenedAt, r.Relation = "B", "2026-11-23", Sibling })), nil},
		"another spelling of the number": {listing(1, OutcomeOK, a),
			listing(2, OutcomeOK, with(a, func(r *RelatedRO) { r.RO = "050124" })), nil},
		"retrying":                  {listing(1, OutcomeOK, a), listing(2, OutcomeRetrying, a), nil},
		"failed":                    {listing(1, OutcomeOK, a), listing(2, OutcomeFailed, a), []NoticeKind{NoticeFailed}},
		"failed at first":           {none, listing(1, OutcomeFailed), []NoticeKind{NoticeFailed}},
		"failed once more":          {listing(1, OutcomeFailed, a), listing(2, OutcomeFailed, a), nil},
		"failed after trying again": {listing(1, OutcomeRetrying, a), listing(2, OutcomeFailed, a), []NoticeKind{NoticeFailed}},
		"another RO of its own, and failed": {listing(1, OutcomeOK, a), listing(2, OutcomeFailed),
			[]NoticeKind{NoticeROsChanged, NoticeFailed}},
		"gone": {listing(3, OutcomeOK, a), none, []NoticeKind{NoticeROsChanged}},
		"gone without a list, announced all the same": {listing(3, OutcomeOK), none, []NoticeKind{NoticeROsChanged}},
		"deleted":                           {listing(3, OutcomeOK, a), deleted, []NoticeKind{NoticeROsChanged}},
		"deleted without a list":            {listing(3, OutcomeOK), deleted, []NoticeKind{NoticeROsChanged}},
		"deleted before it was known":       {none, deleted, nil},
		"its deletion is forgotten":         {deleted, none, nil},
		"exported again after its deletion": {deleted, listing(5, OutcomeOK, a), []NoticeKind{NoticeROsChanged}},
		"never stored":                      {none, none, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kinds(CaseNotices(c.before, c.after)); !slices.Equal(got, c.want) {
				t.Errorf("notices %q, want %q", got, c.want)
			}
		})
	}
}

func TestCaseNoticeSaysWhatWasAndIs(t *testing.T) {
	stays := RelatedRO{RO: "50124", Status: ROOpen, Warranty: true}
	invoiced := RelatedRO{RO: "50124", Status: ROInvoiced, Warranty: true}
	before := listing(3, OutcomeOK, stays, RelatedRO{RO: "50125"})
	after := listing(4, OutcomeOK, invoiced, RelatedRO{RO: "50126", Voided: true})
	want := []Notice{{
		Kind: NoticeROsChanged, Key: after.Key, Revision: 4, CaseNumber: "1", RO: "50123", Trigger: TriggerClose,
		Related: []ROView{{"50124", ROState{Status: ROInvoiced, Warranty: true}}, {"50126", ROState{Voided: true}}},
		Added:   []string{"50126"}, Removed: []string{"50125"},
		Changed: []ROChange{{"50124", ROState{Status: ROOpen, Warranty: true}, ROState{Status: ROInvoiced, Warranty: true}}},
	}}
	if got := CaseNotices(before, after); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	gone := CaseNotices(after, Case{Key: after.Key})
	if n := gone[0]; !n.Gone || n.Revision != 5 || len(n.Related) != 0 || !slices.Equal(n.Removed, []string{"50124", "50126"}) {
		t.Errorf("a case that is gone: %+v", n)
	}
}

func TestSettingsNotices(t *testing.T) {
	set := func(version int64, status FeatureStatus, account string) Settings {
		return Settings{Location: "loc-100", Status: status, Connection: Connection{Account: account}, Version: version,
			UpdatedBy: "ann@dealer"}
	}
	for name, c := range map[string]struct {
		before, after Settings
		want          []NoticeKind
	}{
		"set up, enabled":                  {NeverSetUp("loc-100"), set(1, Enabled, "a"), []NoticeKind{NoticeEnabled}},
		"set up, disabled":                 {NeverSetUp("loc-100"), set(1, Disabled, "a"), nil},
		"enabled":                          {set(1, Disabled, "a"), set(2, Enabled, "a"), []NoticeKind{NoticeEnabled}},
		"disabled":                         {set(1, Enabled, "a"), set(2, Disabled, "a"), []NoticeKind{NoticeDisabled}},
		"saved again":                      {set(1, Enabled, "a"), set(2, Enabled, "a"), nil},
		"reads elsewhere":                  {set(1, Enabled, "a"), set(2, Enabled, "b"), []NoticeKind{NoticeConnection}},
		"would read elsewhere":             {set(1, Disabled, "a"), set(2, Disabled, "b"), nil},
		"enabled elsewhere":                {set(1, Disabled, "a"), set(2, Enabled, "b"), []NoticeKind{NoticeEnabled}},
		"removed by hand":                  {set(7, Enabled, "a"), NeverSetUp("loc-100"), []NoticeKind{NoticeDisabled}},
		"removed by hand, never announced": {set(7, Disabled, "a"), NeverSetUp("loc-100"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			notices := SettingsNotices(c.before, c.after)
			if got := kinds(notices); !slices.Equal(got, c.want) {
				t.Errorf("notices %q, want %q", got, c.want)
			}
			for _, n := range notices {
				if n.Revision != max(c.after.Version, c.before.Version+1) || n.Key != (CaseKey{Location: "loc-100"}) {
					t.Errorf("the notice is about %v at revision %d", n.Key, n.Revision)
				}
			}
		})
	}
}

// A subscriber that applies a case's notices by revision ends with the stored list, in every order
// of delivery and with duplicates.
func TestWhoeverIsToldKnowsTheListInTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ro := rapid.Custom(func(t *rapid.T) RelatedRO {
			return RelatedRO{
				RO:     fmt.Sprint(50100 + rapid.IntRange(1, 6).Draw(t, "number")),
				Status: rapid.SampledFrom([]ROStatus{"", ROOpen, ROInvoiced}).Draw(t, "status"),
				Voided: rapid.Bool().Draw(t, "voided"), Warranty: rapid.Bool().Draw(t, "warranty"),
			}
		})
		lists := rapid.SliceOfN(rapid.SliceOfNDistinct(ro, 0, 5, func(r RelatedRO) string { return r.RO }), 1, 8).Draw(t, "lists")
		stored := Case{Key: CaseKey{"loc-100", "case-1"}}
		var notices []Notice
		for i, list := range lists {
			next := listing(int64(i+1), OutcomeOK, list...)
			notices = append(notices, CaseNotices(stored, next)...)
			stored = next
		}
		notices = append(notices, notices...)
		rand.Shuffle(len(notices), func(i, j int) { notices[i], notices[j] = notices[j], notices[i] })
		knows, revision := map[string]ROState{}, int64(0)
		for _, n := range notices {
			if n.Revision < revision {
				continue
			}
			revision, knows = n.Revision, make(map[string]ROState)
			for _, r := range n.Related {
				knows[r.RO] = r.ROState
			}
		}
		want := make(map[string]ROState)
		for _, r := range stored.Related {
			want[r.RO] = r.state()
		}
		if !maps.Equal(knows, want) {
			t.Errorf("the subscriber has %v, the store %v", knows, want)
		}
	})
}
