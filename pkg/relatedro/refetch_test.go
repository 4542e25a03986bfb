package relatedro

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// dealer is a store with the cases of one location, and a refresh queue.
type dealer struct {
	AdminStore
	settings Settings
	cases    []Case
	queued   []Event
}

// Settings returns the location's settings.
func (d *dealer) Settings(context.Context, string) (Settings, error) { return d.settings, nil }

// CasesOf returns all cases.
func (d *dealer) CasesOf(context.Context, string) ([]Case, error) { return slices.Clone(d.cases), nil }

// SendRefreshes records the events.
func (d *dealer) SendRefreshes(_ context.Context, events []Event) error {
	d.queued = append(d.queued, events...)
	return nil
}

func caseAt(id string, outcome Outcome, retrieved int, over Connection) Case {
	c := Case{Key: CaseKey{"loc-100", id}, RO: "50123", FetchedOver: over, Revision: 1, Retrieval: Retrieval{Outcome: outcome}}
	if retrieved > 0 {
		c.Retrieval.RetrievedAt = ten.Add(time.Duration(retrieved) * time.Minute)
	}
	return c
}

func TestRefetchSelects(t *testing.T) {
	north, south := Connection{Account: "north"}, Connection{Account: "south"}
	cases := []Case{
		caseAt("fresh", OutcomeOK, 9, north), caseAt("old", OutcomeOK, 1, north), caseAt("another", OutcomeOK, 5, south),
		caseAt("never", OutcomeRetrying, 0, Connection{}), caseAt("failed", OutcomeFailed, 3, north), {Key: CaseKey{"loc-100", "nothing"}},
	}
	for which, want := range map[Selection]string{
		SelectAll: "[never old failed another fresh]", SelectFailed: "[failed]", SelectStale: "[never failed another]",
	} {
		t.Run(string(which), func(t *testing.T) {
			d := &dealer{settings: Settings{Status: Enabled, Connection: north}, cases: cases}
			done, err := NewAdmin(d, nil, d, func() time.Time { return ten.Add(time.Hour) }).Refetch(t.Context(), "loc-100", which, "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, ev := range d.queued {
				if ev.Type != Refresh || ev.RO != "50123" || ev.Check() != nil {
					t.Errorf("queued %+v", ev)
				}
				got = append(got, ev.Key.Case)
			}
			if fmt.Sprint(got) != want || done.Queued != len(got) || done.Left != 0 || done.Next != "" {
				t.Errorf("queued %v, %+v; want %s", got, done, want)
			}
		})
	}
}

// Cases of earlier pages are fetched, or fail, between pages. Each case is queued exactly once.
func TestRefetchGoesOnWhereItWas(t *testing.T) {
	d := &dealer{settings: Settings{Status: Enabled}}
	for i := range 2*RefetchPage + 500 {
		d.cases = append(d.cases, caseAt(fmt.Sprintf("case-%04d", i), OutcomeFailed, i%7, Connection{}))
	}
	now := ten.Add(time.Hour)
	admin := NewAdmin(d, nil, d, func() time.Time { return now })
	next, pages := "", []int(nil)
	for {
		done, err := admin.Refetch(t.Context(), "loc-100", SelectAll, next)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, done.Left)
		now = now.Add(time.Minute)
		// Every other case is fetched; the rest fail.
		for _, ev := range d.queued[len(d.queued)-done.Queued:] {
			i := slices.IndexFunc(d.cases, func(c Case) bool { return c.Key == ev.Key })
			if i%2 == 0 {
				d.cases[i].Retrieval = Retrieval{Outcome: OutcomeOK, RetrievedAt: now}
			}
		}
		if next = done.Next; next == "" {
			break
		}
	}
	seen := map[string]int{}
	for _, ev := range d.queued {
		seen[ev.Key.Case]++
	}
	if fmt.Sprint(pages) != "[1500 500 0]" || len(seen) != len(d.cases) || len(d.queued) != len(d.cases) {
		t.Errorf("left %v; %d cases queued in %d messages, want each of %d cases once", pages, len(seen), len(d.queued), len(d.cases))
	}
}

func TestRefetchRefuses(t *testing.T) {
	d := &dealer{settings: Settings{Status: Enabled}}
	admin := NewAdmin(d, nil, d, time.Now)
	for _, position := range []string{"x", "##", "2026-11-23T10:00:00Z#2026-11-23T10:00:00Z#", "2026-11-23T10:00:00Z#never#case-1"} {
		if _, err := admin.Refetch(t.Context(), "loc-100", SelectAll, position); !errors.Is(err, ErrPosition) {
			t.Errorf("position %q: %v, want ErrPosition", position, err)
		}
	}
	d.settings.Status = Disabled
	for name, refused := range map[string]error{
		"refetch":   second(admin.Refetch(t.Context(), "loc-100", SelectAll, "")),
		"hand over": second(admin.HandOver(t.Context(), "loc-100", []Handed{{"case-1", Facts{RO: "50123"}}})),
	} {
		var refusal *Refusal
		if !errors.As(refused, &refusal) || refusal.Code != NotEnabled || len(d.queued) > 0 {
			t.Errorf("%s: error %v with %d queued", name, refused, len(d.queued))
		}
	}
}

func second[T any](_ T, err error) error { return err }
