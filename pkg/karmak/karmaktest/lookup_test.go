package karmaktest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

func day(d int) time.Time { return time.Date(2026, 11, d, 8, 30, 0, 0, time.UTC) }

// withROs starts a simulator with ROs that differ in each type of column.
func withROs(t *testing.T) *unity {
	u := start(t, karmaktest.Config{})
	u.set(func(a *karmaktest.Account) { a.Rules.Sort = true })
	for _, ro := range []karmaktest.RO{
		{Number: "9", Branch: "EAST", Status: "OPEN", OpenedAt: day(1)},
		{Number: "10", Branch: "EAST", Status: "INVOICED", OpenedAt: day(2), InvoicedAt: day(5), Completed: true, InvoiceNumber: "77"},
		{Number: "11", Branch: "WEST", Status: "OPEN", OpenedAt: day(3), Original: "9", BillingCustomerWarranty: true},
		{Number: "W-1", Branch: "WEST", Status: "VOID, made in error", OpenedAt: day(4), Original: "10", Voided: true},
	} {
		u.must(u.AddRO("a", ro))
	}
	return u
}

func TestFilter(t *testing.T) {
	u := withROs(t)
	for _, test := range []struct{ filter, want string }{
		{"RONumber[EQ]10", "10"},
		{"RONumber[EQ]010", "10"},
		{"RONumber[EQ]W-1", "W-1"},
		{"RONumber[EQ]w-1", "W-1"},
		{"RONumber[NE]10", "9 11 W-1"},
		{"RONumber[LT]10", "9"},
		{"RONumber[LTE]10", "9 10"},
		{"RONumber[GT]10", "11 W-1"},
		{"RONumber[GTE]10", "10 11 W-1"},
		{"RONumber[IN]9|11|12|9", "9 11"},
		{"RONumber[IN]9", "9"},
		{"OriginalRONumber[EQ]9", "11"},
		{"OriginalRONumber[IN]9|10", "11 W-1"},
		{"OriginalRONumber[EQ]NULL", "9 10"},
		{"OriginalRONumber[NE]NULL", "11 W-1"},
		{"OriginalRONumber[NE]9", "W-1"},
		{"InvoiceNumber[EQ]77", "10"},
		{"Branch[EQ]EAST", "9 10"},
		{"Branch[EQ]east", "9 10"},
		{"Branch[LT]F", "9 10"},
		{"Branch[EQ]WEST,ROStatus[EQ]OPEN", "11"},
		{"RONumber[IN]9|10,OriginalRONumber[IN]9|10", ""},
		{"OriginalRONumber[EQ]9,RONumber[NE]NULL", "11"},
		{"IsVoided[EQ]true", "W-1"},
		{"IsVoided[EQ]1", "W-1"},
		{"IsVoided[NE]TRUE", "9 10 11"},
		{"IsVoided[IN]0|1", "9 10 11 W-1"},
		{"RODateOpened[GTE]11-03-2026", "11 W-1"},
		{"RODateOpened[LT]11-02-2026", "9"},
		{"RODateOpened[GT]11-02-2026,RODateOpened[LT]11-04-2026", "10 11"},
		{"RODateInvoiced[LT]01-01-2030", "10"},
	} {
		t.Run(test.filter, func(t *testing.T) {
			u := u.in(t)
			equal(t, u.numbers("filter", test.filter), test.want)
		})
	}
}

func TestFilterRefuses(t *testing.T) {
	u := withROs(t)
	for _, test := range []struct{ name, filter, says string }{
		{"nothing", "", "not of the form"},
		{"no operator", "RONumber", "not of the form"},
		{"no column", "[EQ]9", "not of the form"},
		{"open bracket", "RONumber[EQ9", "not of the form"},
		{"bracket in a value", "RONumber[EQ]9]", "not of the form"},
		{"trailing comma", "RONumber[EQ]9,", "not of the form"},
		{"comma in a value", "ROStatus[EQ]VOID, made in error", "not of the form"},
		{"unknown operator", "RONumber[LIKE]9", `no operator "LIKE"`},
		{"operator in lower case", "RONumber[eq]9", `no operator "eq"`},
		{"OR", "RONumber[EQ]9 OR RONumber[EQ]10", "not of the form"},
		{"unknown column", "RoNumber[EQ]9", `no column "RoNumber"`},
		{"empty value", "RONumber[EQ]", "empty value"},
		{"empty value in a list", "RONumber[IN]9||10", "empty value"},
		{"list without IN", "RONumber[EQ]9|10", "IN only"},
		{"NULL in a list", "RONumber[IN]NULL|9", "EQ and NE only"},
		{"NULL with order", "RODateOpened[LT]NULL", "EQ and NE only"},
		{"no boolean", "IsVoided[EQ]maybe", `"maybe" is no boolean`},
		{"order of booleans", "IsVoided[GT]0", "no order"},
		{"no date", "RODateOpened[GT]yesterday", `"yesterday" is no date`},
		{"an ISO date", "RODateOpened[GT]2026-11-03", "MM-DD-YYYY"},
		{"an amount", "TotalROCharges[GT]much", `"much" is no amount`},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := u.in(t)
			u.get(headers, "filter", test.filter).expect(t, 400, strings.ReplaceAll(test.says, `"`, `\"`))
		})
	}
}

