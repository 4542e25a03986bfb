package karmaktest_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"related-ro/pkg/karmak/karmaktest"
)

func checksOfAnswers() []check {
	const guid = `^\{"ProcessGUID":"[0-9a-f]{32}"\}$`
	return []check{
		{rule: "unknown-url", path: "/api/unity/v1/unityapi/frw/RepairOrders", status: 404},
		{rule: "unknown-url", path: "/api/unity/v2/unityapi/frw/RepairOrderHeader", status: 404},
		{rule: "error-body", path: "/api/unity/v1/unityapi/frw/RepairOrders", status: 404, body: `^\{"message":".*RepairOrders.*"\}$`},
		{rule: "error-body", query: "page=0", status: 400, body: `^\{"message":"page: .*"\}$`},
		{rule: "rows", query: "filter=ROStatus[EQ]OPEN&select=Branch,RONumber",
			body: `^\[\{"Branch":"EAST","RONumber":9\},\{"Branch":"WEST","RONumber":11\}\]$`},
		{rule: "no-rows", query: "filter=RONumber[EQ]99", body: guid},
		{rule: "no-rows-page", query: "page=2", body: guid},
		{rule: "no-rows-forms", prepare: writing(karmaktest.Rendering{NoRows: "array"}), query: "page=2", body: `^\[\]$`},
		{rule: "no-rows-forms", prepare: writing(karmaktest.Rendering{NoRows: "null"}), query: "page=2", body: `^null$`},
		{rule: "no-rows-forms", prepare: writing(karmaktest.Rendering{NoRows: "empty"}), query: "page=2", status: 200, body: `^$`},
		{rule: "no-rows-forms", prepare: writing(karmaktest.Rendering{NoRows: "204"}), query: "page=2", status: 204, body: `^$`},
	}
}

