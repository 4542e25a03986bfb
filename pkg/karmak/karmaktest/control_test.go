package karmaktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

// control sends body, if any, to the control API.
func (u *unity) control(method, path, body string) reply {
	u.t.Helper()
	return u.do(u.request(method, "/control/"+path, body))
}

func TestControlChangesData(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.control("POST", "account", `{"id":"a","users":["u"],"fusionVersion":"4.1"}`).expect(t, 200)
	u.control("POST", "ro", `{"account":"a","ro":{"number":"1","branch":"EAST","vin":"V","tasks":[{"number":1}]}}`).expect(t, 200,
		`"number":"1"`)
	u.control("POST", "spinoff", `{"account":"a","from":"1","branch":"EAST","ro":{"number":"2"}}`).expect(t, 200, `"original":"1"`,
		`"vin":"V"`)
	u.get(status).expect(t, 200, `"FusionVersion":"4.1"`)
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]1"), "2")

	u.control("PATCH", "ro", `{"account":"a","number":"1","branch":"EAST","set":{"status":"INVOICED","voided":true,`+
		`"tasks":[{"number":2}]}}`).
		expect(t, 200, `"status":"INVOICED"`, `"vin":"V"`, `"lastUpdate"`, `"tasks":[{"number":2}]`)
	equal(t, u.numbers("filter", "IsVoided[EQ]1"), "1")
	u.control("PATCH", "ro", `{"account":"a","number":"1","branch":"EAST","set":{"number":"3"}}`).expect(t, 200, `"number":"3"`,
		`"tasks":[{"number":2}]`)

	u.control("PATCH", "ro", `{"account":"a","number":"3","branch":"EAST","set":{"invoicedAt":"2026-11-05T08:00:00Z",`+
		`"invoiceNumber":"7"}}`).expect(t, 200)
	equal(t, u.numbers("filter", "RODateInvoiced[EQ]NULL,InvoiceNumber[EQ]NULL"), "2")
	u.control("PATCH", "ro", `{"account":"a","number":"3","branch":"EAST","set":{"invoicedAt":null,"invoiceNumber":null}}`).expect(t, 200)
	equal(t, u.numbers("filter", "RODateInvoiced[EQ]NULL,InvoiceNumber[EQ]NULL"), "2 3")
	u.control("PATCH", "ro", `{"account":"a","number":"3","branch":"EAST","set":{"tasks":null,"Status":"DONE"}}`).expect(t, 200,
		`"status":"DONE"`)
	equal(t, len(u.rows(tasks)), 0)

	u.control("DELETE", "ro?account=a&number=2&branch=EAST", "").expect(t, 204)
	equal(t, u.numbers(), "3")
}

func TestControlChangesSettingsOfAnAccount(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1", "2", "3")
	u.control("PATCH", "account", `{"id":"a","set":{"maxPageSize":2,"rules":{"branches":403},"rendering":{"noRows":"array"}}}`).
		expect(t, 200, `"users":["u","v"]`, `"maxPageSize":2`)
	equal(t, u.numbers(), "1 2")
	u.get(branches).expect(t, 403)
	equal(t, u.get(headers, "page", "3").body, "[]")
}

func TestControlSetsAndClearsFaults(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.control("POST", "fault", `{"account":"a","call":"RepairOrderHeader","kind":"status_error","status":502,"latency":"1ms"}`).
		expect(t, 200, `"latency":"1ms"`)
	u.get(headers).expect(t, 502)
	u.control("GET", "state", "").expect(t, 200, `"status":502`)
	u.control("DELETE", "faults", "").expect(t, 204)
	u.get(headers).expect(t, 200)
}

func TestControlReturnsCountsAndRequests(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.control("GET", "requests", "").expect(t, 200, "[]")
	u.get(headers, "page", "1")
	u.control("GET", "counts", "").expect(t, 200, `"total":2`, `"calls":{"RepairOrderHeader":1,"token":1}`)
	u.control("GET", "requests", "").expect(t, 200, `"url":"/api/unity/v1/unityapi/frw/RepairOrderHeader?page=1&select=RONumber"`)
	u.control("DELETE", "counts", "").expect(t, 204)
	u.control("GET", "counts", "").expect(t, 200, `"total":0`)
}

func TestControlStateCanBeLoaded(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1@EAST", "2<1@EAST")
	u.must(u.SetFault(karmaktest.Fault{Account: "a", Kind: karmaktest.Hang, Times: 3, After: 1}))
	state := u.control("GET", "state", "")
	other := start(t, karmaktest.Config{})
	other.control("POST", "load", state.body).expect(t, 204)
	equal(t, other.control("GET", "state", "").body, state.body)
	var one struct{ Accounts []karmaktest.Account }
	u.must(json.Unmarshal([]byte(u.control("GET", "state?account=b", "").body), &one))
	equal(t, len(one.Accounts), 1)
	equal(t, one.Accounts[0].ID, "b")
}

