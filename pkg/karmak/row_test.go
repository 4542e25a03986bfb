package karmak

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

func TestRowsTolerateWhatKarmakMaySend(t *testing.T) {
	for _, test := range []struct {
		name, row string
		want      relatedro.RelatedRO
	}{
		{
			"numbers as numbers", `{"RONumber":50124,"OriginalRONumber":50123,"InvoiceNumber":9001}`,
			relatedro.RelatedRO{RO: "50124", MadeFrom: "50123", InvoiceNumber: "9001", Status: relatedro.ROInvoiced},
		},
		{
			"numbers as text", `{"RONumber":"50124","OriginalRONumber":"50123","InvoiceNumber":"9001"}`,
			relatedro.RelatedRO{RO: "50124", MadeFrom: "50123", InvoiceNumber: "9001", Status: relatedro.ROInvoiced},
		},
		{
			"numbers with a fraction", `{"RONumber":50124.0}`,
			relatedro.RelatedRO{RO: "50124", Status: relatedro.ROOpen},
		},
		{
			"padded text", `{"RONumber":"50124  ","BillingCustomerName":" Volvo "}`,
			relatedro.RelatedRO{RO: "50124", BillTo: "Volvo", Status: relatedro.ROOpen},
		},
		{
			"null", `{"RONumber":1,"OriginalRONumber":null,"IsVoided":null,"InvoiceNumber":null,"RODateOpened":null,"BillingCustomerName":null}`,
			relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen},
		},
		{"missing", `{"RONumber":1}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"unknown columns", `{"RONumber":1,"Mileage":{"a":[1]}}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"true", `{"RONumber":1,"IsVoided":true}`, relatedro.RelatedRO{RO: "1", Voided: true, Status: relatedro.ROOpen}},
		{"1", `{"RONumber":1,"IsVoided":1}`, relatedro.RelatedRO{RO: "1", Voided: true, Status: relatedro.ROOpen}},
		{"0", `{"RONumber":1,"IsVoided":0}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"Y", `{"RONumber":1,"IsBillingCustomerWarranty":"Y"}`, relatedro.RelatedRO{RO: "1", Warranty: true, Status: relatedro.ROOpen}},
		{"n", `{"RONumber":1,"IsBillingCustomerWarranty":"n"}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"completed", `{"RONumber":1,"IsROCompleted":"Y"}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROCompleted}},
		{
			"invoiced by date", `{"RONumber":1,"IsROCompleted":1,"RODateInvoiced":"2026-11-20T16:00:00"}`,
			relatedro.RelatedRO{RO: "1", InvoicedAt: "2026-11-20T16:00:00", Status: relatedro.ROInvoiced},
		},
		{"invoice 0 is none", `{"RONumber":1,"InvoiceNumber":0}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"original 0 is none", `{"RONumber":1,"OriginalRONumber":0}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"original 0 as text", `{"RONumber":1,"OriginalRONumber":"000"}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
		{"date", `{"RONumber":1,"RODateOpened":"2026-11-20"}`, relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20", Status: relatedro.ROOpen}},
		{
			"time with a space", `{"RONumber":1,"RODateOpened":"2026-11-20 08:15:00.123"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20T08:15:00.123", Status: relatedro.ROOpen},
		},
		{
			"time with a zone", `{"RONumber":1,"RODateOpened":"2026-11-20T08:15:00-06:00"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20T08:15:00-06:00", Status: relatedro.ROOpen},
		},
		{
			"no date", `{"RONumber":1,"RODateOpened":"0001-01-01T00:00:00","RODateInvoiced":"11/20/2026"}`,
			relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := decodeRows([]byte("[" + test.row + "]"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, rows[0].related()); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsThatAreWrong(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"no array", `{"value":[]}`, "not a JSON array"},
		{"null", `null`, "not a JSON array"},
		{"cut short", `[{"RONumber":1},{"RON`, "not a JSON array"},
		{"something after", `[]x`, "not a JSON array"},
		{"no object", `[{"RONumber":1},7]`, "row 2: not a JSON object"},
		{"null row", `[null]`, "row 1: not a JSON object"},
		{"no number", `[{"RONumber":1},{"Branch":"A"}]`, "row 2: RONumber is missing"},
		{"null number", `[{"RONumber":null}]`, "row 1: RONumber is missing"},
		{"blank number", `[{"RONumber":"  "}]`, "row 1: RONumber is missing"},
		{"number of a type", `[{"RONumber":[1]}]`, "row 1: RONumber is neither text nor a number"},
		{"boolean of a word", `[{"RONumber":1,"IsVoided":"maybe"}]`, "row 1: IsVoided is neither yes nor no"},
		{"endless number", `[{"RONumber":"` + strings.Repeat("1", 65) + `"}]`, "row 1: it holds an RO number that cannot be one"},
		{"control character", `[{"RONumber":1,"OriginalRONumber":"1\n2"}]`, "row 1: it holds an RO number that cannot be one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := decodeRows([]byte(test.body))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzDecodeRows(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := decodeRows(body)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("error %q repeats the answer", err)
			}
			return
		}
		for _, r := range rows {
			ro := r.related()
			if ro.RO == "" || len(ro.RO) > maxNumber || len(ro.MadeFrom) > maxNumber {
				t.Errorf("RO number %q made from %q", ro.RO, ro.MadeFrom)
			}
			if at := isoTime(text(ro.OpenedAt)); at != ro.OpenedAt {
				t.Errorf("opened at %q reads as %q", ro.OpenedAt, at)
			}
		}
	})
}