func checksOfFilters() []check {
	letters := withRO(karmaktest.RO{Number: "W-1", Branch: "WEST", Original: "10"})
	badNumber := func(status int) func(*unity) { return withRule(func(r *karmaktest.Rules) { r.BadNumber = status }) }
	return []check{
		{rule: "filter", query: "filter=RONumber[EQ]10", ros: "10"},
		{rule: "filter", query: "filter=RONumber[NE]10", ros: "9 11 12"},
		{rule: "filter", query: "filter=RONumber[LT]10", ros: "9"},
		{rule: "filter", query: "filter=RONumber[LTE]10", ros: "9 10"},
		{rule: "filter", query: "filter=RONumber[GT]10", ros: "11 12"},
		{rule: "filter", query: "filter=RONumber[GTE]10", ros: "10 11 12"},
		{rule: "filter", query: "filter=RONumber[IN]9|11|13|9", ros: "9 11"},
		{rule: "filter", query: "filter=OriginalRONumber[IN]9|10", ros: "11 12"},
		{rule: "filter", query: "filter=Branch[EQ]WEST,ROStatus[EQ]OPEN", ros: "11"},
		{rule: "filter", query: "filter=RONumber[IN]9|10,OriginalRONumber[IN]9|10"},
		{rule: "filter", query: "filter=TotalROCharges[GT]1234.49", ros: "10"},
		{rule: "filter-null", query: "filter=OriginalRONumber[EQ]NULL", ros: "9 10"},
		{rule: "filter-null", query: "filter=OriginalRONumber[NE]NULL", ros: "11 12"},
		{rule: "filter-empty-cell", query: "filter=OriginalRONumber[NE]9", ros: "12"},
		{rule: "filter-empty-cell", query: "filter=RODateInvoiced[LT]01-01-2030", ros: "10"},
		{rule: "filter-date", query: "filter=RODateOpened[GTE]11-03-2026", ros: "11 12"},
		{rule: "filter-date", query: "filter=RODateOpened[GT]11-02-2026,RODateOpened[LT]11-04-2026", ros: "10 11"},
		{rule: "filter-date", query: "filter=LastUpdate[GTE]11-23-2026,AddDate[LT]11-02-2026", ros: "9"},
		{rule: "filter-date-iso", query: "filter=RODateOpened[GT]2026-11-03", status: 400, body: "MM-DD-YYYY"},
		{rule: "filter-date-iso", query: "filter=RODateOpened[GT]yesterday", status: 400, body: "MM-DD-YYYY"},
		{rule: "filter-date-iso", prepare: withRule(func(r *karmaktest.Rules) { r.ISODates = true }),
			query: "filter=RODateOpened[EQ]2026-11-02T08:30:00", ros: "10"},
		{rule: "filter-case", query: "filter=Branch[EQ]west", ros: "11 12"},
		{rule: "filter-case", query: "filter=Branch[EQ]WEST ", ros: "11 12"},
		{rule: "filter-case", prepare: withRule(func(r *karmaktest.Rules) { r.CaseSensitive = true }), query: "filter=Branch[EQ]west"},
		{rule: "filter-case", prepare: letters, query: "filter=RONumber[IN]w-1", ros: "W-1"},
		{rule: "filter-bit", query: "filter=IsVoided[EQ]true", ros: "12"},
		{rule: "filter-bit", query: "filter=IsVoided[NE]1", ros: "9 10 11"},
		{rule: "filter-bit", query: "filter=IsVoided[EQ]Y", status: 400, body: "no boolean"},
		{rule: "filter-bit", query: "filter=IsVoided[GT]0", status: 400, body: "no order"},
		{rule: "filter-int", query: "filter=RONumber[IN]9|R10", status: 400, body: "converting the nvarchar value 'R10' to data type int"},
		{rule: "filter-int", query: "filter=OriginalRONumber[EQ]12345678901", status: 400, body: "'12345678901' overflowed an int column"},
		{rule: "filter-int", prepare: badNumber(500), query: "filter=RONumber[EQ]R10", status: 500, body: "Conversion failed"},
		{rule: "filter-int", prepare: badNumber(515), query: "filter=RONumber[EQ]R10", status: 515, body: "Conversion failed"},
		{rule: "filter-int", prepare: badNumber(200), query: "filter=RONumber[IN]9|R10", ros: "9"},
		{rule: "filter-text-number", prepare: letters, query: "filter=RONumber[IN]W-1|R10|12345678901", ros: "W-1"},
		{rule: "filter-text-number", prepare: letters, query: "filter=RONumber[GTE]012", ros: "12 W-1"},
		{rule: "filter-text-number", prepare: letters, query: "filter=RONumber[GTE]12", body: `"12"\},\{"RONumber":"W-1"`},
		{rule: "filter-text-number", prepare: writing(karmaktest.Rendering{Numbers: "string"}), query: "filter=RONumber[IN]9|R10",
			ros: "9"},
	}
}

func checksOfRefusedFilters() (list []check) {
	for _, refused := range [][2]string{
		{"", "not of the form"},
		{"RONumber", "not of the form"},
		{"[EQ]9", "not of the form"},
		{"RONumber[EQ9", "not of the form"},
		{"RONumber[EQ]9]", "not of the form"},
		{"RONumber[EQ]9,", "not of the form"},
		{"ROStatus[EQ]VOID, made in error", "not of the form"},
		{"RONumber[EQ]9 OR RONumber[EQ]10", "not of the form"},
		{"RONumber[LIKE]9", "no operator"},
		{"RONumber[eq]9", "no operator"},
		{"RoNumber[EQ]9", "no column"},
		{"RONumber[EQ]", "empty value"},
		{"RONumber[IN]9||10", "empty value"},
		{"RONumber[EQ]9|10", "IN only"},
		{"RONumber[IN]NULL|9", "EQ and NE only"},
		{"RODateOpened[LT]NULL", "EQ and NE only"},
		{"RONumber[EQ]null", "Conversion failed"},
		{"TotalROCharges[GT]much", "no amount"},
	} {
		list = append(list, check{rule: "filter-refused", query: "filter=" + refused[0], status: 400, body: regexp.QuoteMeta(refused[1])})
	}
	return list
}