func TestControlRefusalNamesTheField(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1", "2")
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no body", "POST", "account", ``, 400, "nothing there"},
		{"no JSON", "POST", "account", `id=a`, 400, "invalid character"},
		{"more than one value", "POST", "account", `{"id":"c"}{}`, 400, "something follows"},
		{"unknown field", "POST", "account", `{"id":"c","name":"x"}`, 400, "name"},
		{"wrong type", "POST", "ro", `{"account":"a","ro":{"number":5}}`, 400, "number"},
		{"no id", "POST", "account", `{"users":["u"]}`, 400, "id: missing"},
		{"empty user", "POST", "account", `{"id":"c","users":[""]}`, 400, "users: "},
		{"unknown rendering", "POST", "account", `{"id":"c","rendering":{"booleans":"tf"}}`, 400, "rendering.booleans"},
		{"no day", "POST", "account", `{"id":"c","rendering":{"noDate":"never"}}`, 400, "rendering.noDate"},
		{"unknown rule", "POST", "account", `{"id":"c","rules":{"badNumber":418}}`, 400, "rules.badNumber"},
		{"unknown status path", "POST", "account", `{"id":"c","rules":{"statusPath":"new"}}`, 400, "rules.statusPath"},
		{"negative page", "PATCH", "account", `{"id":"a","set":{"maxPageSize":-1}}`, 400, "set.maxPageSize"},
		{"another id", "PATCH", "account", `{"id":"a","set":{"id":"c"}}`, 400, "set.id"},
		{"ROs of an account", "PATCH", "account", `{"id":"a","set":{"ros":[]}}`, 400, "set.ros"},
		{"unknown account to change", "PATCH", "account", `{"id":"x","set":{}}`, 404, `account \"x\"`},
		{"malformed in no column", "POST", "ro", `{"account":"a","ro":{"number":"1","malformed":{"Mileage":1}}}`, 400, "ro.malformed"},
		{"an account's RO", "POST", "account", `{"id":"c","ros":[{"number":"1"},{}]}`, 400, "ros[1].number: missing"},
		{"no RO", "POST", "ro", `{"account":"a"}`, 400, "ro.number: missing"},
		{"no account", "POST", "ro", `{"ro":{"number":"1"}}`, 400, "account: missing"},
		{"no account to change", "PATCH", "ro", `{"number":"1","set":{}}`, 400, "account: missing"},
		{"no number to delete", "DELETE", "ro?account=a", ``, 400, "number: missing"},
		{"spinoff from nowhere", "POST", "spinoff", `{"account":"a","ro":{"number":"3"}}`, 400, "from: missing"},
		{"no number", "POST", "ro", `{"account":"a","ro":{}}`, 400, "ro.number: missing"},
		{"unknown account", "POST", "ro", `{"account":"x","ro":{"number":"1"}}`, 404, `account \"x\"`},
		{"nothing to set", "PATCH", "ro", `{"account":"a","number":"1"}`, 400, "set: missing"},
		{"unknown field to set", "PATCH", "ro", `{"account":"a","number":"1","set":{"state":"x"}}`, 400, "state"},
		{"number in use", "PATCH", "ro", `{"account":"a","number":"1","set":{"number":"2"}}`, 400, "set.number"},
		{"number emptied", "PATCH", "ro", `{"account":"a","number":"1","set":{"number":""}}`, 400, "set.number"},
		{"unknown RO", "PATCH", "ro", `{"account":"a","number":"9","set":{}}`, 404, `RO \"9\"`},
		{"unknown RO to delete", "DELETE", "ro?account=a&number=9", ``, 404, `RO \"9\"`},
		{"spinoff of nothing", "POST", "spinoff", `{"account":"a","from":"9","ro":{"number":"3"}}`, 404, `RO \"9\"`},
		{"spinoff with a number in use", "POST", "spinoff", `{"account":"a","from":"1","ro":{"number":"2"}}`, 400, "ro.number"},
		{"spinoff without RO", "POST", "spinoff", `{"account":"a","from":"1"}`, 400, "ro.number: missing"},
		{"unknown kind", "POST", "fault", `{"kind":"flood"}`, 400, "kind: "},
		{"unknown field of a fault", "POST", "fault", `{"kind":"hang","code":1}`, 400, "code"},
		{"no duration", "POST", "fault", `{"kind":"latency","latency":"2"}`, 400, "no duration"},
		{"fault of an unknown account", "POST", "fault", `{"account":"x","kind":"hang"}`, 404, `account \"x\"`},
		{"state of an unknown account", "GET", "state?account=x", ``, 404, `account \"x\"`},
		{"load with a wrong RO", "POST", "load", `{"accounts":[{"id":"c","ros":[{}]}]}`, 400, "accounts[0].ros[0].number: missing"},
		{"load with a wrong fault", "POST", "load", `{"faults":[{"kind":"hang","times":-1}]}`, 400, "faults[0].times"},
		{"unknown path", "GET", "nothing", ``, 404, ""},
		{"wrong method", "GET", "fault", ``, 405, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			u.in(t).control(test.method, test.path, test.body).expect(t, test.status, test.want)
		})
	}
}

func TestControlIsNeitherCountedNorStruck(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError}))
	u.control("GET", "counts", "").expect(t, 200, `"total":0`)
}

func TestLoadChangesNothingWhenSomethingIsWrong(t *testing.T) {
	u := start(t, karmaktest.Config{})
	err := u.Load(strings.NewReader(`{"accounts":[{"id":"c"},{"id":""}]}`))
	if err == nil || err.Error() != "accounts[1].id: missing" {
		t.Errorf("got %v", err)
	}
	if err := u.AddRO("c", karmaktest.RO{Number: "1"}); err == nil {
		t.Error("account c was added")
	}
}
