package dynamo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// warranty returns an open warranty RO made from another RO.
func warranty(ro, from, openedAt string) relatedro.RelatedRO {
	return relatedro.RelatedRO{
		RO: ro, MadeFrom: from, Relation: relatedro.Alternate, Status: relatedro.ROOpen, BillTo: "Volvo Warranty", Warranty: true,
		OpenedAt: openedAt, TotalCharges: "1284.50",
	}
}

func withRelated(c relatedro.Case, related ...relatedro.RelatedRO) relatedro.Case {
	c.Related = related
	return c
}

// line formats the columns of the warranty list for one RO.
func line(l relatedro.Link) string {
	w := l.Warranty
	return strings.TrimSpace(fmt.Sprint(l.Key.Case, " ", l.CaseNumber, " ", w.OwnRO, " ", w.OwnInvoicedAt, " ", w.RO.RO, " ", w.RO.OpenedAt,
		" ", w.RO.TotalCharges, " ", w.Outcome))
}

func openWarranty(t *testing.T, table, openedBefore string, limit int) [][]string {
	t.Helper()
	return pages(t, table, func(s *dynamo.Store, after string) (lines []string, next string, err error) {
		counted := countCalls(t)
		links, next, err := s.OpenWarranty(t.Context(), "loc-100", openedBefore, after, limit)
		if diff := cmp.Diff(map[string]int{"Query": 1}, counted.count); diff != "" {
			t.Errorf("calls for one page (-want +got):\n%s", diff)
		}
		for _, l := range links {
			lines = append(lines, l.Key.Case+" "+l.RO)
		}
		return lines, next, err
	})
}

