package dynamo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// somePast returns a history that sets every field.
func somePast() []relatedro.PastRetrieval {
	began := noon.Truncate(time.Second)
	named := func(more int, ros ...string) relatedro.Numbers { return relatedro.Numbers{Named: ros, More: more} }
	return []relatedro.PastRetrieval{
		{At: began, LastAt: began.Add(time.Hour), Times: 3, Trigger: relatedro.TriggerExport, Outcome: relatedro.OutcomeFailed,
			Reason: relatedro.Unreachable},
		{At: began.Add(2 * time.Hour), LastAt: began.Add(2 * time.Hour), Times: 1, Trigger: relatedro.TriggerClose,
			Outcome: relatedro.OutcomeOK,
			Added:   named(0, "50124", "50/A"), Invoiced: named(2, "50125"), Voided: named(0, "50126"), Changed: named(0, "50127"),
			Gone: named(0, "50128")},
		{At: began.Add(3 * time.Hour), LastAt: began.Add(3 * time.Hour), Times: 1, Trigger: relatedro.TriggerFollow,
			Outcome: relatedro.OutcomeOK},
	}
}

// peekPast reads a case's history with Peek, as the read function does.
func peekPast(t testing.TB, s *dynamo.Store, k relatedro.CaseKey) []relatedro.PastRetrieval {
	t.Helper()
	loaded, err := s.Peek(t.Context(), relatedro.Keys{Cases: []relatedro.CaseKey{k}, Past: true})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Cases[k].Past
}

func TestHistoryReadsBackAsWritten(t *testing.T) {
	s := newStore(t)
	c := exported(key("case-1"), "50123", "50124")
	c.Past = somePast()
	counted := countCalls(t)
	if err := s.SaveCase(t.Context(), relatedro.Case{Key: c.Key}, c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Past, peekPast(t, s, c.Key)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"TransactWriteItems": 1, "BatchGetItem": 1}, counted.count); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.Past, load(t, s, c.Key).Past); diff != "" {
		t.Errorf("history loaded (-want +got):\n%s", diff)
	}
}

func TestCaseStoredBeforeHasNoHistory(t *testing.T) {
	s := newStore(t)
	c := exported(key("case-1"), "50123", "50124")
	save(t, s, c)
	if got := peekPast(t, s, c.Key); got != nil {
		t.Errorf("a case without history reads as %+v", got)
	}
}

// Lists of cases do not read the history.
func TestListsLeaveTheHistoryOut(t *testing.T) {
	s := newStore(t)
	c := exported(key("case-1"), "50123", "50124")
	c.Past = somePast()
	save(t, s, c)
	counted := countCalls(t)
	cases, _, err := s.CasesOfAsset(t.Context(), "loc-100", "asset-77", "", 10)
	if err != nil || len(cases) != 1 || cases[0].Past != nil {
		t.Errorf("cases %+v, error %v", cases, err)
	}
	if _, err := s.Peek(t.Context(), relatedro.Keys{Cases: []relatedro.CaseKey{c.Key}}); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{"Query", "BatchGetItem"} {
		if body := string(counted.body[call]); !strings.Contains(body, "relatedRos") || strings.Contains(body, "past") {
			t.Errorf("%s must request relatedRos but not past: %s", call, body)
		}
	}
}

// A history takes at most 4 KB of the item, however many ROs its retrievals name: the oldest
// retrievals are dropped.
func TestHistoryIsBoundedInBytes(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	c := exported(key("case-1"), "50123", "50124")
	for i := range relatedro.MostPast {
		began := noon.Truncate(time.Second).Add(time.Duration(i) * time.Hour)
		p := relatedro.PastRetrieval{At: began, LastAt: began, Times: 1, Trigger: relatedro.TriggerFollow, Outcome: relatedro.OutcomeOK}
		for n := range relatedro.MostNamed {
			p.Added.Named = append(p.Added.Named, fmt.Sprintf("%s%02d", strings.Repeat("9", 30), n))
		}
		c.Past = append(c.Past, p)
	}
	save(t, s, c)
	got := peekPast(t, s, c.Key)
	if len(got) < 8 || len(got) >= relatedro.MostPast {
		t.Fatalf("%d retrievals kept, want some but not all", len(got))
	}
	if diff := cmp.Diff(c.Past[len(c.Past)-len(got):], got); diff != "" {
		t.Errorf("kept retrievals are not the newest (-want +got):\n%s", diff)
	}
	text := attributeOf(t, table, "CASE#case-1", "past")
	if len(text) > 4<<10 || len(text) < 3<<10 {
		t.Errorf("the history takes %d bytes, want 3 to 4 KB", len(text))
	}
}

// The product promises to keep fifty retrievals that each name one RO. They take at most 2,500
// bytes.
func TestFiftyOrdinaryRetrievalsAreKept(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	c := exported(key("case-1"), "50123", "50124")
	for i := range relatedro.MostPast {
		began := noon.Truncate(time.Second).Add(time.Duration(i) * time.Hour)
		c.Past = append(c.Past, relatedro.PastRetrieval{
			At: began, LastAt: began, Times: 1, Trigger: relatedro.TriggerRefresh, Outcome: relatedro.OutcomeOK,
			Invoiced: relatedro.Numbers{Named: []string{fmt.Sprint(50124 + i)}},
		})
	}
	save(t, s, c)
	if diff := cmp.Diff(c.Past, peekPast(t, s, c.Key)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if n := len(attributeOf(t, table, "CASE#case-1", "past")); n > 2500 {
		t.Errorf("the history takes %d bytes, want at most 2500", n)
	}
}

// attributeOf returns a text attribute of an item of loc-100.
func attributeOf(t testing.TB, table, sk, name string) string {
	t.Helper()
	out, err := server.Client().GetItem(t.Context(), &sdk.GetItemInput{
		TableName: &table,
		Key: map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"},
			"SK": &types.AttributeValueMemberS{Value: sk}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := out.Item[name].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}
