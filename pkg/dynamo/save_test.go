package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/relatedro"
)

func TestSaveCaseReadsBackAsWritten(t *testing.T) {
	s := newStore(t)
	want := exported(key("case-1"), "50123", "50124", "50125")
	if err := s.SaveCase(t.Context(), relatedro.Case{Key: want.Key}, want); err != nil {
		t.Fatal(err)
	}
	want.Revision = 1
	if diff := cmp.Diff(want, load(t, s, want.Key)); diff != "" {
		t.Errorf("stored case (-want +got):\n%s", diff)
	}
}

func TestSaveCaseRefusesStale(t *testing.T) {
	s := newStore(t)
	first := save(t, s, exported(key("case-1"), "50123", "50124"))
	second := save(t, s, exported(key("case-1"), "50123", "50125"))
	tests := []struct {
		name   string
		before relatedro.Case
		next   relatedro.Case
	}{
		{"not stored before, one put", relatedro.Case{Key: first.Key}, relatedro.Case{Key: first.Key}},
		{"not stored before, with links", relatedro.Case{Key: first.Key}, first},
		{"older revision, links unchanged", first, first},
		{"older revision, links changed", first, exported(first.Key, "50123", "50126")},
		{"older revision, more than a transaction", first, exported(first.Key, "50123", numbers(60000, 300)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := s.SaveCase(t.Context(), tt.before, tt.next); !errors.Is(err, relatedro.ErrStale) {
				t.Fatalf("error %v, want ErrStale", err)
			}
			if diff := cmp.Diff(second, load(t, s, first.Key)); diff != "" {
				t.Errorf("the case changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSaveCaseKeepsLinks(t *testing.T) {
	k := key("case-1")
	renumbered := exported(k, "50123", "50124")
	renumbered.Number = "other"
	tests := []struct {
		name  string
		from  relatedro.Case
		to    relatedro.Case
		calls map[string]int
		links int // put or deleted
	}{
		{"nothing changed", exported(k, "50123", "50124"), exported(k, "50123", "50124"), map[string]int{"PutItem": 1}, 0},
		{"one more", exported(k, "50123", "50124"), exported(k, "50123", "50124", "50125"), map[string]int{"TransactWriteItems": 1}, 1},
		{"one less", exported(k, "50123", "50124"), exported(k, "50123"), map[string]int{"TransactWriteItems": 1}, 1},
		{"another case number", exported(k, "50123", "50124"), renumbered, map[string]int{"TransactWriteItems": 1}, 2},
		{"own RO and related RO change places", exported(k, "50123", "50124"), exported(k, "50124", "50123"),
			map[string]int{"TransactWriteItems": 1}, 2},
		{"another RO", exported(k, "50123", "50124"), exported(k, "70000"), map[string]int{"TransactWriteItems": 1}, 3},
		{"97 more", exported(k, "50123"), exported(k, "50123", numbers(60000, 97)...), map[string]int{"TransactWriteItems": 1}, 97},
		{"500 more", exported(k, "50123"), exported(k, "50123", numbers(60000, 500)...), map[string]int{"TransactWriteItems": 1}, 97},
		{"500 less", exported(k, "50123", numbers(60000, 500)...), exported(k, "50123"), map[string]int{"TransactWriteItems": 1}, 97},
		{"49 others", exported(k, "50123", numbers(60000, 49)...), exported(k, "50123", numbers(70000, 49)...),
			map[string]int{"TransactWriteItems": 1}, 98},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			before := save(t, s, tt.from)
			written := countLinks(t)
			counted := written.calls
			if err := s.SaveCase(t.Context(), before, tt.to); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.calls, counted.count); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if written.links != tt.links {
				t.Errorf("%d links written, want %d", written.links, tt.links)
			}
			after := load(t, s, k)
			if diff := cmp.Diff(linksOf(tt.to), allLinks(t, s)); diff != "" || after.Revision != 2 {
				t.Errorf("revision %d, links (-want +got):\n%s", after.Revision, diff)
			}
		})
	}
}

// linkCount counts the links in write requests.
type linkCount struct {
	*calls
	links int
}

func countLinks(t *testing.T) *linkCount {
	c := &linkCount{calls: &calls{count: make(map[string]int)}}
	server.Faults(t, func(op string, body []byte) *dynamodbengine.Fault {
		if op == "BatchGetItem" || op == "Query" {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.count[op]++
		c.links += strings.Count(string(body), `"SK":{"S":"RO#`)
		return nil
	})
	return c
}

func TestSaveCaseTellsStaleFromTransient(t *testing.T) {
	k := key("case-1")
	alone, linked := exported(k, "50123"), exported(k, "50123", "50124")
	tests := []struct {
		name  string
		next  relatedro.Case
		fault *dynamodbengine.Fault
		op    string
	}{
		{"conflict of a put", alone, &dynamodbengine.Fault{Err: &dynamodbengine.Error{Status: 400, Code: "TransactionConflictException"}},
			"PutItem"},
		{"conflict of a transaction", linked, dynamodbengine.Conflict(2), "TransactWriteItems"},
		{"condition of another action", linked, &dynamodbengine.Fault{Err: &dynamodbengine.Error{Status: 400,
			Code:    "TransactionCanceledException",
			Reasons: []string{"None", "ConditionalCheckFailed"}}}, "TransactWriteItems"},
		{"throttled put", alone, dynamodbengine.Throttled(), "PutItem"},
		{"throttled transaction", linked, dynamodbengine.Throttled(), "TransactWriteItems"},
		{"request limit", linked, &dynamodbengine.Fault{Err: &dynamodbengine.Error{Status: 400, Code: "RequestLimitExceeded"}},
			"TransactWriteItems"},
		{"DynamoDB broken", alone, dynamodbengine.Broken(), "PutItem"},
		{"outage", linked, dynamodbengine.Outage(), "TransactWriteItems"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			before := save(t, s, alone)
			server.Faults(t, times(1000, tt.op, tt.fault))
			err := s.SaveCase(t.Context(), before, tt.next)
			if err == nil || errors.Is(err, relatedro.ErrStale) {
				t.Fatalf("error %v, want one other than ErrStale", err)
			}
			if diff := cmp.Diff(before, load(t, s, k)); diff != "" {
				t.Errorf("the case changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSaveCaseOutlivesShortFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault *dynamodbengine.Fault
	}{
		{"throttled", dynamodbengine.Throttled()},
		{"broken", dynamodbengine.Broken()},
		{"outage", dynamodbengine.Outage()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			want := exported(key("case-1"), "50123", "50124")
			server.Faults(t, times(1, "TransactWriteItems", tt.fault))
			if err := s.SaveCase(t.Context(), relatedro.Case{Key: want.Key}, want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(linksOf(want), allLinks(t, s)); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}

// The client repeats a write that already succeeded. DynamoDB recognises a transaction by its
// token. It refuses a repeated put, and the next load shows that the put succeeded.
func TestSaveCaseAnswerLost(t *testing.T) {
	tests := []struct {
		name string
		next relatedro.Case
		op   string
	}{
		{"of a put", relatedro.Case{Key: key("case-1"), Number: "1"}, "PutItem"},
		{"of a transaction", exported(key("case-1"), "50123", "50124"), "TransactWriteItems"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			server.Faults(t, times(1, tt.op, dynamodbengine.AnswerLost()))
			if err := s.SaveCase(t.Context(), relatedro.Case{Key: tt.next.Key}, tt.next); err != nil &&
				!errors.Is(err, relatedro.ErrStale) {
				t.Fatal(err)
			}
			tt.next.Revision = 1
			got := load(t, s, tt.next.Key)
			if diff := cmp.Diff(tt.next, got); diff != "" {
				t.Errorf("stored case (-want +got):\n%s", diff)
			}
			checkLinks(t, got, allLinks(t, s))
		})
	}
}

func TestSaveCaseHoldsFamilyOf500(t *testing.T) {
	s := newStore(t)
	want := exported(key("case-1"), "50123", numbers(1_000_000, 500)...)
	for i := range want.Related {
		want.Related[i].BillTo = strings.Repeat("A long customer name. ", 12)
	}
	got := save(t, s, want)
	want.Revision = 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored case (-want +got):\n%s", diff)
	}
}

func TestSaveCaseCutsWhatNeverFits(t *testing.T) {
	s := newStore(t)
	huge := exported(key("case-1"), "50123", numbers(1_000_000, 1500)...)
	for i := range huge.Related {
		huge.Related[i].BillTo = strings.Repeat("x", 300)
	}
	got := save(t, s, huge)
	if n := len(got.Related); n < 700 || n+got.Omitted != 1500 || got.Related[n-1].RO != huge.Related[n-1].RO {
		t.Errorf("%d related ROs kept, %d omitted, of 1500", n, got.Omitted)
	}
	one := exported(key("case-2"), "50123", "50124")
	one.Related[0].BillTo = strings.Repeat("x", 400<<10)
	if got := save(t, s, one); len(got.Related) != 0 || got.Omitted != 1 {
		t.Errorf("%d related ROs kept, %d omitted; the only one exceeds an item", len(got.Related), got.Omitted)
	}
}

// One transaction cannot delete 98 links and put as many.
func TestSaveCaseExchangesLargeFamilies(t *testing.T) {
	k := key("case-1")
	for name, to := range map[string]relatedro.Case{
		"same RO, as in another account": exported(k, "50123", numbers(70000, 150)...),
		"another RO":                     exported(k, "50124", numbers(70000, 150)...),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			before := save(t, s, exported(k, "50123", numbers(60000, 150)...))
			after := save(t, s, to)
			if after.Revision <= before.Revision || len(after.Related) != 150 {
				t.Errorf("revision %d, %d related ROs, want a later revision and 150", after.Revision, len(after.Related))
			}
			checkLinks(t, after, allLinks(t, s))
		})
	}
}
