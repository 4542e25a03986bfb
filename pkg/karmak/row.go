package karmak

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"related-ro/pkg/relatedro"
)

// row is a row of RepairOrderHeader with the columns that are used. Unity does not
// publish types: every column takes strings, numbers, null and missing.
type row struct {
	RONumber                  text
	OriginalRONumber          text
	Branch                    text
	IsVoided                  flag
	IsROCompleted             flag
	InvoiceNumber             text
	RODateOpened              text
	RODateInvoiced            text
	BillingCustomerName       text
	IsBillingCustomerWarranty flag
}

// cells names row's columns as select does, and says where each goes.
func (r *row) cells() []cell {
	return []cell{
		{"RONumber", &r.RONumber},
		{"OriginalRONumber", &r.OriginalRONumber},
		{"Branch", &r.Branch},
		{"IsVoided", &r.IsVoided},
		{"IsROCompleted", &r.IsROCompleted},
		{"InvoiceNumber", &r.InvoiceNumber},
		{"RODateOpened", &r.RODateOpened},
		{"RODateInvoiced", &r.RODateInvoiced},
		{"BillingCustomerName", &r.BillingCustomerName},
		{"IsBillingCustomerWarranty", &r.IsBillingCustomerWarranty},
	}
}

type cell struct {
	column string
	value  json.Unmarshaler
}

// columns returns the names of row's columns, joined as select wants them.
func columns() string {
	var names []string
	for _, c := range new(row).cells() {
		names = append(names, c.column)
	}
	return strings.Join(names, ",")
}

// maxNumber bounds what is taken for an RO number; the longest that may be asked
// for has relatedro.MaxROLength.
const maxNumber = 64

// decodeRows reads a look-up's answer, a JSON array of objects keyed by column.
// Its errors name the row, counted from 1, and the column, never a value.
func decodeRows(body []byte) ([]row, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil || raw == nil {
		return nil, errors.New("the answer is not a JSON array")
	}
	rows := make([]row, len(raw))
	for i, object := range raw {
		if err := rows[i].decode(object); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return rows, nil
}

func (r *row) decode(object json.RawMessage) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(object, &values); err != nil || values == nil {
		return errors.New("not a JSON object")
	}
	for _, c := range r.cells() {
		value, ok := values[c.column]
		if !ok {
			continue
		}
		if err := c.value.UnmarshalJSON(value); err != nil {
			return fmt.Errorf("%s %w", c.column, err)
		}
	}
	if r.RONumber == "" {
		return errors.New("RONumber is missing")
	}
	if relatedro.CanonicalRO(string(r.OriginalRONumber)) == "0" {
		r.OriginalRONumber = ""
	}
	for _, number := range []text{r.RONumber, r.OriginalRONumber} {
		if len(number) > maxNumber || strings.ContainsFunc(string(number), unicode.IsControl) {
			return errors.New("it holds an RO number that cannot be one")
		}
	}
	return nil
}

// text is a column of text or numbers. Databases pad text with spaces: those go.
type text string

// UnmarshalJSON takes a string, a number as it is written, or null.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*t = ""
	case data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return errors.New("is no JSON string")
		}
		*t = text(strings.TrimSpace(s))
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		*t = text(strings.TrimSuffix(string(data), ".0"))
	default:
		return errors.New("is neither text nor a number")
	}
	return nil
}

// flag is a column of yes or no. Empty is no.
type flag bool

// UnmarshalJSON takes true and false, 1 and 0, Y and N, also spelled out or in
// quotes, in any case, and null.
func (f *flag) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(strings.TrimSpace(strings.Trim(string(data), `"`))) {
	case "true", "1", "y", "yes", "t":
		*f = true
	case "false", "0", "n", "no", "f", "", "null":
		*f = false
	default:
		return errors.New("is neither yes nor no")
	}
	return nil
}

// related returns the row as an RO of a family, without its relation.
func (r row) related() relatedro.RelatedRO {
	ro := relatedro.RelatedRO{
		RO:         string(r.RONumber),
		MadeFrom:   string(r.OriginalRONumber),
		Status:     relatedro.ROOpen,
		BillTo:     string(r.BillingCustomerName),
		Warranty:   bool(r.IsBillingCustomerWarranty),
		OpenedAt:   isoTime(r.RODateOpened),
		InvoicedAt: isoTime(r.RODateInvoiced),
		Voided:     bool(r.IsVoided),
	}
	if r.InvoiceNumber != "0" {
		ro.InvoiceNumber = string(r.InvoiceNumber)
	}
	switch {
	case ro.InvoiceNumber != "" || ro.InvoicedAt != "":
		ro.Status = relatedro.ROInvoiced
	case bool(r.IsROCompleted):
		ro.Status = relatedro.ROCompleted
	}
	return ro
}

// isoTime returns an ISO 8601 date or time as it stands, with a T where a space
// parts date and time, and no zone that Karmak did not give. What is none, and the
// year 1 that stands for none, is empty.
func isoTime(t text) string {
	s := strings.Replace(string(t), " ", "T", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1 {
			return s
		}
	}
	return ""
}