func TestEachParameterIsGivenOnce(t *testing.T) {
	u := withROs(t)
	u.get(headers, "filter", "RONumber[EQ]9", "filter", "Branch[EQ]EAST").expect(t, 400, "filter is given more than once")
	u.get(headers, "page", "1", "page", "1").expect(t, 400, "page is given more than once")
}

func TestUnknownParameterIsRefused(t *testing.T) {
	withROs(t).get(headers, "pageSize", "1").expect(t, 400, "no such parameter: pageSize")
}

func TestBrokenQueryIsRefused(t *testing.T) {
	u := withROs(t)
	u.do(u.request("GET", headers+"?filter=RONumber%5BEQ%5D9;page=1", "", u.token("a", "u"))).expect(t, 400)
}

func TestSort(t *testing.T) {
	u := withROs(t)
	for _, test := range []struct{ name, sort, want string }{
		{"ascending, as numbers", "RONumber", "9 10 11 W-1"},
		{"descending", "-RONumber", "W-1 11 10 9"},
		{"by two columns", "Branch,-RONumber", "10 9 W-1 11"},
		{"empty cells first", "OriginalRONumber", "9 10 11 W-1"},
		{"equal ones as added", "Branch", "9 10 11 W-1"},
		{"booleans", "-IsVoided,RONumber", "W-1 9 10 11"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := u.in(t)
			equal(t, u.numbers("sort", test.sort, "select", "RONumber,OriginalRONumber,Branch,IsVoided"), test.want)
		})
	}
}

func TestSortColumnMustBeSelected(t *testing.T) {
	u := withROs(t)
	u.get(headers, "select", "RONumber,Branch", "sort", "RODateOpened").expect(t, 400, `column \"RODateOpened\" is not selected`)
	u.get(headers, "select", "RONumber,RODateOpened", "sort", "-RODateOpened").expect(t, 200)
	u.get(headers, "select", "RONumber:ro", "sort", "RONumber").expect(t, 200)
	u.get(headers, "select", "RONumber:ro", "sort", "ro").expect(t, 400, `no column \"ro\"`)
	u.get(headers, "sort", "").expect(t, 400)
}

func TestWithoutSortTheDefaultColumnCountsIfSelectedElseTheFirst(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.AddRO("a", karmaktest.RO{Number: "3", VIN: "A"}))
	u.must(u.AddRO("a", karmaktest.RO{Number: "1", VIN: "C"}))
	u.must(u.AddRO("a", karmaktest.RO{Number: "2", VIN: "B"}))
	equal(t, u.numbers("select", "VIN,RONumber"), "1 2 3")
	equal(t, fmt.Sprint(u.rows(headers, "select", "VIN,Branch")), "[map[Branch:<nil> VIN:A] map[Branch:<nil> VIN:B] map[Branch:<nil> VIN:C]]")
}

func TestSelectTakesColumnsAndAliasesInTheirOrder(t *testing.T) {
	u := withROs(t)
	got := u.get(headers, "select", "Branch:where,RONumber", "filter", "ROStatus[EQ]OPEN")
	equal(t, got.body, `[{"where":"EAST","RONumber":9},{"where":"WEST","RONumber":11}]`)
}

func TestSelectRefuses(t *testing.T) {
	u := withROs(t)
	for _, test := range []struct{ name, selected, says string }{
		{"an unknown column", "RONumber,Mileage", "Mileage"},
		{"nothing", "", "no column"},
		{"an empty alias", "RONumber:", "empty alias"},
		{"a column twice", "RONumber,RONumber", "selected twice"},
		{"an alias twice", "RONumber:x,Branch:x", "selected twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := u.in(t)
			u.get(headers, "select", test.selected).expect(t, 400, test.says)
		})
	}
}

