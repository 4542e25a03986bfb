package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/relatedro"
)

// caseAnswer holds the fields of a case that these tests check.
type caseAnswer struct {
	Found         *bool
	LocationID    string
	CaseID        string
	FeatureStatus string
	RelatedCount  int
	RelatedROs    []struct {
		RONumber    string
		LinkedCases []struct{ CaseID string }
	}
	Retrieval struct {
		Outcome, Reason, Message string
		RetrievedAt              *string
	}
}

func (c caseAnswer) numbers() string {
	var numbers []string
	for _, ro := range c.RelatedROs {
		numbers = append(numbers, ro.RONumber)
	}
	return strings.Join(numbers, " ")
}

type pageAnswer struct {
	Cases   []caseAnswer
	Matches []struct {
		RONumber, As string
		Case         caseAnswer
	}
	Cursor *string
}

func (p pageAnswer) ids() string {
	var ids []string
	for _, c := range p.Cases {
		ids = append(ids, c.CaseID)
	}
	return strings.Join(ids, " ")
}

func (p pageAnswer) matches() string {
	var found []string
	for _, m := range p.Matches {
		found = append(found, m.RONumber+" "+m.As+" "+m.Case.CaseID)
	}
	return strings.Join(found, ", ")
}

// enabled returns a world in which loc-100 is enabled with connection north, and an advisor of
// loc-100.
func enabled(t *testing.T) (*world, caller) {
	t.Helper()
	w := newWorld(t)
	w.setUp("loc-100", relatedro.Enabled, north)
	return w, w.as(relatedro.ServiceAdvisor, "loc-100")
}

const oneCase = "/v1/locations/loc-100/cases/case-1/related-ros"

func TestCaseNotStored(t *testing.T) {
	_, advisor := enabled(t)
	advisor.get(oneCase).problem(t, 404, "case-not-retrieved")
}

func TestLinkedCasesAreTheOthersWhoseOwnItIs(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50"), alternate("52", "50")))
	w.save(aCase("loc-100", "case-2", "51", north, alternate("52", "51")))
	w.save(aCase("loc-100", "case-3", "51", north))
	w.save(aCase("loc-200", "case-4", "51", north))
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	if got := fmt.Sprint(c.RelatedROs); got != "[{51 [{case-2} {case-3}]} {52 []}]" {
		t.Error(got)
	}
}

func TestNumberThatNobodyCanSearchForHasNoLinkedCases(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("50/A", "50"), alternate("51", "50")))
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	if got := c.numbers(); got != "50/A 51" || c.RelatedROs[0].LinkedCases == nil {
		t.Errorf("unexpected related ROs %s: %+v", got, c.RelatedROs)
	}
}

func TestLinkedCasesOfTheFirstFifty(t *testing.T) {
	w, advisor := enabled(t)
	var related []relatedro.RelatedRO
	for i := range relatedro.LinkedROs + 2 {
		related = append(related, alternate(fmt.Sprint(1000+i), "50"))
	}
	w.save(aCase("loc-100", "case-1", "50", north, related...))
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	for i, ro := range c.RelatedROs {
		if lookedUp := ro.LinkedCases != nil; lookedUp != (i < relatedro.LinkedROs) {
			t.Errorf("related RO %d: linkedCases present: %t", i, lookedUp)
		}
	}
}

func TestListOfAnotherConnectionIsNotShown(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", south, alternate("51", "50")))
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	if len(c.RelatedROs) > 0 || c.RelatedCount != 0 || c.Retrieval.RetrievedAt != nil {
		t.Errorf("list of another connection is shown: %+v", c)
	}
	if r := c.Retrieval; r.Outcome != "failed" || r.Reason != "connection_changed" || r.Message != relatedro.ConnectionChanged.Sentence() {
		t.Errorf("unexpected retrieval: %+v", r)
	}
}

func TestDisabledLocationShowsItsListAndSaysSo(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
	w.setUp("loc-100", relatedro.Disabled, north)
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	if c.FeatureStatus != "DISABLED" || c.numbers() != "51" {
		t.Errorf("unexpected case: %+v", c)
	}
}

func TestCaseNotModified(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	tag := advisor.get(oneCase).want(t, 200).header.Get("ETag")
	for name, header := range map[string]string{"the tag": tag, "weak": "W/" + tag, "among others": `"x", ` + tag, "any": "*"} {
		if r := advisor.get(oneCase, "If-None-Match", header); r.status != 304 || r.body != "" || r.header.Get("ETag") != tag {
			t.Errorf("%s: got status %d, body %q, ETag %q", name, r.status, r.body, r.header.Get("ETag"))
		}
	}
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
	if r := advisor.get(oneCase, "If-None-Match", tag); r.status != 200 || r.header.Get("ETag") == tag {
		t.Errorf("after a change: got status %d, or the ETag is unchanged", r.status)
	}
}

