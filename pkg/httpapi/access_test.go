package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

// everyRole contains all roles.
var everyRole = []relatedro.Role{
	relatedro.Administrator, relatedro.ServiceManager, relatedro.ServiceAdvisor, relatedro.FieldManager, relatedro.Support,
}

// marker occurs in all stored data of loc-200.
const marker = "Xq7-MARKER"

// seedTwo stores similar data at loc-100 and loc-200, with the marker in that of loc-200.
func (w *world) seedTwo() {
	w.Helper()
	w.setUp("loc-100", relatedro.Enabled, north)
	secret := relatedro.Connection{Account: marker + "-account", User: marker + "-user", Branch: marker}
	w.change(relatedro.Change{ID: marker, At: noon, By: marker, After: relatedro.Settings{
		Location: "loc-200", Status: relatedro.Enabled, Connection: secret,
		Activation: relatedro.Activation{State: relatedro.Active, Version: marker, Message: marker},
	}})
	for i := range relatedro.PageSize + 1 { // so that there is a second page
		id := fmt.Sprintf("case-%d", i+1)
		own := aCase("loc-100", id, "50", north, alternate("51", "50"))
		own.FirstEventAt = noon.Add(time.Duration(i) * time.Minute)
		w.save(own)
		foreign := aCase("loc-200", id, "50", secret, relatedro.RelatedRO{
			RO: marker, MadeFrom: marker, Relation: relatedro.Alternate, Status: relatedro.ROOpen, BillTo: marker, InvoiceNumber: marker,
			Warranty: true, OpenedAt: marker, TotalCharges: marker,
		})
		foreign.Number, foreign.Stated.ID, foreign.Retrieval.EventID, foreign.Retrieval.Message = marker, marker, marker, marker
		foreign.FirstEventAt = own.FirstEventAt
		foreign.Past = []relatedro.PastRetrieval{{At: noon, LastAt: noon, Times: 1, Outcome: relatedro.OutcomeOK,
			Added: relatedro.Numbers{Named: []string{marker}}}}
		w.save(foreign)
	}
	for _, queue := range []relatedro.QueueName{relatedro.ExportQueue, relatedro.CloseQueue} {
		w.setAside(queue, fmt.Sprintf(`{"id":%q,"locationId":"loc-200","caseId":%q}`, marker, marker),
			map[string]string{"errorCode": marker, "errorMessage": marker})
	}
}

// operation is an operation of the contract with a request that succeeds at loc-100 for a caller
// with the right role.
type operation struct {
	name, method, path string
	roles              []string
	body               string
	headers            []string
}

// operations returns every operation of the contract that requires a token.
func operations(t *testing.T) []operation {
	t.Helper()
	queries := map[string]string{"search": "?locationId=loc-100&ro=50", "listDeadLetters": "?queue=close"}
	bodies := map[string]string{
		"batchGetCases": `{"cases":[{"locationId":"loc-200","caseId":"case-1"},{"locationId":"loc-100","caseId":"case-1"}]}`,
		"putSettings":   wanting(relatedro.Disabled, north), "redriveDeadLetters": `{"queue":"export"}`,
		"deleteDeadLetters": `{"queue":"export","messageIds":["none"]}`,
	}
	var all []operation
	for path, item := range theContract(t).doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.Security != nil && len(*o.Security) == 0 {
				continue
			}
			full := strings.NewReplacer("{locationId}", "loc-100", "{caseId}", "case-1", "{assetId}",
				"asset-77").Replace(path) + queries[o.OperationID]
			one := operation{name: o.OperationID, method: method, path: full, body: bodies[o.OperationID]}
			if one.name == "putSettings" {
				one.headers = []string{"If-Match", `"1"`}
			}
			for _, role := range o.Extensions["x-roles"].([]any) {
				one.roles = append(one.roles, role.(string))
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.name, b.name) })
	return all
}

// TestWhoMayDoWhatWhere sends every operation with every role, for callers with the request's
// location, another location, every location and none.
func TestWhoMayDoWhatWhere(t *testing.T) {
	for _, o := range operations(t) {
		// Operations across locations omit data of other locations instead of rejecting the caller.
		anywhere := o.name == "batchGetCases" || o.name == "listLocations" || o.name == "listDeadLetters" ||
			o.name == "redriveDeadLetters" || o.name == "deleteDeadLetters"
		t.Run(o.name, func(t *testing.T) {
			t.Parallel() // receiving from an empty queue takes a second
			w := newWorld(t)
			w.seedTwo()
			if r := w.stranger().send(o.method, o.path, o.body, o.headers...); r.status != 401 {
				t.Errorf("without a token: got %d, want 401: %s", r.status, r.body)
			}
			for _, role := range everyRole {
				mayAtAll := slices.Contains(o.roles, string(role))
				for name, c := range map[string]struct {
					locations []string
					granted   bool
				}{
					"own":   {[]string{"loc-100"}, mayAtAll},
					"other": {[]string{"loc-300"}, mayAtAll && anywhere},
					"none":  {[]string{}, false},
				} {
					subject := fmt.Sprintf("%s, %s location", role, name)
					r := w.as(role, c.locations...).send(o.method, o.path, o.body, o.headers...)
					checkGranted(t, subject, r, c.granted)
					if strings.Contains(r.body, marker) {
						t.Errorf("%s: response contains data of loc-200: %s", subject, r.body)
					}
				}
				checkGranted(t, string(role)+" everywhere", w.as(role, "*").send(o.method, o.path, o.body, o.headers...), mayAtAll)
			}
		})
	}
}