func checksOfQueries() []check {
	sorting := withRule(func(r *karmaktest.Rules) { r.Sort = true })
	north := withRO(karmaktest.RO{Number: "8", Branch: "NORTH"})
	return []check{
		{rule: "parameters", query: "pageSize=1", status: 400, body: "no such parameter: pageSize"},
		{rule: "parameters", query: "page=1&page=1", status: 400, body: "page is given more than once"},
		{rule: "parameters", query: "filter=RONumber[EQ]9&filter=Branch[EQ]EAST", status: 400, body: "filter is given more than once"},
		{rule: "select", query: "filter=ROStatus[EQ]OPEN&select=Branch:where", body: `^\[\{"where":"EAST"\},\{"where":"WEST"\}\]$`},
		{rule: "select", query: "select=RONumber,Mileage", status: 400, body: "Mileage"},
		{rule: "select", query: "select=RONumber:", status: 400, body: "empty alias"},
		{rule: "select", query: "select=RONumber:x,Branch:x", status: 400, body: "selected twice"},
		{rule: "sort-refused", query: "sort=RONumber", status: 400, body: "sort: not allowed"},
		{rule: "sort", prepare: sorting, query: "sort=-RONumber", ros: "12 11 10 9"},
		{rule: "sort", prepare: sorting, query: "sort=Branch,-RONumber&select=RONumber,Branch", ros: "10 9 12 11"},
		{rule: "sort", prepare: sorting, query: "sort=Branch", status: 400, body: `\\"Branch\\" is not selected`},
		{rule: "default-order", prepare: north, query: "select=Branch,RONumber", ros: "8 9 10 11 12"},
		{rule: "default-order", prepare: north, query: "select=Branch,VIN", body: `"EAST".*"NORTH".*"WEST"`},
		{rule: "default-column", prepare: north, ros: "8 9 10 11 12"},
		{rule: "pages", query: "page=1&pagesize=3", ros: "9 10 11"},
		{rule: "pages", query: "page=2&pagesize=3", ros: "12"},
		{rule: "pages", query: "page=9223372036854775807&pagesize=3"},
		{rule: "pages", query: "page=0", status: 400, body: "page"},
		{rule: "pages", query: "pagesize=1.5", status: 400, body: "pagesize"},
		{rule: "pages", query: "pagesize=501", ros: "9 10 11 12"},
	}
}

func checksOfForms() []check {
	const opened = "filter=RONumber[EQ]10&select=RODateOpened,RODateInvoiced"
	return []check{
		{rule: "types", query: "filter=RONumber[EQ]10&select=RONumber,Branch,InvoiceNumber,BillingCustomerNumber,IsVoided",
			body: `^\[\{"RONumber":10,"Branch":"EAST","InvoiceNumber":"77","BillingCustomerNumber":"2207","IsVoided":false\}\]$`},
		{rule: "original-type", query: "filter=RONumber[EQ]11&select=OriginalRONumber", body: `\[\{"OriginalRONumber":9\}\]`},
		{rule: "form-bit", query: "filter=RONumber[EQ]12&select=IsVoided,IsROCompleted", body: `"IsVoided":true,"IsROCompleted":false`},
		{rule: "form-datetime", query: opened, body: `"RODateOpened":"2026-11-02T08:30:00"`},
		{rule: "form-zone", query: opened, body: `"2026-11-02T08:30:00","RODateInvoiced":"2026-11-05T08:30:00"`},
		{rule: "form-money", query: "select=TotalROCharges", body: `:1234\.50\b`},
		{rule: "form-empty", query: "filter=RONumber[EQ]9&select=OriginalRONumber,VIN,RODateInvoiced",
			body: `"OriginalRONumber":null,"VIN":null,"RODateInvoiced":null`},
		{rule: "form-mark", prepare: writing(karmaktest.Rendering{ByteOrderMark: true}), body: "^\ufeff\\["},
		{rule: "malformed", prepare: withRO(karmaktest.RO{Number: "8", Malformed: map[string]json.RawMessage{
			"RONumber": json.RawMessage("null"), "IsBillingCustomerWarranty": json.RawMessage("-1"),
			"RODateOpened": json.RawMessage(`"soon"`),
		}}), query: "filter=RONumber[EQ]8&select=RONumber,IsBillingCustomerWarranty,RODateOpened",
			body: `^\[\{"RONumber":null,"IsBillingCustomerWarranty":-1,"RODateOpened":"soon"\}\]$`},
		{rule: "duplicates", prepare: withRO(karmaktest.RO{Number: "8", Duplicates: 2}), query: "pagesize=4", ros: "8 8 8 9"},
		{rule: "age", query: "select=RONumber,ROAge&filter=RONumber[IN]9|10", body: `"RONumber":9,"ROAge":22.*"RONumber":10,"ROAge":3`},
	}
}