const cases = "/v1/locations/loc-100/assets/asset-77/related-ros"

func TestAssetNewestFirst(t *testing.T) {
	w, advisor := enabled(t)
	for i := range 3 {
		c := aCase("loc-100", fmt.Sprint("case-", i), "50", north)
		c.FirstEventAt = noon.AddDate(0, 0, i)
		w.save(c)
	}
	var p pageAnswer
	advisor.get(cases).want(t, 200).decode(t, &p)
	if p.ids() != "case-2 case-1 case-0" || p.Cursor != nil {
		t.Errorf("got cases %s, cursor %v", p.ids(), p.Cursor)
	}
}

func TestLongAnswersAreCompressed(t *testing.T) {
	w, advisor := enabled(t)
	few := aCase("loc-100", "case-1", "50", north)
	many := aCase("loc-100", "case-2", "60", north)
	for i := range 50 {
		many.Related = append(many.Related, alternate(fmt.Sprint(600+i), "60"))
	}
	w.save(few)
	w.save(many)
	batch := func(id string, headers ...string) response {
		t.Helper()
		return advisor.send("POST", batchGet, `{"cases":[{"locationId":"loc-100","caseId":"`+id+`"}]}`, headers...).want(t, 200)
	}
	long, plain := batch("case-2"), batch("case-2", "Accept-Encoding", "deflate, gzip;q=0")
	if !long.gzipped || plain.gzipped || plain.header.Get("Content-Encoding") != "" || long.body != plain.body {
		t.Errorf("compressed when accepted: %t, when not accepted: %t, equal bodies: %t", long.gzipped, plain.gzipped,
			long.body == plain.body)
	}
	if batch("case-1").gzipped {
		t.Error("a response of one packet is compressed")
	}
	tagged := advisor.get(strings.Replace(oneCase, "case-1", "case-2", 1)).want(t, 200)
	if tagged.gzipped {
		t.Error("a response with the ETag of the uncompressed body is compressed")
	}
}

func TestUnknownAssetHasNoCases(t *testing.T) {
	_, advisor := enabled(t)
	if body := advisor.get(cases).want(t, 200).body; body != `{"cases":[],"cursor":null}` {
		t.Error(body)
	}
}

func TestPagesGoOnInAnotherProcess(t *testing.T) {
	w, advisor := enabled(t)
	for i := range relatedro.PageSize + 1 {
		c := aCase("loc-100", fmt.Sprintf("case-%03d", i), "50", north)
		c.FirstEventAt = noon.AddDate(0, 0, i)
		w.save(c)
	}
	var first, second pageAnswer
	advisor.get(cases).want(t, 200).decode(t, &first)
	if len(first.Cases) != relatedro.PageSize || first.Cursor == nil {
		t.Fatalf("first page has %d cases, cursor %v", len(first.Cases), first.Cursor)
	}
	w.restart()
	advisor.get(cases+"?cursor="+*first.Cursor).want(t, 200).decode(t, &second)
	if second.ids() != "case-000" || second.Cursor != nil {
		t.Errorf("second page: %s, cursor %v", second.ids(), second.Cursor)
	}
}

const batchGet = "/v1/related-ros/batch-get"

