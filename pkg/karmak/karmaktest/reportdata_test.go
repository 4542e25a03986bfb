package karmaktest_test

import (
	"net/http"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

const newer = "/ops/DataAccess/Frw/"

// moved starts a simulator whose account a, number 03900, is on the newer interface.
func moved(t *testing.T) *unity {
	t.Helper()
	u := withROs(t)
	u.set(func(a *karmaktest.Account) { a.Number = "03900" })
	u.must(u.Move("a", karmaktest.ReportDataAccess))
	return u
}

// ask requests path at the newer interface. header replaces the correct headers.
func (u *unity) ask(path string, header ...string) reply {
	u.t.Helper()
	if header == nil {
		header = []string{"Ocp-Apim-Subscription-Key: subscr1ption", "KarmakAccountNumber: 03900"}
	}
	return u.do(u.request("GET", path, "", header...))
}

func newerPath(t *testing.T) {
	u := moved(t)
	const query = "RepairOrderHeader?filter=OriginalRONumber[IN]9|10&select=RONumber,Branch&page=1&pagesize=100"
	u.ask(newer+query).expect(t, 200, `[{"RONumber":11,"Branch":"WEST"},{"RONumber":12,"Branch":"WEST"}]`)
	u.ask(newer+"RepairOrderTask?filter=RONumber[EQ]10&select=TaskNumber").expect(t, 200, `[{"TaskNumber":1},{"TaskNumber":2}]`)
	u.ask(newer+"RepairOrderHeader?filter=RONumber[EQ]99&select=RONumber").expect(t, 200, "ProcessGUID")
}

func newerKey(t *testing.T) {
	u := moved(t)
	path := lookup(newer + "RepairOrderHeader")
	u.ask(path, "KarmakAccountNumber: 03900").expect(t, 401, "subscription key")
	u.ask(path, "Ocp-Apim-Subscription-Key: other", "KarmakAccountNumber: 03900").expect(t, 401, "subscription key")
	u.RotateSubscriptionKey("other")
	u.ask(path, "Ocp-Apim-Subscription-Key: other", "KarmakAccountNumber: 03900").expect(t, 200)
	u.ask(path).expect(t, 401)
}

func newerAccount(t *testing.T) {
	u := moved(t)
	path, key := lookup(newer+"RepairOrderHeader"), "Ocp-Apim-Subscription-Key: subscr1ption"
	u.ask(path, key).expect(t, 400, "KarmakAccountNumber")
	u.ask(path, key, "KarmakAccountNumber: 3900").expect(t, 403)
	u.must(u.Move("a", karmaktest.Unity))
	u.ask(path).expect(t, 403)
}

func newerHasViewsAlone(t *testing.T) {
	u := moved(t)
	for _, path := range []string{"Branch", "System/Status", "RepairOrders"} {
		u.ask(lookup(newer+path)).expect(t, 404)
	}
}

// movedWhileItRuns checks that Unity refuses a moved account, even with a token issued before.
func movedWhileItRuns(t *testing.T) {
	u := withROs(t)
	token := u.token("a", "u")
	u.do(u.request("PATCH", "/control/account", `{"id":"a","set":{"accountNumber":"03900","face":"rda"}}`)).expect(t, 200)
	u.do(u.request("GET", lookup(headers), "", token)).expect(t, http.StatusUnauthorized)
	u.postForm(form()).expect(t, http.StatusUnauthorized, "invalid_grant")
	u.ask(lookup(newer+"RepairOrderHeader")).expect(t, 200)
	u.must(u.Move("a", karmaktest.Unity))
	u.do(u.request("GET", lookup(headers), "", token)).expect(t, 200)
}

func newerOffline(t *testing.T) {
	u := moved(t)
	u.must(u.SetFault(karmaktest.Fault{Account: "a", Kind: karmaktest.Offline}))
	u.ask(lookup(newer+"RepairOrderHeader")).expect(t, 504)
}

func TestAccountThatTheNewerInterfaceCannotName(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for _, face := range []string{karmaktest.ReportDataAccess, "soap"} {
		if err := u.Move("a", face); err == nil {
			t.Errorf("Move to %s succeeded", face)
		}
	}
}