// checkGranted checks whether the request was authorized. The result of an authorized request
// depends on the earlier requests.
func checkGranted(t *testing.T, subject string, r response, granted bool) {
	t.Helper()
	if refused := r.status == http.StatusForbidden; refused == granted || r.status == http.StatusUnauthorized || r.status >= 500 {
		t.Errorf("%s: want granted %t, got %d %s", subject, granted, r.status, r.body)
	}
}

func TestBatchDoesNotTellForeignFromUnknown(t *testing.T) {
	w := newWorld(t)
	w.seedTwo()
	advisor := w.as(relatedro.ServiceAdvisor, "loc-100")
	ask := func(location, id string) string {
		body := fmt.Sprintf(`{"cases":[{"locationId":%q,"caseId":%q}]}`, location, id)
		return advisor.send("POST", batchGet, body).want(t, 200).body
	}
	foreign, unknown := ask("loc-200", "case-1"), ask("loc-200", "case-9999")
	if foreign != strings.Replace(unknown, "case-9999", "case-1", 1) {
		t.Errorf("responses differ: foreign %s, unknown %s", foreign, unknown)
	}
}

func TestClaims(t *testing.T) {
	w := newWorld(t)
	w.setUp("loc-100", relatedro.Enabled, north)
	list := func(words ...string) []string { return words }
	for name, c := range map[string]struct {
		roles, locations any
		status           int
	}{
		"arrays":                  {list("support"), list("loc-100"), 200},
		"several":                 {list("service_advisor", "administrator"), list("loc-200", "loc-100"), 200},
		"plain strings":           {"support", "loc-100", 200},
		"everywhere":              {"support", "*", 200},
		"everywhere, among ids":   {"support", list("loc-200", "*"), 200},
		"a role unknown here too": {list("technician", "support"), list("loc-100"), 200},
		"no roles":                {nil, list("loc-100"), 403},
		"no locations":            {list("support"), nil, 403},
		"empty roles":             {list(), list("loc-100"), 403},
		"empty locations":         {list("support"), list(), 403},
		"an empty string":         {"support", "", 403},
		"unknown role":            {list("root"), list("loc-100"), 403},
		"a role in another case":  {list("Support"), list("loc-100"), 403},
		"roles with blanks":       {"support administrator", list("loc-100"), 403},
		"locations with commas":   {"support", "loc-100,loc-200", 403},
		"a location with a blank": {"support", list("loc 100", "loc-100 "), 403},
		"a prefix of a location":  {"support", list("loc-1"), 403},
		"a pattern":               {"support", list("loc-*"), 403},
		"nested arrays":           {"support", []any{list("loc-100")}, 403},
		"numbers":                 {"support", 100, 403},
		"an object":               {"support", map[string]any{"loc-100": true}, 403},
		"true":                    {true, true, 403},
		"null":                    {list("support"), []any{nil}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			claims := map[string]any{"sub": "user-7"}
			if c.roles != nil {
				claims["roles"] = c.roles
			}
			if c.locations != nil {
				claims["locations"] = c.locations
			}
			if r := w.claiming(claims).get(settingsPath); r.status != c.status {
				t.Errorf("got status %d, want %d: %s", r.status, c.status, r.body)
			}
		})
	}
}

func TestTokensThatTheGatewayRefuses(t *testing.T) {
	w := newWorld(t)
	for name, claims := range map[string]map[string]any{
		"expired":          {"exp": noon.Add(-time.Minute).Unix()},
		"of another":       {"iss": "https://elsewhere.invalid"},
		"for another":      {"aud": "another-api"},
		"not yet":          {"nbf": noon.Add(time.Minute).Unix()},
		"nobody's at all":  {"iss": nil, "aud": nil},
		"with a list aud ": {"aud": []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			claims["roles"], claims["locations"] = "support", "*"
			w.claiming(claims).get(settingsPath).want(t, 401)
		})
	}
}
