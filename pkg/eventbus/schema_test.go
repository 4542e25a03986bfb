package eventbus_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"related-ro/pkg/relatedro"
)

const schemas = "../../infra/contracts/schemas/"

// files maps each kind of event to its schema file.
func files() map[relatedro.NoticeKind]string {
	return map[relatedro.NoticeKind]string{
		relatedro.NoticeROsChanged: "related-ros-changed", relatedro.NoticeFailed: "retrieval-failed",
		relatedro.NoticeEnabled: "location-enabled", relatedro.NoticeDisabled: "location-disabled",
		relatedro.NoticeConnection: "connection-changed",
	}
}

// compiled returns the compiled schema of a kind.
func compiled(t *testing.T, kind relatedro.NoticeKind) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, file := range []string{"notice", files()[kind]} {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(read(t, file)))
		if err == nil {
			id, _ := document.(map[string]any)["$id"].(string)
			err = compiler.AddResource(id, document)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("urn:related-ro:notice:" + string(kind) + ":1")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(schemas, file+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	object, _ := value.(map[string]any)
	return object
}

// secrets maps each kind of data that no event may contain to an example.
func secrets() map[string]string {
	return map[string]string{
		"account": "6b1f6a3e-0b1c-4d7e-9a65-1f2f3c4d5e6f", "user": "0f0e0d0c-1111-4d7e-9a65-aaaaaaaaaaaa", "branch": "SECRET-BRANCH",
		"updatedBy": "ann.smith@dealer.example", "billToName": "Ann Smith", "customerName": "Fleet of Bob Jones", "token": "eyJhbGciOi",
		"invoiceNumber": "INV-SECRET", "message": "Please ask Ann Smith.",
	}
}

// everything returns a notice of each kind. Their cases and settings are full of secrets.
func everything() []relatedro.Notice {
	s := secrets()
	connection := relatedro.Connection{Account: s["account"], User: s["user"], Branch: s["branch"]}
	related := relatedro.RelatedRO{
		RO: "50124", MadeFrom: "50123", Relation: relatedro.Alternate, Status: relatedro.ROOpen, BillTo: s["billToName"], Warranty: true,
		InvoiceNumber: s["invoiceNumber"], OpenedAt: "2026-11-20T08:00:00", InvoicedAt: "2026-11-22",
	}
	invoiced, odd := related, related
	invoiced.Status = relatedro.ROInvoiced
	odd.RO, odd.Status, odd.BillTo, odd.Warranty = "50 125/A", "", s["customerName"], false
	before := relatedro.Case{
		Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1001"}, Number: "1001", Asset: "asset-77", RO: "50123",
		Related: []relatedro.RelatedRO{related}, FetchedOver: connection, Revision: 3,
		Retrieval: relatedro.Retrieval{Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport},
	}
	after := before
	after.Revision, after.Related = 4, []relatedro.RelatedRO{invoiced, odd}
	after.Retrieval = relatedro.Retrieval{
		Outcome: relatedro.OutcomeFailed, Trigger: relatedro.TriggerClose, Reason: relatedro.NotActivated, Message: s["message"],
	}
	enabled := relatedro.Settings{
		Location: "loc-100", Status: relatedro.Enabled, Connection: connection, Version: 1, UpdatedBy: s["updatedBy"],
	}
	elsewhere, disabled := enabled, enabled
	elsewhere.Connection.Account, elsewhere.Version = "another", 2
	disabled.Status, disabled.Version = relatedro.Disabled, 3
	all := slices.Concat(
		relatedro.CaseNotices(before, after),
		relatedro.CaseNotices(after, relatedro.Case{Key: after.Key}),
		relatedro.SettingsNotices(relatedro.NeverSetUp("loc-100"), enabled),
		relatedro.SettingsNotices(enabled, elsewhere),
		relatedro.SettingsNotices(elsewhere, disabled),
	)
	for i := range all {
		all[i].ID = "7de3041dd709b024af6f29e4fa13d34c-1"
	}
	return all
}

func TestEventsKeepTheirSchemasAndTellNoSecret(t *testing.T) {
	w := newWorld(t)
	if _, err := w.bus.Publish(t.Context(), everything()); err != nil {
		t.Fatal(err)
	}
	seen := make(map[relatedro.NoticeKind]bool)
	for _, text := range w.received {
		var e struct {
			Kind relatedro.NoticeKind `json:"detail-type"`
		}
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		seen[e.Kind] = true
		if err := compiled(t, e.Kind).Validate(decoded(t, string(text))); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
		for what, secret := range secrets() {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s reveals %s: %s", e.Kind, what, text)
			}
		}
	}
	for kind := range files() {
		if !seen[kind] {
			t.Errorf("no event of kind %s received", kind)
		}
	}
}

// inserted adds a field to each object within event in turn, unless the object has it already, and
// calls do each time. It restores the object afterwards.
func inserted(event any, field string, value any, do func()) {
	switch v := event.(type) {
	case map[string]any:
		_, taken := v[field]
		if !taken {
			v[field] = value
			do()
			delete(v, field)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inserted(v[name], field, value, do)
		}
	case []any:
		for _, element := range v {
			inserted(element, field, value, do)
		}
	}
}

func TestSchemasLetNoAccountUserTokenOrNamePass(t *testing.T) {
	for kind, file := range files() {
		schema := compiled(t, kind)
		examples, _ := decoded(t, read(t, file))["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no example", kind)
		}
		for _, example := range examples {
			if err := schema.Validate(example); err != nil {
				t.Errorf("example of %s: %v", kind, err)
			}
			places := 0
			for field, value := range secrets() {
				inserted(example, field, value, func() {
					places++
					if schema.Validate(example) == nil {
						text, _ := json.Marshal(example)
						t.Errorf("%s accepts %s: %s", kind, field, text)
					}
				})
			}
			// The envelope has an account already: EventBridge's own.
			if least := 2*len(secrets()) - 1; places < least {
				t.Errorf("%s: %d places tried, want at least %d", kind, places, least)
			}
			for _, value := range secrets() { // in the one field that could hold a name
				inBillTo(example, value, func() {
					if schema.Validate(example) == nil {
						t.Errorf("%s accepts %q as billTo", kind, value)
					}
				})
			}
		}
	}
}

// inBillTo sets each billTo within event to value in turn and calls do each time. It restores the
// old value afterwards.
func inBillTo(event any, value string, do func()) {
	switch v := event.(type) {
	case map[string]any:
		if old, ok := v["billTo"]; ok {
			v["billTo"] = value
			do()
			v["billTo"] = old
		}
		for _, inner := range v {
			inBillTo(inner, value, do)
		}
	case []any:
		for _, element := range v {
			inBillTo(element, value, do)
		}
	}
}

func TestEventNamesOneLocationByWhichRulesCanFilter(t *testing.T) {
	w := newWorld(t)
	for _, n := range everything() {
		n.Key.Location = "loc-200"
		if _, err := w.bus.Publish(t.Context(), []relatedro.Notice{n}); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range w.received {
		var e struct {
			Detail struct{ LocationID, Subject, Href string }
		}
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		d := e.Detail
		if d.LocationID != "loc-200" || !strings.HasPrefix(d.Subject, "locations/loc-200") ||
			!strings.HasPrefix(d.Href, "/v1/locations/loc-200/") {
			t.Errorf("%s", text)
		}
	}
}
