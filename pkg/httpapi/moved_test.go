package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// newer is north after Karmak has moved it to the newer interface.
var newer = relatedro.Connection{Kind: karmak.ReportDataAccess, Account: "03900", Branch: "01"}

const movedKarmak = `{"kind":"rda","accountNumber":"03900","branch":"01"}`

// karmakMoved makes Karmak move a dealer: Unity rejects the previous account afterwards.
func (w *world) karmakMoved(connection relatedro.Connection) {
	w.Helper()
	w.karmakActive(connection)
	if err := w.karmak.UpdateAccount(connection.Account, func(a *karmaktest.Account) { a.Number = newer.Account }); err != nil {
		w.Fatal(err)
	}
	if err := w.karmak.Move(connection.Account, karmaktest.ReportDataAccess); err != nil {
		w.Fatal(err)
	}
}

func saying(status, dms, karmak, more string) string {
	return fmt.Sprintf(`{"status":%q,"dms":%q,"karmak":%s%s}`, status, dms, karmak, more)
}

// putBody sends settings with the given version in If-Match.
func (c caller) putBody(version int, body string) response {
	c.Helper()
	return c.send("PUT", settingsPath, body, "If-Match", fmt.Sprintf(`"%d"`, version))
}

// withList returns a world in which loc-100 is enabled and has a case with one related RO.
func withList(t *testing.T) *world {
	t.Helper()
	w, _ := enabled(t)
	w.save(aCase("loc-100", "case-1", "50123", north, alternate("50124", "50123")))
	return w
}

type listed struct {
	RelatedCount  int
	FeatureStatus string
	NotApplicable bool
	Retrieval     struct{ Outcome, Reason, RetrievedAt string }
}

func (c caller) listed() (l listed) {
	c.Helper()
	c.get("/v1/locations/loc-100/cases/case-1/related-ros").want(c, 200).decode(c, &l)
	return l
}

func TestDealerWhoIsMovedKeepsItsLists(t *testing.T) {
	w := withList(t)
	before := w.as(relatedro.ServiceAdvisor, "loc-100").listed()
	w.karmakMoved(north)
	support := w.as(relatedro.Support, "loc-100")
	r := support.putBody(1, saying("ENABLED", "KARMAK_FUSION", movedKarmak, `,"sameDealer":true`)).want(t, 200)
	if want := `"karmak":{"account":"","user":"","branch":"01","kind":"rda","accountNumber":"03900"}`; !strings.Contains(r.body, want) {
		t.Errorf("got %s, want it to contain %s", r.body, want)
	}
	w.restart()
	advisor := w.as(relatedro.ServiceAdvisor, "loc-100")
	if after := advisor.listed(); after != before || after.RelatedCount != 1 || after.Retrieval.RetrievedAt == "" {
		t.Errorf("list before the move %+v, after the move %+v", before, after)
	}
	// A manager sends the settings back unchanged, which must keep the list.
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.putBody(2, saying("DISABLED", "KARMAK_FUSION", `{"account":"","user":"","branch":"01","kind":"rda","accountNumber":"03900"}`,
		"")).want(t, 200)
	if after := advisor.listed(); after.RelatedCount != 1 {
		t.Errorf("list after disabling: %+v", after)
	}
	history := manager.get(settingsPath+"/history").want(t, 200)
	if !strings.Contains(history.body, `"accountNumber":"03900"`) {
		t.Errorf("unexpected history: %s", history.body)
	}
}

// Unless support confirms the same dealer, the connection may belong to another dealer, and the
// location must not show the list.
func TestAnotherKindMayBeAnotherDealer(t *testing.T) {
	w := withList(t)
	w.karmakMoved(north)
	w.as(relatedro.Support, "loc-100").putBody(1, saying("ENABLED", "KARMAK_FUSION", movedKarmak, "")).want(t, 200)
	w.restart()
	if l := w.as(relatedro.ServiceAdvisor, "loc-100").listed(); l.RelatedCount != 0 || l.Retrieval.Reason != "connection_changed" {
		t.Errorf("unexpected list: %+v", l)
	}
}