func checksOfOtherForms() []check {
	const opened = "filter=RONumber[EQ]10&select=RODateOpened,RODateInvoiced"
	dates := func(form string) func(*unity) { return writing(karmaktest.Rendering{Dates: form}) }
	list := []check{
		{rule: "form-others", prepare: dates("rfc3339"), query: opened, body: `"2026-11-02T08:30:00Z"`},
		{rule: "form-others", prepare: dates("space"), query: opened, body: `"2026-11-02 08:30:00"`},
		{rule: "form-others", prepare: dates("day"), query: opened, body: `"2026-11-02"`},
		{rule: "form-others", prepare: dates("us"), query: opened, body: `"11-02-2026"`},
		{rule: "form-others", prepare: dates("us-time"), query: opened, body: `"11-02-2026 08:30:00"`},
		{rule: "form-others", prepare: writing(karmaktest.Rendering{NoDate: "1899-12-30"}),
			query: "filter=RONumber[EQ]9&select=RODateInvoiced", body: `"1899-12-30T00:00:00"`},
		{rule: "form-others", prepare: writing(karmaktest.Rendering{NoDate: "0001-01-01", Dates: "us"}),
			query: "filter=RONumber[EQ]9&select=RODateInvoiced", body: `"01-01-0001"`},
		{rule: "form-others", prepare: writing(karmaktest.Rendering{Empty: "missing"}),
			query: "filter=RONumber[EQ]9&select=RONumber,VIN", body: `^\[\{"RONumber":9\}\]$`},
		{rule: "form-others", prepare: writing(karmaktest.Rendering{Empty: "blank"}), query: "filter=RONumber[EQ]9&select=VIN",
			body: `"VIN":""`},
	}
	for numbers, want := range map[string]string{"string": `"11","O":"9","I":"78"`, "mixed": `11,"O":"9","I":"78"`,
		"number":  `11,"O":9,"I":78`,
		"decimal": `11.00,"O":9.00,"I":"78"`} {
		list = append(list, check{rule: "form-others", prepare: writing(karmaktest.Rendering{Numbers: numbers}),
			query: "filter=RONumber[EQ]11&select=RONumber,OriginalRONumber:O,InvoiceNumber:I", body: `"RONumber":` + want})
	}
	for booleans, want := range map[string]string{"int": "1 0", "minus": "-1 0", "decimal": "1.0 0.0", "yn": `"Y" "N"`} {
		yes, no, _ := strings.Cut(want, " ")
		list = append(list, check{rule: "form-others", prepare: writing(karmaktest.Rendering{Booleans: booleans}),
			query: "filter=RONumber[EQ]12&select=IsVoided,IsROCompleted", body: fmt.Sprintf(`"IsVoided":%s,"IsROCompleted":%s\}`, yes, no)})
	}
	return list
}

