package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

const openWarranty = "/v1/locations/loc-100/open-warranty-ros"

// warranty returns an open warranty RO created from another RO.
func warranty(ro, from, openedAt, charges string) relatedro.RelatedRO {
	r := alternate(ro, from)
	r.Warranty, r.OpenedAt, r.TotalCharges = true, openedAt, charges
	return r
}

type warrantyAnswer struct {
	FeatureStatus   string
	OpenWarrantyROs []struct {
		RONumber     string
		AgeDays      *int
		AgeBand      *string
		TotalCharges *string
		Case         struct {
			CaseID, RONumber, Outcome string
			AsOf                      *string
		}
	} `json:"openWarrantyRos"`
	LeftOut int
	Cursor  *string
}

// rows formats each list entry as one line: RO, age, band, total charges and case.
func (a warrantyAnswer) rows() []string {
	var rows []string
	for _, ro := range a.OpenWarrantyROs {
		row := ro.RONumber
		if ro.AgeDays != nil {
			row += fmt.Sprint(" ", *ro.AgeDays, " ", *ro.AgeBand)
		}
		if ro.TotalCharges != nil {
			row += " " + *ro.TotalCharges
		}
		rows = append(rows, row+" "+ro.Case.CaseID)
	}
	return rows
}

func TestOpenWarrantyROs(t *testing.T) {
	w, advisor := enabled(t)
	sibling := warranty("61", "60", "2026-10-20", "8.00")
	sibling.Relation = relatedro.Sibling
	w.save(aCase("loc-100", "case-1", "50", north, warranty("51", "50", "2026-11-20T08:00:00", "1284.50"), warranty("52", "50", "", "")))
	w.save(aCase("loc-100", "case-2", "62", north, sibling))
	w.save(aCase("loc-100", "case-3", "60", north, warranty("61", "60", "2026-10-20", "8.00"), warranty("63", "60", "2026-11-16", "9.10")))
	for query, want := range map[string][]string{
		"":                    {"52 case-1", "61 34 over-30 8.00 case-3", "63 7 0-7 9.10 case-3", "51 3 0-7 1284.50 case-1"},
		"?olderThanDays=7":    {"52 case-1", "61 34 over-30 8.00 case-3"},
		"?olderThanDays=0":    {"52 case-1", "61 34 over-30 8.00 case-3", "63 7 0-7 9.10 case-3", "51 3 0-7 1284.50 case-1"},
		"?olderThanDays=3650": {"52 case-1"},
	} {
		var got warrantyAnswer
		advisor.get(openWarranty+query).want(t, 200).decode(t, &got)
		if diff := cmp.Diff(want, got.rows()); diff != "" || got.Cursor != nil || got.FeatureStatus != "ENABLED" || got.LeftOut != 0 {
			t.Errorf("%q: got %+v, rows (-want +got):\n%s", query, got, diff)
		}
	}
	for _, days := range []string{"-1", "3651", "7.5", "week", "", "7,8"} {
		advisor.get(openWarranty+"?olderThanDays="+days).problem(t, 400, "bad-input", "olderThanDays")
	}
}

func TestOpenWarrantyROsInPages(t *testing.T) {
	w, advisor := enabled(t)
	var ros []relatedro.RelatedRO
	for i := range relatedro.MaxLinks - 1 {
		ros = append(ros, warranty(fmt.Sprint(6000+i), "50", "2026-11-20", "1.00"))
	}
	for i := range 3 {
		id := fmt.Sprint("case-", i)
		own := fmt.Sprint(5000 + i)
		for j := range ros {
			ros[j].RO = fmt.Sprint(6000 + 100*i + j)
		}
		w.save(aCase("loc-100", id, own, north, ros...))
	}
	seen := make(map[string]bool)
	pages := 0
	for path := openWarranty; ; {
		var page warrantyAnswer
		advisor.get(path).want(t, 200).decode(t, &page)
		pages++
		for _, ro := range page.OpenWarrantyROs {
			if seen[ro.RONumber] {
				t.Errorf("RO %s is listed twice", ro.RONumber)
			}
			seen[ro.RONumber] = true
		}
		if page.Cursor == nil {
			break
		}
		path = openWarranty + "?cursor=" + *page.Cursor
		advisor.get(path+"&olderThanDays=2").problem(t, 400, "bad-input", "cursor")
	}
	if len(seen) != 3*(relatedro.MaxLinks-1) || pages != 2 {
		t.Errorf("got %d ROs on %d pages", len(seen), pages)
	}
}

// A failed retrieval must not look like an empty list, and ROs of another dealer must not be shown.
func TestOpenWarrantyROsThatMayMislead(t *testing.T) {
	w, advisor := enabled(t)
	c := aCase("loc-100", "case-1", "50", north, warranty("51", "50", "2026-11-20", "1284.50"))
	c.Retrieval.Outcome, c.Retrieval.Reason = relatedro.OutcomeFailed, relatedro.NotActivated
	w.save(c)
	list := func() (got warrantyAnswer) {
		advisor.get(openWarranty).want(t, 200).decode(t, &got)
		return got
	}
	if got := list(); got.OpenWarrantyROs[0].Case.Outcome != "failed" || *got.OpenWarrantyROs[0].Case.AsOf != "2026-11-23T11:00:00Z" {
		t.Errorf("after a failed retrieval: %+v", got)
	}
	w.setUp("loc-100", relatedro.Disabled, north)
	if got := list(); got.FeatureStatus != "DISABLED" || len(got.OpenWarrantyROs) != 1 {
		t.Errorf("after disabling: %+v", got)
	}
	w.setUp("loc-100", relatedro.Enabled, south)
	if got := list(); len(got.OpenWarrantyROs) != 0 || got.LeftOut != 1 {
		t.Errorf("over another connection: %+v", got)
	}
	w.save(relatedro.Case{Key: c.Key, Status: relatedro.CaseDeleted})
	if got := list(); len(got.OpenWarrantyROs) != 0 || got.LeftOut != 0 {
		t.Errorf("after deleting the case: %+v", got)
	}
}

// Every role sees the number of open warranty ROs of a case. No response about a case contains
// their total charges.
func TestWorthStandsInOneListOnly(t *testing.T) {
	w, _ := enabled(t)
	const worth = "771284.55"
	w.save(aCase("loc-100", "case-1", "50", north, warranty("51", "50", "2026-11-20", worth), alternate("52", "50")))
	for _, role := range everyRole {
		c := w.as(role, "loc-100")
		for _, r := range []response{
			c.get(oneCase), c.get(cases), c.get("/v1/search?locationId=loc-100&ro=51"),
			c.send("POST", batchGet, `{"cases":[{"locationId":"loc-100","caseId":"case-1"}]}`),
		} {
			if body := r.want(t, 200).body; strings.Contains(body, worth) || !strings.Contains(body, `"openWarrantyCount":1`) {
				t.Errorf("%s: unexpected response %s", role, body)
			}
		}
	}
	if !strings.Contains(w.as(relatedro.ServiceAdvisor, "loc-100").get(openWarranty).want(t, 200).body, worth) {
		t.Error("the list for an advisor lacks the total charges")
	}
	if log := w.log.String(); strings.Contains(log, worth) {
		t.Errorf("the log contains the total charges: %s", log)
	}
}
