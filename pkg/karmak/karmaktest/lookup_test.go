package karmaktest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

func TestBrokenQueryIsRefused(t *testing.T) {
	u := withROs(t)
	u.do(u.request("GET", headers+"?filter=RONumber%5BEQ%5D9;page=1", "", u.token("a", "u"))).expect(t, 400)
}

func selectRequired(t *testing.T) {
	u := withROs(t)
	u.do(u.request("GET", headers, "", u.token("a", "u"))).expect(t, 400, "select: missing")
	u.set(func(a *karmaktest.Account) { a.Rules.WholeRows = true })
	u.do(u.request("GET", headers, "", u.token("a", "u"))).expect(t, 200, `"VIN"`, `"Department"`)
}

// expectColumns checks the columns of a view, in any order.
func expectColumns(t *testing.T, path, columns string) {
	t.Helper()
	u := withROs(t)
	u.set(func(a *karmaktest.Account) { a.Rules.WholeRows = true })
	if got, want := slices.Sorted(maps.Keys(u.wholeRow(path))), slices.Sorted(strings.FieldsSeq(columns)); !slices.Equal(got, want) {
		t.Errorf("%s has %v, want %v", path, got, want)
	}
}

func headerColumns(t *testing.T) {
	expectColumns(t, headers, "RONumber OriginalRONumber Branch ROStatus IsVoided IsROCompleted IsROWaitingForParts InvoiceNumber AddDate "+
		"RODateOpened RODateCompleted RODateInvoiced LastUpdate ROAge TotalROCharges BillingCustomerNumber BillingCustomerName "+
		"IsBillingCustomerWarranty CustomerName CustomerUnitNumber VIN Department RemoteApplication RemoteEstimateID")
}

func taskColumns(t *testing.T) {
	expectColumns(t, tasks, "RONumber Branch TaskNumber TaskStatus TaskTotal InvoiceNumber BillToCustomer BillToCompanyName "+
		"AlternateBillingCustomer AlternateBillingCompanyName")
	u := withROs(t)
	equal(t, u.get(tasks, "select", "RONumber,TaskNumber,BillToCustomer:B,InvoiceNumber:I,AlternateBillingCustomer:A,"+
		"TaskStatus:S,TaskTotal:T").body,
		`[{"RONumber":10,"TaskNumber":1,"B":"2207","I":"77","A":null,"S":null,"T":0.00},`+
			`{"RONumber":10,"TaskNumber":2,"B":"2207","I":"77","A":"W100","S":"OPEN","T":99.90}]`)
	equal(t, u.get(tasks, "select", "TaskNumber", "filter", "RONumber[IN]9|10,AlternateBillingCustomer[NE]NULL").body, `[{"TaskNumber":2}]`)
}

// wholeRow requests path without select and returns its first row.
func (u *unity) wholeRow(path string) (row map[string]any) {
	u.t.Helper()
	var rows []map[string]any
	u.must(json.Unmarshal([]byte(u.do(u.request("GET", path, "", u.token("a", "u"))).body), &rows))
	return rows[0]
}

func ties(t *testing.T) {
	u := start(t, karmaktest.Config{MaxPageSize: 1})
	u.add("1@EAST", "1@WEST")
	branch := func(page string) any { return u.rows(headers, "select", "RONumber,Branch", "page", page)[0]["Branch"] }
	equal(t, fmt.Sprintln(branch("1"), branch("2")), "EAST EAST\n")
}

func pageMaximum(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for n := range 501 {
		u.add(fmt.Sprint(n + 1))
	}
	equal(t, len(u.rows(headers, "pagesize", "1000")), 500)
	equal(t, len(u.rows(headers)), 500)
	equal(t, len(u.rows(headers, "pagesize", "1000", "page", "2")), 1)
	u.set(func(a *karmaktest.Account) { a.MaxPageSize = 100 })
	equal(t, len(u.rows(headers, "pagesize", "500")), 100)
}

func urlLength(t *testing.T) {
	u := start(t, karmaktest.Config{})
	base := u.URL + lookup(headers) + "&filter=" + url.QueryEscape("Branch[EQ]")
	u.get(headers, "filter", "Branch[EQ]"+strings.Repeat("9", 2000-len(base))).expect(t, 200)
	u.get(headers, "filter", "Branch[EQ]"+strings.Repeat("9", 2001-len(base))).expect(t, 414)
}

func TestAnAccountNeverSeesAnothersRows(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1@EAST", "2<1@EAST")
	u.must(u.AddRO("b", karmaktest.RO{Number: "1", Branch: "EAST"}))
	u.must(u.AddRO("b", karmaktest.RO{Number: "3", Original: "1", Branch: "EAST"}))
	equal(t, u.numbers(), "1 2")
	equal(t, u.numbers("filter", "RONumber[EQ]1"), "1")
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]1"), "2")
	equal(t, u.numbers("filter", "RONumber[EQ]3"), "")
}

func TestGzipWhenAccepted(t *testing.T) {
	u := withROs(t)
	for accept, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "identity": ""} {
		r := u.getRequest(headers)
		r.Header.Set("Accept-Encoding", accept) // keeps the transport from decoding by itself
		got := u.do(r)
		equal(t, got.header.Get("Content-Encoding"), want)
		equal(t, strings.HasPrefix(got.body, "[{"), want == "")
	}
}