func TestAccountNumberThatWasMistypedIsCorrected(t *testing.T) {
	w := withList(t)
	support := w.as(relatedro.Support, "loc-100")
	mistyped := strings.Replace(movedKarmak, "03900", "03901", 1)
	support.putBody(1, saying("DISABLED", "KARMAK_FUSION", mistyped, `,"sameDealer":true`)).want(t, 200)
	support.putBody(2, saying("DISABLED", "KARMAK_FUSION", movedKarmak, `,"sameDealer":true`)).want(t, 200)
	if l := support.listed(); l.RelatedCount != 1 {
		t.Errorf("unexpected list: %+v", l)
	}
}

func TestSameDealerIsRefusedWhereItCannotBe(t *testing.T) {
	for name, body := range map[string]string{
		"no change":          wanting(relatedro.Disabled, north),
		"another account":    wanting(relatedro.Disabled, relatedro.Connection{Account: "x", User: "y", Branch: "01"}),
		"another branch too": saying("DISABLED", "KARMAK_FUSION", strings.Replace(movedKarmak, `"01"`, `"02"`, 1), ""),
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := enabled(t)
			body := strings.TrimSuffix(body, "}") + `,"sameDealer":true}`
			w.as(relatedro.Support, "loc-100").putBody(1, body).problem(t, 400, "bad-input", "sameDealer")
		})
	}
}

func TestKindsAreRefusedForWhatTheyLack(t *testing.T) {
	for name, c := range map[string]struct {
		status, karmak string
		fields         []string
	}{
		"no number":             {"DISABLED", `{"kind":"rda","branch":""}`, []string{"karmak.accountNumber"}},
		"enabled, number empty": {"ENABLED", `{"kind":"rda","accountNumber":"","branch":""}`, []string{"karmak.accountNumber"}},
		"an account too": {"DISABLED", `{"kind":"rda","accountNumber":"1","account":"a","user":"u","branch":""}`,
			[]string{"karmak.account"}},
		"a number at Unity": {"DISABLED", `{"kind":"unity","account":"a","user":"u","accountNumber":"1","branch":""}`,
			[]string{"karmak.accountNumber"}},
		"another kind":          {"DISABLED", `{"kind":"soap","account":"a","user":"u","branch":""}`, []string{"karmak.kind"}},
		"an empty kind":         {"DISABLED", `{"kind":"","account":"a","user":"u","branch":""}`, []string{"karmak.kind"}},
		"a blank in the number": {"DISABLED", `{"kind":"rda","accountNumber":"0 1","branch":""}`, []string{"karmak.accountNumber"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := enabled(t)
			w.as(relatedro.Support, "loc-100").putBody(1, saying(c.status, "KARMAK_FUSION", c.karmak, "")).problem(t, 400, "bad-input",
				c.fields...)
		})
	}
}

func TestKindIsSupportsToChoose(t *testing.T) {
	w, _ := enabled(t)
	manager := w.as(relatedro.ServiceManager, "loc-100")
	manager.putBody(1, saying("ENABLED", "KARMAK_FUSION", movedKarmak, `,"sameDealer":true`)).problem(t, 403, "forbidden", "karmak")
	manager.send("POST", settingsPath+"/verify", `{"karmak":`+movedKarmak+`}`).problem(t, 403, "forbidden", "karmak")
}

// A connection of kind unity equals one without a kind.
func TestUnityByItsName(t *testing.T) {
	w, _ := enabled(t)
	w.karmakActive(north)
	named := strings.Replace(wanting(relatedro.Enabled, north), `{"account"`, `{"kind":"unity","account"`, 1)
	r := w.as(relatedro.ServiceManager, "loc-100").putBody(1, named).want(t, 200)
	if strings.Contains(r.body, "kind") {
		t.Errorf("response has a field that older clients do not know: %s", r.body)
	}
}

