package dynamo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// pages reads a list to its end and returns its pages. It reads each page with a new store, as
// another process would.
func pages[T any](t *testing.T, table string, read func(s *dynamo.Store, after string) ([]T, string, error)) (all [][]T) {
	t.Helper()
	for after := ""; ; {
		page, next, err := read(dynamo.New(server.Client(), table), after)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page)
		if after = next; after == "" {
			return all
		}
	}
}

func TestCasesOfAssetNewestFirst(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	moments := map[string]time.Time{
		"a": noon, "b": noon.Add(time.Nanosecond), "c": noon.Add(-time.Hour), "d": noon.In(time.FixedZone("", -7*3600)),
		"e": noon.Add(time.Second),
	}
	for id, at := range moments {
		c := exported(key(id), "50123")
		c.FirstEventAt = at
		save(t, s, c)
	}
	elsewhere := exported(key("z"), "50123")
	elsewhere.Asset = "asset-7" // a prefix of asset-77
	save(t, s, elsewhere)
	unknown := exported(key("y"), "50123")
	unknown.Asset = ""
	save(t, s, unknown)

	tests := []struct {
		limit int
		want  [][]string
	}{
		{10, [][]string{{"e", "b", "d", "a", "c"}}},
		{5, [][]string{{"e", "b", "d", "a", "c"}}},
		{2, [][]string{{"e", "b"}, {"d", "a"}, {"c"}}},
		{1, [][]string{{"e"}, {"b"}, {"d"}, {"a"}, {"c"}}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.limit, " a page"), func(t *testing.T) {
			got := pages(t, table, func(s *dynamo.Store, after string) ([]string, string, error) {
				cases, next, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", after, tt.limit)
				var ids []string
				for _, c := range cases {
					ids = append(ids, c.Key.Case)
				}
				return ids, next, err
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCaseMovesToItsAsset(t *testing.T) {
	s := newStore(t)
	c := exported(key("case-1"), "50123")
	for _, asset := range []string{"", "asset-1", "asset-2"} {
		c.Asset = asset
		save(t, s, c)
		for _, other := range []string{"asset-1", "asset-2"} {
			cases, _, err := s.CasesOfAsset(t.Context(), "loc-100", other, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			if want := other == asset; (len(cases) == 1) != want {
				t.Errorf("asset %q: listed at %s is %v", asset, other, !want)
			}
		}
	}
}

func TestLinksTo(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	save(t, s, exported(key("a"), "501", "5010", "501-A"))
	save(t, s, exported(key("b"), "5010", "501"))
	save(t, s, exported(key("c"), "5011"))
	save(t, s, exported(key("d"), "50"))
	elsewhere := exported(relatedro.CaseKey{Location: "loc-1000", Case: "x"}, "501")
	save(t, s, elsewhere)

	tests := []struct {
		ro     string
		prefix bool
		limit  int
		want   [][]string
	}{
		{"501", false, 10, [][]string{{"501 own of a", "501 of b"}}},
		{"501", false, 1, [][]string{{"501 own of a"}, {"501 of b"}}},
		{"501", true, 10, [][]string{{"501 own of a", "501 of b", "501-A of a", "5010 of a", "5010 own of b", "5011 own of c"}}},
		{"501", true, 4, [][]string{{"501 own of a", "501 of b", "501-A of a", "5010 of a"}, {"5010 own of b", "5011 own of c"}}},
		{"501", true, 3, [][]string{{"501 own of a", "501 of b", "501-A of a"}, {"5010 of a", "5010 own of b", "5011 own of c"}}},
		{"50", false, 10, [][]string{{"50 own of d"}}},
		{"5", false, 10, [][]string{nil}},
		{"502", true, 10, [][]string{nil}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s prefix %v, %d a page", tt.ro, tt.prefix, tt.limit), func(t *testing.T) {
			got := pages(t, table, func(s *dynamo.Store, after string) ([]string, string, error) {
				links, next, err := s.LinksTo(t.Context(), "loc-100", tt.ro, tt.prefix, after, tt.limit)
				var texts []string
				for _, l := range links {
					own := map[bool]string{true: " own"}[l.Own]
					texts = append(texts, l.RO+own+" of "+l.Key.Case)
					if l.CaseNumber != "N-"+l.Key.Case || l.Key.Location != "loc-100" {
						t.Errorf("unexpected link %+v", l)
					}
				}
				return texts, next, err
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListsCostOneQueryAPage(t *testing.T) {
	s := newStore(t)
	save(t, s, exported(key("a"), "501", "5010"))
	reads := map[string]func() error{
		"CasesOfAsset": func() error {
			_, _, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", "", 1)
			return err
		},
		"LinksTo": func() error { _, _, err := s.LinksTo(t.Context(), "loc-100", "501", true, "", 1); return err },
		"History": func() error { _, _, err := s.History(t.Context(), "loc-100", "", 1); return err },
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			counted := countCalls(t)
			if err := read(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int{"Query": 1}, counted.count); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// A page ends at 1 MB, here after three cases of 390 KB, and the next page continues there.
func TestPageEndsAt1MB(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	var want []string
	for i := range 7 {
		c := exported(key(fmt.Sprint("case-", i)), "50123", "50124")
		c.FirstEventAt = noon.Add(-time.Duration(i) * time.Minute)
		c.Related[0].BillTo = strings.Repeat("x", 390<<10)
		save(t, s, c)
		want = append(want, c.Key.Case)
	}
	got := pages(t, table, func(s *dynamo.Store, after string) ([]string, string, error) {
		cases, next, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", after, 100)
		var ids []string
		for _, c := range cases {
			ids = append(ids, c.Key.Case)
		}
		return ids, next, err
	})
	if diff := cmp.Diff(want, slices.Concat(got...)); diff != "" || len(got) < 2 {
		t.Errorf("%d pages, cases (-want +got):\n%s", len(got), diff)
	}
}

func TestForgedPositions(t *testing.T) {
	s := newStore(t)
	save(t, s, exported(key("a"), "501", "5010"))
	cases := func(after string) error {
		_, _, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", after, 10)
		return err
	}
	exact := func(after string) error {
		_, _, err := s.LinksTo(t.Context(), "loc-100", "501", false, after, 10)
		return err
	}
	beginning := func(after string) error {
		_, _, err := s.LinksTo(t.Context(), "loc-100", "501", true, after, 10)
		return err
	}
	history := func(after string) error { _, _, err := s.History(t.Context(), "loc-100", after, 10); return err }
	tests := []struct {
		name  string
		read  func(after string) error
		after string
		ok    bool
	}{
		{"cases: of a case that is gone", cases, "2026-11-23T12:00:00.000000123Z#CASE#gone", true},
		{"cases: another kind of item", cases, "CASE#a", false},
		{"cases: no fraction", cases, "2026-11-23T12:00:00Z#CASE#a", false},
		{"cases: no case", cases, "2026-11-23T12:00:00.000000123Z#CASE#", false},
		{"cases: more after the case", cases, "2026-11-23T12:00:00.000000123Z#CASE#a#b", false},
		{"exact: its own", exact, "RO#501#CASE#a", true},
		{"exact: a longer number", exact, "RO#5010#CASE#a", false},
		{"exact: a case", exact, "CASE#a", false},
		{"exact: settings", exact, "SETTINGS", false},
		{"exact: no case", exact, "RO#501#CASE#", false},
		{"beginning: a longer number", beginning, "RO#5010#CASE#a", true},
		{"beginning: another number", beginning, "RO#500#CASE#a", false},
		{"beginning: cut off", beginning, "RO#501", false},
		{"beginning: too long", beginning, "RO#501" + strings.Repeat("0", 1024) + "#CASE#a", false},
		{"history: its own", history, "AUDIT#2026-11-23T12:00:00.000000123Z#1", true},
		{"history: settings", history, "SETTINGS", false},
		{"history: no time", history, "AUDIT#yesterday#1", false},
		{"history: no id", history, "AUDIT#2026-11-23T12:00:00.000000123Z#", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.read(tt.after)
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, relatedro.ErrPosition) {
				t.Errorf("error %v", err)
			}
		})
	}
}
