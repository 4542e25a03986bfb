package sqsbatch

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"related-ro/pkg/relatedro"
)

const good = `{"version":1,"id":"0d0f3a2e-1","type":"case.exported","occurredAt":"2026-11-23T10:15:00Z",` +
	`"locationId":"loc-100","caseId":"case-1001","caseNumber":"1001","assetId":"asset-77","roNumber":"50123"}`

var sent = time.Date(2026, 11, 23, 10, 15, 1, 0, time.UTC)

// corpus lists message bodies with the field that the refusal must name. An empty field means that
// the body is accepted, "body" that it is not one JSON object.
var corpus = []struct{ name, body, refuses string }{
	{"the contract's example", good, ""},
	{"unknown extra fields", with(`"extra":{"a":[1,null]}`), ""},
	{"whole number written as a fraction", replace(`"version":1`, `"version":1.0`), ""},
	{"without caseNumber and assetId", replace(`"caseNumber":"1001","assetId":"asset-77",`, ``), ""},
	{"fraction of a second and an offset", replace(`10:15:00Z`, `04:15:00.123456-06:00`), ""},
	{"closed by a person", closed(`"closedBy":"user"`), ""},
	{"closed by auto-close", closed(`"closedBy":"auto"`), ""},
	{"refresh", replace(`case.exported`, `case.refresh`), ""},
	{"refresh after a change in the DMS", refreshed(`"trigger":"follow"`), ""},
	{"trigger on an export is ignored", with(`"trigger":7`), ""},
	{"deleted", replace(`case.exported`, `case.deleted`), ""},
	{"deleted without roNumber", strings.Replace(replace(`,"roNumber":"50123"`, ``), `case.exported`, `case.deleted`, 1), ""},
	{"closedBy on an export is ignored", with(`"closedBy":7`), ""},
	{"longest identifiers", replace(`"case-1001"`, `"`+strings.Repeat("a", 64)+`"`), ""},
	{"longest RO number", replace(`50123`, strings.Repeat("9", 32)), ""},
	{"white space around", " \n" + good + "\t", ""},
	{"escaped characters", replace(`loc-100`, `\u006coc-100`), ""},

	{"not JSON", `hello`, "body"},
	{"empty", ``, "body"},
	{"cut short", good[:len(good)-1], "body"},
	{"trailing data", good + "x", "body"},
	{"an array", `[` + good + `]`, "body"},
	{"null", `null`, "body"},
	{"a string", `"x"`, "body"},
	{"version missing", replace(`"version":1,`, ``), "version"},
	{"version null", replace(`"version":1`, `"version":null`), "version"},
	{"version a string", replace(`"version":1`, `"version":"1"`), "version"},
	{"a newer version", replace(`"version":1`, `"version":2`), "version"},
	{"id missing", replace(`"id":"0d0f3a2e-1",`, ``), "id"},
	{"id empty", replace(`0d0f3a2e-1`, ``), "id"},
	{"id a number", replace(`"0d0f3a2e-1"`, `7`), "id"},
	{"type unknown", replace(`case.exported`, `case.opened`), "type"},
	{"type missing", replace(`"type":"case.exported",`, ``), "type"},
	{"type in capitals", replace(`case.exported`, `CASE.EXPORTED`), "type"},
	{"occurredAt not a time", replace(`2026-11-23T10:15:00Z`, `yesterday`), "occurredAt"},
	{"occurredAt without zone", replace(`10:15:00Z`, `10:15:00`), "occurredAt"},
	{"occurredAt with a blank", replace(`23T10`, `23 10`), "occurredAt"},
	{"occurredAt with a comma", replace(`10:15:00Z`, `10:15:00,5Z`), "occurredAt"},
	{"occurredAt with an hour of one digit", replace(`T10:15:00Z`, `T9:15:00Z`), "occurredAt"},
	{"occurredAt with an offset of a day", replace(`10:15:00Z`, `10:15:00+24:00`), "occurredAt"},
	{"occurredAt with an offset of 60 minutes", replace(`10:15:00Z`, `10:15:00+01:60`), "occurredAt"},
	{"occurredAt in small letters", replace(`10:15:00Z`, `10:15:00z`), "occurredAt"},
	{"occurredAt in a leap second", replace(`10:15:00Z`, `23:59:60Z`), "occurredAt"},
	{"occurredAt on 30 February", replace(`2026-11-23`, `2026-02-30`), "occurredAt"},
	{"occurredAt in the year 1", replace(`2026-11-23T10:15:00Z`, `0001-01-01T00:00:00Z`), "occurredAt"},
	{"occurredAt before the year 0 by its zone", replace(`2026-11-23T10:15:00Z`, `0000-01-01T00:00:00+01:00`), "occurredAt"},
	{"occurredAt a number", replace(`"2026-11-23T10:15:00Z"`, `1795428900`), "occurredAt"},
	{"locationId with a slash", replace(`loc-100`, `loc/100`), "locationId"},
	{"locationId with a hash", replace(`loc-100`, `loc#100`), "locationId"},
	{"locationId too long", replace(`loc-100`, strings.Repeat("l", 65)), "locationId"},
	{"locationId not ASCII", replace(`loc-100`, `löc`), "locationId"},
	{"caseId null", replace(`"case-1001"`, `null`), "caseId"},
	{"caseId missing", replace(`"caseId":"case-1001",`, ``), "caseId"},
	{"field name in capitals", replace(`"caseId"`, `"CASEID"`), "caseId"},
	{"caseNumber null", replace(`"1001"`, `null`), "caseNumber"},
	{"caseNumber empty", replace(`"1001"`, `""`), "caseNumber"},
	{"assetId null", replace(`"asset-77"`, `null`), "assetId"},
	{"assetId an object", replace(`"asset-77"`, `{}`), "assetId"},
	{"roNumber missing", replace(`,"roNumber":"50123"`, ``), "roNumber"},
	{"roNumber a number", replace(`"50123"`, `50123`), "roNumber"},
	{"roNumber that would change a filter", replace(`50123`, `50123|50124`), "roNumber"},
	{"roNumber with a comma", replace(`50123`, `50123,1`), "roNumber"},
	{"roNumber too long", replace(`50123`, strings.Repeat("9", 33)), "roNumber"},
	{"roNumber with a line break at its end", replace(`50123`, `50123\n`), "roNumber"},
	{"closed without closedBy", replace(`case.exported`, `case.closed`), "closedBy"},
	{"closedBy unknown", closed(`"closedBy":"robot"`), "closedBy"},
	{"deleted with an empty roNumber", strings.Replace(replace(`"50123"`, `""`), `case.exported`, `case.deleted`, 1), "roNumber"},
	{"deleted with a null roNumber", strings.Replace(replace(`"50123"`, `null`), `case.exported`, `case.deleted`, 1), "roNumber"},
	{"trigger unknown", refreshed(`"trigger":"export"`), "trigger"},
	{"trigger empty", refreshed(`"trigger":""`), "trigger"},
	{"trigger null", refreshed(`"trigger":null`), "trigger"},
	{"closedBy null", closed(`"closedBy":null`), "closedBy"},
}