func TestBatchKeepsTheOrderAsked(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	w.save(aCase("loc-100", "case-2", "51", north))
	w.save(aCase("loc-200", "case-3", "52", north))
	var p pageAnswer
	advisor.send("POST", batchGet, `{"cases":[
		{"locationId":"loc-100","caseId":"case-2"}, {"locationId":"loc-200","caseId":"case-3"}, {"locationId":"loc-100","caseId":"case-9"},
		{"locationId":"loc-100","caseId":"case-1"}, {"locationId":"loc-100","caseId":"case-2"}]}`).want(t, 200).decode(t, &p)
	var got []string
	for _, c := range p.Cases {
		got = append(got, fmt.Sprint(c.LocationID, " ", c.CaseID, " ", *c.Found))
	}
	want := []string{"loc-100 case-2 true", "loc-200 case-3 false", "loc-100 case-9 false", "loc-100 case-1 true", "loc-100 case-2 true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBatchAcrossLocations(t *testing.T) {
	w, _ := enabled(t)
	w.setUp("loc-200", relatedro.Disabled, south)
	w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
	w.save(aCase("loc-200", "case-1", "60", south, alternate("61", "60")))
	var p pageAnswer
	w.as(relatedro.FieldManager, "loc-100", "loc-200").send("POST", batchGet,
		`{"cases":[{"locationId":"loc-200","caseId":"case-1"},{"locationId":"loc-100","caseId":"case-1"}]}`).want(t, 200).decode(t, &p)
	if got := p.Cases[0].FeatureStatus + p.Cases[0].numbers() + p.Cases[1].FeatureStatus +
		p.Cases[1].numbers(); got != "DISABLED61ENABLED51" {
		t.Error(got)
	}
}

func TestBatchOfNone(t *testing.T) {
	_, advisor := enabled(t)
	if body := advisor.send("POST", batchGet, `{"cases":[]}`).want(t, 200).body; body != `{"cases":[]}` {
		t.Error(body)
	}
}

func TestBatchOfTooMany(t *testing.T) {
	_, advisor := enabled(t)
	one := `,{"locationId":"loc-100","caseId":"case-1"}`
	r := advisor.send("POST", batchGet, `{"cases":[`+strings.Repeat(one, 101)[1:]+`]}`)
	r.problem(t, 400, "bad-input", "cases")
	if !strings.Contains(r.body, "at most 100") {
		t.Error(r.body)
	}
}

func TestBatchAsksAgainForWhatDynamoDBLeftOut(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	left := 2
	tables.Faults(t, func(op string, _ []byte) *dynamodbengine.Fault {
		if op != "BatchGetItem" || left == 0 {
			return nil
		}
		left--
		return dynamodbengine.Unprocessed(2)
	})
	var p pageAnswer
	advisor.send("POST", batchGet, `{"cases":[{"locationId":"loc-100","caseId":"case-1"}]}`).want(t, 200).decode(t, &p)
	if !*p.Cases[0].Found {
		t.Error("an unprocessed key is returned as not found")
	}
}

func TestSearch(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "5010", north, alternate("5011", "5010"), alternate("612", "5010")))
	w.save(aCase("loc-100", "case-2", "5011", north))
	w.save(aCase("loc-200", "case-3", "5011", north))
	for name, c := range map[string]struct{ query, want string }{
		"own":              {"ro=5010", "5010 own case-1"},
		"own and related":  {"ro=5011", "5011 related case-1, 5011 own case-2"},
		"exact by name":    {"ro=5011&match=exact", "5011 related case-1, 5011 own case-2"},
		"exact is exact":   {"ro=501", ""},
		"by its beginning": {"ro=50&match=prefix", "5010 own case-1, 5011 related case-1, 5011 own case-2"},
		"whole as prefix":  {"ro=612&match=prefix", "612 related case-1"},
		"nothing":          {"ro=99", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var p pageAnswer
			advisor.get("/v1/search?locationId=loc-100&"+c.query).want(t, 200).decode(t, &p)
			if p.matches() != c.want {
				t.Errorf("got %s, want %s", p.matches(), c.want)
			}
		})
	}
}

// Search ignores the spelling of a number, and the response shows it as the DMS writes it.
func TestSearchInAnySpelling(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "050123", north, alternate("R50999", "050123"), alternate("0050124", "050123")))
	w.save(aCase("loc-100", "case-2", "r50999", north))
	w.save(aCase("loc-100", "case-3", "50124", north))
	for query, want := range map[string]string{
		"ro=50123":               "050123 own case-1",
		"ro=00050123":            "050123 own case-1",
		"ro=r50999":              "R50999 related case-1, r50999 own case-2",
		"ro=R50999":              "R50999 related case-1, r50999 own case-2",
		"ro=050124":              "0050124 related case-1, 50124 own case-3",
		"ro=05012&match=prefix":  "050123 own case-1, 0050124 related case-1, 50124 own case-3",
		"ro=r5&match=prefix":     "R50999 related case-1, r50999 own case-2",
		"ro=050124&match=prefix": "0050124 related case-1, 50124 own case-3",
	} {
		t.Run(query, func(t *testing.T) {
			var p pageAnswer
			advisor.get("/v1/search?locationId=loc-100&"+query).want(t, 200).decode(t, &p)
			if p.matches() != want {
				t.Errorf("got %s, want %s", p.matches(), want)
			}
		})
	}
	var c caseAnswer
	advisor.get(oneCase).want(t, 200).decode(t, &c)
	if got := fmt.Sprint(c.RelatedROs[0].LinkedCases, c.RelatedROs[1].LinkedCases); !strings.Contains(got, "case-2") ||
		!strings.Contains(got, "case-3") {
		t.Errorf("unexpected linked cases: %s", got)
	}
}

func TestSearchInPages(t *testing.T) {
	w, advisor := enabled(t)
	for i := range relatedro.PageSize + 5 {
		w.save(aCase("loc-100", fmt.Sprintf("case-%03d", i), "50", north))
	}
	seen := 0
	for target := "/v1/search?locationId=loc-100&ro=50"; target != ""; {
		var p pageAnswer
		advisor.get(target).want(t, 200).decode(t, &p)
		for _, m := range p.Matches {
			if want := fmt.Sprintf("case-%03d", seen); m.Case.CaseID != want {
				t.Fatalf("got case %s, want %s", m.Case.CaseID, want)
			}
			seen++
		}
		target = ""
		if p.Cursor != nil {
			target = "/v1/search?locationId=loc-100&ro=50&cursor=" + url.QueryEscape(*p.Cursor)
		}
	}
	if seen != relatedro.PageSize+5 {
		t.Errorf("got %d matches", seen)
	}
}

