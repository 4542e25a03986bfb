package httpapi_test

import (
	"testing"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

const branchesPath = settingsPath + "/branches"

func TestBranchesAreThoseThatKarmakLists(t *testing.T) {
	w := newWorld(t)
	support := w.as(relatedro.Support, "loc-100")
	support.get(branchesPath).problem(t, 409, "not-connected")

	w.karmakActive(north)
	w.setUp("loc-100", relatedro.Disabled, north)
	if err := w.karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}); err != nil {
		t.Fatal(err)
	}
	support.get(branchesPath).problem(t, 409, "branches-unknown")
	w.karmak.ClearFaults()
	w.clock.advance(relatedro.FarAhead)
	if got := support.get(branchesPath).want(t, 200).body; got != `{"branches":[{"code":"01","name":"Dallas"},{"code":"02",`+
		`"name":"Tulsa"}]}` {
		t.Error(got)
	}

	w.as(relatedro.ServiceManager, "loc-100").get(branchesPath).problem(t, 403, "forbidden")
	w.as(relatedro.Support, "loc-200").get(branchesPath).problem(t, 403, "forbidden")
}