func with(field string) string       { return good[:len(good)-1] + "," + field + "}" }
func replace(old, new string) string { return strings.Replace(good, old, new, 1) }
func closed(field string) string {
	return strings.Replace(with(field), "case.exported", "case.closed", 1)
}
func refreshed(field string) string {
	return strings.Replace(with(field), "case.exported", "case.refresh", 1)
}
func refusalOf(err error) (r *Refusal) { errors.As(err, &r); return r }

func TestDecodeNamesFieldAndRule(t *testing.T) {
	for _, tt := range corpus {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(tt.body, sent)
			switch refusal := refusalOf(err); {
			case tt.refuses == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.refuses != "" && refusal == nil:
				t.Errorf("accepted, or not a Refusal: %v", err)
			case tt.refuses == "body" && refusal.Code != NotJSON:
				t.Errorf("code %s, want %s", refusal.Code, NotJSON)
			case tt.refuses != "" && tt.refuses != "body" && !strings.HasPrefix(refusal.Message, tt.refuses+" "):
				t.Errorf("message %q does not begin with the field %q", refusal.Message, tt.refuses)
			}
		})
	}
}

func TestSchemaAgreesWithDecoder(t *testing.T) {
	schema := compiled(t)
	for _, tt := range corpus {
		t.Run(tt.name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(tt.body))
			if err == nil {
				err = schema.Validate(value)
			}
			if accepts := err == nil; accepts != (tt.refuses == "") {
				t.Errorf("schema accepts: %v, decoder accepts: %v (%v)", accepts, tt.refuses == "", err)
			}
		})
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../infra/contracts/schemas/event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestDecodeReadsEveryField(t *testing.T) {
	got, err := Decode(closed(`"closedBy":"auto"`), sent)
	if err != nil {
		t.Fatal(err)
	}
	want := relatedro.Event{
		ID: "0d0f3a2e-1", Type: relatedro.Closed, OccurredAt: time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC),
		Key:        relatedro.CaseKey{Location: "loc-100", Case: "case-1001"},
		CaseNumber: "1001", Asset: "asset-77", RO: "50123", ClosedBy: relatedro.ClosedByAuto,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeRefusesWhatLiesAhead(t *testing.T) {
	for _, tt := range []struct {
		name string
		lead time.Duration
		code string
	}{
		{"5 minutes ahead: our clock may be slow", relatedro.MaxClockLead, ""},
		{"more than 5 minutes ahead: the sender's clock is wrong", relatedro.MaxClockLead + time.Second, OccurredInFuture},
		{"long past", -90 * 24 * time.Hour, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := replace("2026-11-23T10:15:00Z", sent.Add(tt.lead).Format(time.RFC3339))
			_, err := Decode(body, sent)
			code := ""
			if r := refusalOf(err); r != nil {
				code = r.Code
			}
			if code != tt.code {
				t.Errorf("code %q, want %q", code, tt.code)
			}
		})
	}
}

func TestDecodeTellsANewerVersionApart(t *testing.T) {
	_, err := Decode(replace(`"version":1`, `"version":2`), sent)
	if r := refusalOf(err); r == nil || r.Code != UnsupportedVersion {
		t.Errorf("error %v, want %s", err, UnsupportedVersion)
	}
}

func FuzzDecode(f *testing.F) {
	for _, tt := range corpus {
		f.Add(tt.body)
	}
	schemaFile, err := os.ReadFile("../../infra/contracts/schemas/event.schema.json")
	if err != nil || !json.Valid(schemaFile) {
		f.Fatal("schema cannot be read", err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		ev, err := Decode(body, sent)
		if err != nil && refusalOf(err) == nil {
			t.Fatalf("not a Refusal: %v", err)
		}
		if err == nil && ev.Check() != nil {
			t.Fatalf("accepted an event that breaks a rule: %v", ev.Check())
		}
	})
}