func TestVerifyAsksByTheChosenKind(t *testing.T) {
	w, _ := enabled(t)
	w.karmakMoved(north)
	support := w.as(relatedro.Support, "loc-100")
	for body, want := range map[string]string{`{"karmak":` + movedKarmak + `}`: "active"} {
		var s settingsAnswer
		support.send("POST", settingsPath+"/verify", body).want(t, 200).decode(t, &s)
		if s.Activation.State != want || s.Activation.FusionVersion != nil {
			t.Errorf("unexpected activation: %+v", s.Activation)
		}
	}
	w.clock.advance(relatedro.VerifyPeriod)
	var s settingsAnswer
	if support.send("POST", settingsPath+"/verify", "").want(t, 200).decode(t, &s); s.Activation.State == "active" {
		t.Errorf("unexpected activation with Unity: %+v", s.Activation)
	}
}

func TestNewerInterfaceListsNoBranches(t *testing.T) {
	w, _ := enabled(t)
	w.karmakMoved(north)
	support := w.as(relatedro.Support, "loc-100")
	support.putBody(1, saying("ENABLED", "KARMAK_FUSION", movedKarmak, "")).want(t, 200)
	r := support.get(settingsPath + "/branches")
	r.problem(t, 409, "branches-unknown")
	if !strings.Contains(r.body, "does not list an account's branches") {
		t.Error(r.body)
	}
}

// A DMS that keeps all pay types on one RO has no related ROs, so no response may say that none
// were found.
func TestNotApplicable(t *testing.T) {
	w := withList(t)
	support := w.as(relatedro.Support, "loc-100")
	support.putBody(1, saying("ENABLED", "SINGLE_RO", `{"account":"","user":"","branch":""}`, "")).problem(t, 400, "bad-input", "status")
	asked := w.karmak.Counts().Total
	support.putBody(1, saying("DISABLED", "SINGLE_RO", `{"account":"","user":"","branch":""}`, "")).want(t, 200)
	if n := w.karmak.Counts().Total; n != asked {
		t.Errorf("Karmak received %d requests, want none", n-asked)
	}
	w.restart()
	advisor := w.as(relatedro.ServiceAdvisor, "loc-100")
	if l := advisor.listed(); !l.NotApplicable || l.RelatedCount != 0 || l.Retrieval.Outcome != "failed" ||
		l.Retrieval.Reason != "not_applicable" || l.FeatureStatus != "DISABLED" {
		t.Errorf("unexpected case: %+v", l)
	}
	batch := advisor.send("POST", "/v1/related-ros/batch-get",
		`{"cases":[{"locationId":"loc-100","caseId":"case-1"},{"locationId":"loc-100","caseId":"unknown"},{"locationId":"loc-200",`+
			`"caseId":"case-1"}]}`).want(t, 200)
	for _, want := range []string{
		`"notApplicable":true},{`, `{"found":false,"locationId":"loc-100","caseId":"unknown","notApplicable":true}`,
		`{"found":false,"locationId":"loc-200","caseId":"case-1"}`,
	} {
		if !strings.Contains(batch.body, want) {
			t.Errorf("batch response %s lacks %s", batch.body, want)
		}
	}
	for _, asset := range []string{"asset-77", "unknown"} {
		if r := advisor.get("/v1/locations/loc-100/assets/"+asset+"/related-ros").want(t, 200); !strings.Contains(r.body,
			`,"notApplicable":true}`) {
			t.Errorf("asset %s: unexpected response: %s", asset, r.body)
		}
	}
	if r := advisor.get("/v1/locations/loc-100/open-warranty-ros").want(t, 200); !strings.Contains(r.body, `"notApplicable":true`) {
		t.Errorf("unexpected open warranty ROs: %s", r.body)
	}
	r := support.send("POST", "/v1/locations/loc-100/cases/case-1/refresh", "")
	r.problem(t, 409, "location-disabled")
	if !strings.Contains(r.body, "all pay types on one RO") {
		t.Error(r.body)
	}
	w.as(relatedro.ServiceManager, "loc-100").put(2, relatedro.Disabled, relatedro.Connection{}).problem(t, 403, "forbidden", "dms")
}