func TestSearchAtSeveralLocations(t *testing.T) {
	w, _ := enabled(t)
	w.setUp("loc-200", relatedro.Enabled, south)
	w.setUp("loc-300", relatedro.Enabled, south)
	for i := range relatedro.PageSize - 2 {
		w.save(aCase("loc-100", fmt.Sprintf("case-%03d", i), "50", north))
	}
	for i := range 5 {
		w.save(aCase("loc-200", fmt.Sprintf("case-2%02d", i), "50", south))
	}
	w.save(aCase("loc-300", "case-300", "50", south))
	both := w.as(relatedro.FieldManager, "loc-100", "loc-200")
	for name, query := range map[string]string{
		"named":          "locationId=loc-200&locationId=loc-100&ro=50",
		"all of the own": "ro=50",
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string
			for target, pages := "/v1/search?"+query, 0; target != ""; pages++ {
				var p pageAnswer
				both.get(target).want(t, 200).decode(t, &p)
				for _, m := range p.Matches {
					seen = append(seen, m.Case.CaseID)
				}
				if target = ""; p.Cursor != nil {
					target = "/v1/search?" + query + "&cursor=" + url.QueryEscape(*p.Cursor)
				}
				if len(p.Matches) > relatedro.PageSize || pages > 3 {
					t.Fatalf("page %d has %d matches", pages, len(p.Matches))
				}
			}
			if len(seen) != relatedro.PageSize+3 || !slices.IsSorted(seen) || slices.Contains(seen, "case-300") {
				t.Errorf("unexpected cases: %q", seen)
			}
		})
	}
	both.get("/v1/search?locationId=loc-100&locationId=loc-300&ro=50").problem(t, 403, "forbidden")
	w.as(relatedro.Support, "*").get("/v1/search?ro=50").problem(t, 400, "bad-input", "locationId")
}

func TestSearchLeavesOutStaleLinks(t *testing.T) {
	t.Run("of a case that is gone", func(t *testing.T) {
		w, advisor := enabled(t)
		w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50")))
		w.removeCase("loc-100", "case-1")
		if body := advisor.get("/v1/search?locationId=loc-100&ro=51").want(t, 200).body; body != `{"matches":[],"cursor":null}` {
			t.Error(body)
		}
	})
	t.Run("to a list that is no longer shown", func(t *testing.T) {
		w, advisor := enabled(t)
		w.save(aCase("loc-100", "case-1", "50", south, alternate("51", "50")))
		var p pageAnswer
		advisor.get("/v1/search?locationId=loc-100&ro=5&match=prefix").problem(t, 400, "bad-input", "ro")
		advisor.get("/v1/search?locationId=loc-100&ro=51").want(t, 200).decode(t, &p)
		if p.matches() != "" {
			t.Errorf("got %s, want no matches", p.matches())
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	_, advisor := enabled(t)
	for name, c := range map[string]struct {
		query  string
		fields []string
	}{
		"no number":               {"locationId=loc-100", []string{"ro"}},
		"neither":                 {"", []string{"ro"}},
		"one character":           {"locationId=loc-100&ro=5&match=prefix", []string{"ro"}},
		"a filter's characters":   {"locationId=loc-100&ro=5%2C0", []string{"ro"}},
		"a number twice":          {"locationId=loc-100&ro=50&ro=51", []string{"ro"}},
		"another match":           {"locationId=loc-100&ro=50&match=like", []string{"match"}},
		"an unknown parameter":    {"locationId=loc-100&ro=50&limit=3", []string{"limit"}},
		"the parameter elsewhere": {"locationId=loc-100&ro=50&queue=export", []string{"queue"}},
		"an empty cursor":         {"locationId=loc-100&ro=50&cursor=", []string{"cursor"}},
	} {
		t.Run(name, func(t *testing.T) {
			advisor.get("/v1/search?"+c.query).problem(t, 400, "bad-input", c.fields...)
		})
	}
}

func TestStoreThatFailsIsUnavailable(t *testing.T) {
	_, advisor := enabled(t)
	tables.Faults(t, func(string, []byte) *dynamodbengine.Fault { return dynamodbengine.Broken() })
	r := advisor.get(oneCase)
	r.problem(t, 503, "unavailable")
	if strings.Contains(r.body, "Internal") || r.header.Get("Retry-After") == "" {
		t.Errorf("unexpected response: %v %s", r.header, r.body)
	}
}