func TestOpenWarrantyOldestFirst(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	invoiced := warranty("50129", "50123", "2026-11-01")
	invoiced.Status = relatedro.ROInvoiced
	sibling := warranty("60001", "60000", "2026-11-05")
	sibling.Relation = relatedro.Sibling
	save(t, s, withRelated(exported(key("a"), "50123"), warranty("50124", "50123", "2026-11-20T08:00:00"), warranty("50125", "50124", ""),
		invoiced))
	save(t, s, withRelated(exported(key("b"), "60002"), sibling))
	save(t, s, withRelated(exported(key("c"), "60000"), warranty("60001", "60000", "2026-11-05")))
	save(t, s, withRelated(exported(key("d"), "70000"), warranty("70001", "70000", "2026-11-20")))
	elsewhere := withRelated(exported(relatedro.CaseKey{Location: "loc-1000", Case: "x"}, "90"), warranty("91", "90", "2026-11-01"))
	save(t, s, elsewhere)

	all := []string{"a 50125", "c 60001", "b 60001", "a 50124", "d 70001"}
	for _, tt := range []struct {
		name, before string
		limit        int
		want         [][]string
	}{
		{"one page", "", 10, [][]string{all}},
		{"just as long", "", 5, [][]string{all}},
		{"no RO is cut in two", "", 2, [][]string{all[:1], all[1:3], all[3:]}},
		{"nor where it fits", "", 3, [][]string{all[:1], all[1:3], all[3:]}},
		{"older only, and of unknown age", "2026-11-20", 10, [][]string{all[:3]}},
		{"of a day and earlier", "2026-11-21", 10, [][]string{all}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, openWarranty(t, table, tt.before, tt.limit)); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenWarrantyRefusesPositionsOfOtherLists(t *testing.T) {
	s := newStore(t)
	for _, position := range []string{
		"2026-11-20", "RO#50124#CASE#a", "2026-11-20#50124#0", "2026-11-20#50124#0#a#b", "2026-11-20#a b#0#a", "2026-11-20#50124#0#",
		"LOC#loc-200",
	} {
		if _, _, err := s.OpenWarranty(t.Context(), "loc-100", "", position, 10); !errors.Is(err, relatedro.ErrPosition) {
			t.Errorf("position %s: error %v, want ErrPosition", position, err)
		}
	}
	if _, _, err := s.OpenWarranty(t.Context(), "loc-100", "2026-11-20", "2026-11-20#50124#0#a", 10); !errors.Is(err,
		relatedro.ErrPosition) {
		t.Errorf("position past the end: error %v, want ErrPosition", err)
	}
}

// A case stored before the warranty list existed joins it with its next write, even if its related
// ROs did not change.
func TestOpenWarrantyOfACaseStoredBefore(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	c := withRelated(exported(key("a"), "50123"), warranty("50124", "50123", "2026-11-20"))
	save(t, s, c)
	asBefore(t, table)
	if got := openWarranty(t, table, "", 10); len(got[0]) > 0 || !load(t, s, c.Key).Unindexed {
		t.Fatalf("listed although stored by an older version: %v", got)
	}
	save(t, s, c)
	if diff := cmp.Diff([][]string{{"a 50124"}}, openWarranty(t, table, "", 10)); diff != "" || load(t, s, c.Key).Unindexed {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// While an older version runs, it leaves the row of an RO that has been invoiced. The next write
// removes the row.
func TestOpenWarrantyAfterAnOlderVersion(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	c := withRelated(exported(key("a"), "50123"), warranty("50124", "50123", "2026-11-20"))
	save(t, s, c)
	remove := "REMOVE links SET relatedRos[0].#status = :invoiced"
	_, err := server.Client().UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table, UpdateExpression: &remove, ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":invoiced": &types.AttributeValueMemberS{Value: "invoiced"}},
		Key: map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"},
			"SK": &types.AttributeValueMemberS{Value: "CASE#a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, load(t, s, c.Key))
	if got := openWarranty(t, table, "", 10); len(got[0]) > 0 {
		t.Errorf("an invoiced RO is still listed: %v", got)
	}
}

// asBefore removes from case a, whose related RO is 50124, everything that versions without the
// warranty list did not write.
func asBefore(t *testing.T, table string) {
	t.Helper()
	for sk, remove := range map[string]string{"CASE#a": "REMOVE links", "RO#50124#CASE#a": "REMOVE GSI1PK, GSI1SK, openWarranty"} {
		_, err := server.Client().UpdateItem(t.Context(),
			&sdk.UpdateItemInput{TableName: &table, UpdateExpression: &remove, Key: map[string]types.AttributeValue{
				"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"}, "SK": &types.AttributeValueMemberS{Value: sk},
			}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A link to an open warranty RO expires with its case, because it holds more than a number; other
// links may last some days longer.
func TestOpenWarrantyExpiresWithItsCase(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	c := withRelated(exported(key("a"), "50123"), warranty("50124", "50123", "2026-11-20"))
	for _, expires := range []time.Time{noon.Add(time.Hour).Truncate(time.Second), noon.Add(2 * time.Hour).Truncate(time.Second)} {
		c.Expires = expires
		save(t, s, c)
		out, err := server.Client().GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: "LOC#loc-100"}, "SK": &types.AttributeValueMemberS{Value: "RO#50124#CASE#a"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := out.Item["expiresAt"].(*types.AttributeValueMemberN); got == nil || got.Value != fmt.Sprint(expires.Unix()) {
			t.Errorf("expires %v, want %d", out.Item["expiresAt"], expires.Unix())
		}
	}
}

// After any sequence of saves, the warranty list agrees with the cases.
func TestOpenWarrantySaysWhatTheCasesSay(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	keys := []relatedro.CaseKey{key("a"), key("b"), key("c")}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(rt, "saves") {
			c := drawCase(rt, rapid.SampledFrom(keys).Draw(rt, "case"))
			before := load(t, s, c.Key)
			if err := s.SaveCase(t.Context(), before, c); err != nil {
				rt.Fatal(err)
			}
		}
		var want []string
		for _, k := range keys {
			c := load(t, s, k)
			for _, r := range c.Related {
				if r.Warranty && r.Status != relatedro.ROInvoiced && !r.Voided && r.GoneSince.IsZero() {
					want = append(want, line(relatedro.Link{Key: k, CaseNumber: c.Number, Warranty: relatedro.OpenWarranty{
						OwnRO: c.RO, OwnInvoicedAt: c.Own.InvoicedAt, RO: r, Outcome: c.Retrieval.Outcome,
					}}))
				}
			}
		}
		var got []string
		for after := ""; ; {
			page, next, err := s.OpenWarranty(t.Context(), "loc-100", "", after, 3)
			if err != nil {
				rt.Fatal(err)
			}
			for _, l := range page {
				got = append(got, line(l))
			}
			if after = next; after == "" {
				break
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("list (-cases +index):\n%s", diff)
		}
	})
}

// drawCase draws a case in a state that some event or retrieval may leave it in.
func drawCase(t *rapid.T, k relatedro.CaseKey) relatedro.Case {
	if rapid.IntRange(0, 5).Draw(t, "deleted") == 0 {
		return relatedro.Case{Key: k, Status: relatedro.CaseDeleted}
	}
	c := exported(k, "50123")
	c.Number = rapid.SampledFrom([]string{"", "1"}).Draw(t, "number")
	c.Own.InvoicedAt = rapid.SampledFrom([]string{"", "2026-11-22"}).Draw(t, "own invoiced")
	c.Retrieval.Outcome = rapid.SampledFrom([]relatedro.Outcome{relatedro.OutcomeOK, relatedro.OutcomeFailed}).Draw(t, "outcome")
	for _, ro := range []string{"50124", "50125", "50126"} {
		r := warranty(ro, "50123", rapid.SampledFrom([]string{"", "2026-11-20", "2026-11-21T08:00:00"}).Draw(t, "opened"))
		r.Status = rapid.SampledFrom([]relatedro.ROStatus{relatedro.ROOpen, relatedro.ROCompleted, relatedro.ROInvoiced}).Draw(t, "status")
		r.Warranty = rapid.IntRange(0, 3).Draw(t, "warranty") > 0
		r.Voided = rapid.IntRange(0, 4).Draw(t, "voided") == 0
		r.TotalCharges = rapid.SampledFrom([]string{"", "1.00", "2.00"}).Draw(t, "charges")
		if rapid.IntRange(0, 4).Draw(t, "gone") == 0 {
			r.GoneSince = noon
		}
		if rapid.Bool().Draw(t, "in the family") {
			c.Related = append(c.Related, r)
		}
	}
	return c
}