func TestWithoutSelectEveryPublishedColumnIsThere(t *testing.T) {
	u := withROs(t)
	u.set(func(a *karmaktest.Account) { a.Rules.WholeRows = true })
	for path, columns := range map[string]string{
		headers: "RONumber OriginalRONumber Branch ROStatus IsVoided IsROCompleted IsROWaitingForParts InvoiceNumber AddDate RODateOpened " +
			"RODateCompleted RODateInvoiced LastUpdate ROAge TotalROCharges BillingCustomerNumber BillingCustomerName IsBillingCustomerWarranty CustomerName " +
			"CustomerUnitNumber VIN Department RemoteApplication RemoteEstimateID",
		tasks: "RONumber Branch TaskNumber TaskStatus TaskTotal InvoiceNumber BillToCustomer BillToCompanyName AlternateBillingCustomer " +
			"AlternateBillingCompanyName",
	} {
		u.must(u.AddRO("a", karmaktest.RO{Number: "9", Tasks: []karmaktest.Task{{Number: 1}}}))
		got := slices.Sorted(maps.Keys(u.wholeRow(path)))
		if want := slices.Sorted(strings.FieldsSeq(columns)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
	}
}

// wholeRow asks path for its first row without select.
func (u *unity) wholeRow(path string) (row map[string]any) {
	u.t.Helper()
	var rows []map[string]any
	u.must(json.Unmarshal([]byte(u.do(u.request("GET", path, "", u.token("a", "u"))).body), &rows))
	return rows[0]
}

func TestPages(t *testing.T) {
	u := start(t, karmaktest.Config{MaxPageSize: 3})
	u.add("1", "2", "3", "4", "5", "6", "7")
	for _, test := range []struct{ name, page, pagesize, want string }{
		{"first", "1", "2", "1 2"},
		{"second", "2", "2", "3 4"},
		{"last, short", "4", "2", "7"},
		{"past the end", "5", "2", ""},
		{"far past the end", "9223372036854775807", "3", ""},
		{"larger than the maximum", "2", "500", "4 5 6"},
		{"just past the end at the maximum", "4", "3", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := u.in(t)
			equal(t, u.numbers("page", test.page, "pagesize", test.pagesize), test.want)
		})
	}
	equal(t, u.numbers(), "1 2 3")
	equal(t, u.numbers("page", "3"), "7")
	equal(t, u.numbers("pagesize", "1"), "1")
	u.get(headers, "page", "9").expect(t, 200, `{"ProcessGUID":`)
}

func TestPagesOfROsThatSortAlikeAddUpUnlessToldOtherwise(t *testing.T) {
	u := start(t, karmaktest.Config{MaxPageSize: 1})
	u.add("1@EAST", "1@WEST")
	branch := func(page string) any { return u.rows(headers, "select", "RONumber,Branch", "page", page)[0]["Branch"] }
	equal(t, fmt.Sprintln(branch("1"), branch("2")), "EAST WEST\n")
	u.set(func(a *karmaktest.Account) { a.Rules.UnstableTies = true })
	equal(t, fmt.Sprintln(branch("1"), branch("2")), "EAST EAST\n")
}

func TestPageAndPagesizeAreNumbersFromOne(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for _, name := range []string{"page", "pagesize"} {
		for _, value := range []string{"0", "-1", "x", "", "1.5"} {
			u.get(headers, name, value).expect(t, 400, name)
		}
	}
}

func TestDefaultMaximumPageSizeIs500(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for n := range 501 {
		u.add(fmt.Sprint(n + 1))
	}
	equal(t, len(u.rows(headers, "pagesize", "1000")), 500)
	equal(t, len(u.rows(headers, "pagesize", "1000", "page", "2")), 1)
}

func TestUnknownViewIsNamed(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.get("/api/unity/v1/unityapi/frw/RepairOrders").expect(t, 404, "RepairOrders")
	u.get("/api/unity/v2/unityapi/frw/RepairOrderHeader").expect(t, 404)
	equal(t, u.Counts().Calls[karmaktest.CallUnknown], 2)
}

func TestURLOfMoreThan2000CharactersIsRefused(t *testing.T) {
	u := start(t, karmaktest.Config{})
	base := u.URL + asked(headers) + "&filter=" + url.QueryEscape("Branch[EQ]")
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

func TestTaskViewHasARowPerTask(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.AddRO("a", karmaktest.RO{Number: "8", Tasks: []karmaktest.Task{
		{Number: 1},
		{Number: 2, AlternateBillingCustomer: "W100", AlternateBillingCompanyName: "Paccar Warranty"},
	}}))
	u.add("9")
	equal(t, u.get(tasks, "select", "RONumber,TaskNumber,AlternateBillingCustomer,AlternateBillingCompanyName").body, `[{"RONumber":8,"TaskNumber":1,"AlternateBillingCustomer":null,"AlternateBillingCompanyName":null},`+
		`{"RONumber":8,"TaskNumber":2,"AlternateBillingCustomer":"W100","AlternateBillingCompanyName":"Paccar Warranty"}]`)
	equal(t, u.get(tasks, "select", "TaskNumber", "filter", "RONumber[IN]8|9,AlternateBillingCustomer[NE]NULL").body, `[{"TaskNumber":2}]`)
}

func TestGzipWhenAccepted(t *testing.T) {
	u := withROs(t)
	for accept, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "identity": "", "gzip;q=0": ""} {
		r := u.getRequest(headers)
		r.Header.Set("Accept-Encoding", accept) // keeps the transport from decoding by itself
		got := u.do(r)
		equal(t, got.header.Get("Content-Encoding"), want)
		equal(t, strings.HasPrefix(got.body, "[{"), want == "")
	}
}