func checksOfTheSystem() []check {
	branchRule := func(status int) func(*unity) { return withRule(func(r *karmaktest.Rules) { r.Branches = status }) }
	statusPath := func(path string) func(*unity) { return withRule(func(r *karmaktest.Rules) { r.StatusPath = path }) }
	notActivated := func(status int) func(*unity) {
		return struck(karmaktest.Fault{Kind: karmaktest.NotActivated, Status: status})
	}
	const older = "/api/unity/v1/unityapi/System/System/Status"
	return []check{
		{rule: "branches", prepare: withBranches, path: branches,
			body: `^\[\{"ID":"1","BranchCode":"EAST","BranchName":"Eastside","CustomerBaseBranchID":"1"\}\]$`},
		{rule: "branches-refused", prepare: branchRule(403), path: branches, status: 403, body: "Branch"},
		{rule: "branches-refused", prepare: branchRule(404), path: branches, status: 404, body: "Branch"},
		{rule: "branches-refused", prepare: func(u *unity) { u.set(func(a *karmaktest.Account) { a.FusionVersion = "3.61.9.0" }) },
			path: branches, status: 404},
		{rule: "task-branch", path: tasks, query: "select=TaskNumber,Branch&filter=Branch[EQ]EAST,TaskNumber[EQ]2",
			body: `^\[\{"TaskNumber":2,"Branch":"EAST"\}\]$`},
		{rule: "task-branch", prepare: withRule(func(r *karmaktest.Rules) { r.NoTaskBranch = true }), path: tasks,
			query: "select=TaskNumber&filter=Branch[EQ]EAST", status: 400, body: "Branch"},
		{rule: "branches-derived", path: branches, body: `"BranchCode":"EAST".*"BranchCode":"WEST"`},
		{rule: "status", path: status, body: `^\{"IsOnline":true,"BridgeVersion":"3.62.0.0","FusionVersion":"3.62.0.0","Account":"a",` +
			`"User":"u",` +
			`"Message":"[^"]+","ProcessGUID":"[0-9a-f]{32}"\}$`},
		{rule: "status-older", path: older, status: 404, body: "System/System/Status"},
		{rule: "status-older", prepare: statusPath("older"), path: older, body: `"IsOnline":true`},
		{rule: "status-older", prepare: statusPath("older"), path: status, status: 404},
		{rule: "status-older", prepare: statusPath("both"), path: older, body: `"IsOnline":true`},
		{rule: "status-older", prepare: statusPath("none"), path: status, status: 404},
		{rule: "offline", prepare: struck(karmaktest.Fault{Kind: karmaktest.Offline}), status: 504, body: "Fusion is offline"},
		{rule: "offline", prepare: struck(karmaktest.Fault{Kind: karmaktest.Offline}), path: branches, status: 504},
		{rule: "offline", prepare: struck(karmaktest.Fault{Kind: karmaktest.Offline}), path: status, body: `"IsOnline":false`},
		{rule: "offline", prepare: struck(karmaktest.Fault{Kind: karmaktest.Offline, Call: karmaktest.CallStatus}), ros: "9 10 11 12"},
		{rule: "not-activated", prepare: notActivated(0), status: 403, body: "RepairOrderHeader"},
		{rule: "not-activated", prepare: notActivated(404), status: 404, body: "no such view: RepairOrderHeader"},
		{rule: "not-activated", prepare: notActivated(400), query: "select=RONumber,OriginalRONumber", status: 400,
			body: `no column \\"OriginalRONumber\\"`},
		{rule: "not-activated", prepare: notActivated(400), query: "filter=OriginalRONumber[EQ]1", status: 400,
			body: `no column \\"OriginalRONumber\\"`},
		{rule: "not-activated", prepare: notActivated(400), ros: "9 10 11 12"},
		{rule: "not-only-guid", prepare: struck(karmaktest.Fault{Kind: karmaktest.NotOnlyGUID}),
			body: `^\{"ProcessGUID":"[0-9a-f]{32}","Message":"`},
	}
}

func checksOfCodes() (list []check) {
	for _, code := range []int{400, 401, 403, 404, 408, 415, 429, 500, 502, 504, 515} {
		for _, path := range []string{headers, status, branches} {
			list = append(list, check{rule: "codes", prepare: struck(karmaktest.Fault{Account: "a", Kind: karmaktest.StatusError,
				Status: code, After: 1}),
				path: path, status: code, body: `^\{"message":"[A-Z]`})
		}
	}
	return list
}
