package karmak

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

func TestRowsAcceptEveryForm(t *testing.T) {
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
			"null", `{"RONumber":1,"OriginalRONumber":null,"IsVoided":null,"InvoiceNumber":null,"RODateOpened":null,` +
				`"BillingCustomerName":null}`,
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
		{"date", `{"RONumber":1,"RODateOpened":"2026-11-20"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20", Status: relatedro.ROOpen}},
		{
			"time with a space", `{"RONumber":1,"RODateOpened":"2026-11-20 08:15:00.123"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20T08:15:00.123", Status: relatedro.ROOpen},
		},
		{
			"time with a zone", `{"RONumber":1,"RODateOpened":"2026-11-20T08:15:00-06:00"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-11-20T08:15:00-06:00", Status: relatedro.ROOpen},
		},
		{
			"numbers with two digits after the point", `{"RONumber":50124.00,"OriginalRONumber":"50123.00","InvoiceNumber":0.00}`,
			relatedro.RelatedRO{RO: "50124", MadeFrom: "50123", Status: relatedro.ROOpen},
		},
		{"a name that ends like a number", `{"RONumber":1,"BillingCustomerName":"4.0"}`,
			relatedro.RelatedRO{RO: "1", BillTo: "4.0", Status: relatedro.ROOpen}},
		{"-1", `{"RONumber":1,"IsBillingCustomerWarranty":-1}`, relatedro.RelatedRO{RO: "1", Warranty: true, Status: relatedro.ROOpen}},
		{"1.0", `{"RONumber":1,"IsVoided":1.0,"IsROCompleted":"0.0"}`,
			relatedro.RelatedRO{RO: "1", Voided: true, Status: relatedro.ROOpen}},
		{
			"Karmak's dates", `{"RONumber":1,"RODateOpened":"03-02-2026","RODateInvoiced":"11-20-2026 16:05:00"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-03-02", InvoicedAt: "2026-11-20T16:05:00", Status: relatedro.ROInvoiced},
		},
		{
			"the same as .NET writes them", `{"RONumber":1,"RODateOpened":"3/2/2026 4:05 PM","RODateInvoiced":"11/20/2026 4:05:06 AM"}`,
			relatedro.RelatedRO{RO: "1", OpenedAt: "2026-03-02T16:05:00", InvoicedAt: "2026-11-20T04:05:06", Status: relatedro.ROInvoiced},
		},
		{"charges", `{"RONumber":1,"TotalROCharges":1284.5}`,
			relatedro.RelatedRO{RO: "1", TotalCharges: "1284.50", Status: relatedro.ROOpen}},
		{"charges as text, to SQL Server's four digits", `{"RONumber":1,"TotalROCharges":"0012.3450 "}`,
			relatedro.RelatedRO{RO: "1", TotalCharges: "12.345", Status: relatedro.ROOpen}},
		{"charges without a fraction", `{"RONumber":1,"TotalROCharges":1000}`,
			relatedro.RelatedRO{RO: "1", TotalCharges: "1000.00", Status: relatedro.ROOpen}},
		{"charges that no float holds", `{"RONumber":1,"TotalROCharges":90071992547409.93}`,
			relatedro.RelatedRO{RO: "1", TotalCharges: "90071992547409.93", Status: relatedro.ROOpen}},
		{"a credit", `{"RONumber":1,"TotalROCharges":-0.5}`, relatedro.RelatedRO{RO: "1", TotalCharges: "-0.50", Status: relatedro.ROOpen}},
		{"charges that are empty", `{"RONumber":1,"TotalROCharges":" "}`, relatedro.RelatedRO{RO: "1", Status: relatedro.ROOpen}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, unread, err := decodeRows([]byte("[" + test.row + "]"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, rows[0].related()); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if len(unread) > 0 {
				t.Errorf("unread cells %q, want none", unread)
			}
		})
	}
}

func TestDatesThatStandForNone(t *testing.T) {
	for _, none := range []string{"0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "9999-12-31", "01-01-1900",
		"12-31-9999 23:59:59"} {
		for _, written := range []string{none, none + "T00:00:00", none + " 00:00:00.000"} {
			rows, _, err := decodeRows([]byte(`[{"RONumber":1,"RODateInvoiced":"` + written + `"}]`))
			if err != nil {
				t.Fatal(err)
			}
			if ro := rows[0].related(); ro.InvoicedAt != "" || ro.Status != relatedro.ROOpen {
				t.Errorf("%s decodes as %+v", written, ro)
			}
		}
	}
}

func TestCellsThatCannotBeReadAreUnknown(t *testing.T) {
	for _, test := range []struct {
		name, row, unread string
		want              relatedro.RelatedRO
	}{
		{"boolean of a word", `{"RONumber":1,"IsVoided":"maybe"}`, "row 1: IsVoided is neither yes nor no", relatedro.RelatedRO{RO: "1"}},
		{"boolean of a number", `{"RONumber":1,"IsBillingCustomerWarranty":7}`, "row 1: IsBillingCustomerWarranty is neither yes nor no",
			relatedro.RelatedRO{RO: "1"}},
		{"a date that is none", `{"RONumber":1,"RODateInvoiced":"25-11-2026"}`, "row 1: RODateInvoiced is no date",
			relatedro.RelatedRO{RO: "1"}},
		{"a name of a type", `{"RONumber":1,"BillingCustomerName":{}}`, "row 1: BillingCustomerName is neither text nor a number",
			relatedro.RelatedRO{RO: "1"}},
		{"an original of a type", `{"RONumber":1,"OriginalRONumber":[2]}`, "row 1: OriginalRONumber is neither text nor a number",
			relatedro.RelatedRO{RO: "1"}},
		{"an amount with an exponent", `{"RONumber":1,"TotalROCharges":1.2e3}`, "row 1: TotalROCharges is no amount",
			relatedro.RelatedRO{RO: "1"}},
		{"an amount with separators", `{"RONumber":1,"TotalROCharges":"$1,284.50"}`, "row 1: TotalROCharges is no amount",
			relatedro.RelatedRO{RO: "1"}},
		{"an amount of a point", `{"RONumber":1,"TotalROCharges":"."}`, "row 1: TotalROCharges is no amount", relatedro.RelatedRO{RO: "1"}},
		{"control character", `{"RONumber":1,"OriginalRONumber":"1\n2"}`, "row 1: OriginalRONumber cannot be a number",
			relatedro.RelatedRO{RO: "1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, unread, err := decodeRows([]byte("[" + test.row + "]"))
			if err != nil {
				t.Fatal(err)
			}
			test.want.Status = relatedro.ROOpen
			if diff := cmp.Diff(test.want, rows[0].related()); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if !slices.Equal(unread, []string{test.unread}) {
				t.Errorf("unread cells %q, want %q", unread, test.unread)
			}
		})
	}
}

func TestRowWithoutNumberIsLeftOut(t *testing.T) {
	for row, want := range map[string]string{
		`{"Branch":"A"}`: "row 2: no RONumber", `{"RONumber":null}`: "row 2: no RONumber", `{"RONumber":"  "}`: "row 2: no RONumber",
		`{"RONumber":[1]}`: "row 2: RONumber is neither text nor a number", `7`: "row 2: no RONumber", `null`: "row 2: no RONumber",
		`{"RONumber":"` + strings.Repeat("1", 65) + `"}`: "row 2: RONumber cannot be a number",
	} {
		rows, unread, err := decodeRows([]byte(`[{"RONumber":1},` + row + `]`))
		if err != nil || len(rows) != 1 || len(unread) == 0 || unread[0] != want {
			t.Errorf("with %s: %d rows, %q, %v, want one and %q", row, len(rows), unread, err, want)
		}
		if _, _, err := decodeRows([]byte(`[` + row + `]`)); err == nil {
			t.Errorf("with %s alone: no error, want one", row)
		}
	}
}

func TestAnswersWithoutRows(t *testing.T) {
	for _, body := range []string{"", " \r\n", "[]", "null", `{"ProcessGUID":"5358182b338c6744a946ed588c4e66e2"}`,
		` { "ProcessGUID" : "x" } `} {
		if rows, _, err := decodeRows([]byte(body)); err != nil || len(rows) != 0 {
			t.Errorf("%q: %d rows, %v, want none", body, len(rows), err)
		}
	}
}

func TestRowsThatAreWrong(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"no array", `{"value":[]}`, "neither a JSON array"},
		{"empty object", `{}`, "neither a JSON array"},
		{"error object", `{"Message":"An error has occurred."}`, "neither a JSON array"},
		{"more than a ProcessGUID", `{"ProcessGUID":"x","Message":"An error has occurred."}`, "neither a JSON array"},
		{"text", `"x"`, "neither a JSON array"},
		{"cut short", `[{"RONumber":1},{"RON`, "neither a JSON array"},
		{"something after", `[]x`, "neither a JSON array"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := decodeRows([]byte(test.body))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzDecodeRows(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, _, err := decodeRows(body)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("error %q contains values of the answer", err)
			}
			return
		}
		for _, r := range rows {
			ro := r.related()
			if ro.RO == "" || len(ro.RO) > maxNumber || len(ro.MadeFrom) > maxNumber {
				t.Errorf("RO number %q, original %q", ro.RO, ro.MadeFrom)
			}
			if atBranch, err := isoTime(ro.OpenedAt); err != nil || atBranch != ro.OpenedAt {
				t.Errorf("date %q decodes as %q", ro.OpenedAt, atBranch)
			}
		}
	})
}
