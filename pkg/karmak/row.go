package karmak

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"related-ro/pkg/relatedro"
)

// row is a row of RepairOrderHeader or RepairOrderTask, with the columns in use; those of the other
// view are empty. Unity publishes no types for them, so every column accepts strings, numbers, null
// and a missing value.
type row struct {
	RONumber                  number
	OriginalRONumber          number
	Branch                    text
	IsVoided                  flag
	IsROCompleted             flag
	InvoiceNumber             number
	RODateOpened              date
	RODateInvoiced            date
	BillingCustomerNumber     text
	BillingCustomerName       text
	IsBillingCustomerWarranty flag
	TotalROCharges            amount

	TaskNumber                  number
	AlternateBillingCustomer    text
	AlternateBillingCompanyName text

	originUnread bool // OriginalRONumber could not be read
	integer      bool // RONumber is a JSON number
}

// The columns of each view in the form of select.
const (
	headerColumns = "RONumber,OriginalRONumber,Branch,IsVoided,IsROCompleted,InvoiceNumber,RODateOpened,RODateInvoiced," +
		"BillingCustomerNumber,BillingCustomerName,IsBillingCustomerWarranty," + chargesColumn
	taskColumns = "RONumber,TaskNumber," + alternateColumn + ",AlternateBillingCompanyName"
)

// cells returns the columns of both views, each with its destination in the row.
func (r *row) cells() []cell {
	return []cell{
		{numberColumn, &r.RONumber},
		{originColumn, &r.OriginalRONumber},
		{"Branch", &r.Branch},
		{"IsVoided", &r.IsVoided},
		{"IsROCompleted", &r.IsROCompleted},
		{"InvoiceNumber", &r.InvoiceNumber},
		{"RODateOpened", &r.RODateOpened},
		{"RODateInvoiced", &r.RODateInvoiced},
		{"BillingCustomerNumber", &r.BillingCustomerNumber},
		{"BillingCustomerName", &r.BillingCustomerName},
		{"IsBillingCustomerWarranty", &r.IsBillingCustomerWarranty},
		{chargesColumn, &r.TotalROCharges},
		{"TaskNumber", &r.TaskNumber},
		{alternateColumn, &r.AlternateBillingCustomer},
		{"AlternateBillingCompanyName", &r.AlternateBillingCompanyName},
	}
}

type cell struct {
	column string
	value  json.Unmarshaler
}

// maxNumber is the maximum length of a value read as an RO number. The longest number that can be
// looked up has relatedro.MaxROLength.
const maxNumber = 64

// decodeRows reads a look-up's answer. unread lists the cells that could not be read by position
// and column, without their values. Such a cell is unknown. A row without a valid RO number is
// skipped; if every row is, the answer does not have the published form, and decodeRows returns an
// error.
func decodeRows(body []byte) (rows []row, unread []string, err error) {
	objects, err := decodeList(body)
	for i, object := range objects {
		var r row
		wrong := fill(i, object, r.cells())
		unread = append(unread, wrong...)
		if r.RONumber == "" {
			unread = append(unread, fmt.Sprintf("row %d: no %s", i+1, numberColumn))
			continue
		}
		if relatedro.CanonicalRO(string(r.OriginalRONumber)) == "0" {
			r.OriginalRONumber = ""
		}
		r.originUnread = slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, originColumn) })
		r.integer = object[numberColumn][0] != '"'
		rows = append(rows, r)
	}
	if len(objects) > 0 && len(rows) == 0 {
		return nil, nil, errors.New("no row has an RO number: " + unread[0])
	}
	return rows, unread, err
}

// fill reads the cells of an object and returns those that could not be read. i is the row's index.
func fill(i int, object map[string]json.RawMessage, cells []cell) (unread []string) {
	for _, c := range cells {
		if value, ok := object[c.column]; ok {
			if err := c.value.UnmarshalJSON(value); err != nil {
				unread = append(unread, fmt.Sprintf("row %d: %s %v", i+1, c.column, err))
			}
		}
	}
	return unread
}

// rows requests a page of rows.
func (c *Client) rows(ctx context.Context, s *session, url string, r request) (rows []row, err error) {
	r.read = func(body []byte) (unread []string, err error) {
		rows, unread, err = decodeRows(body)
		return unread, err
	}
	err = c.get(ctx, s, url, r)
	return rows, err
}

// decodeList reads an answer that is a JSON array of objects. An element that is not an object is
// nil in the result. Karmak writes an empty answer in several forms; its page of response codes has
// an object that holds only a ProcessGUID.
func decodeList(body []byte) ([]map[string]json.RawMessage, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, nil
	}
	var only map[string]json.RawMessage
	if json.Unmarshal(body, &only) == nil && len(only) == 1 && only["ProcessGUID"] != nil {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, errors.New("the answer is neither a JSON array nor one of the published empty ones")
	}
	objects := make([]map[string]json.RawMessage, len(list))
	for i, element := range list {
		_ = json.Unmarshal(element, &objects[i]) // an element that is not an object stays nil
	}
	return objects, nil
}

// text is a column of text or numbers. Databases pad text with spaces, which are trimmed.
type text string

// UnmarshalJSON accepts a string, null, or a number, whose digits it keeps as written.
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
		*t = text(data)
	default:
		return errors.New("is neither text nor a number")
	}
	return nil
}

// number is a column of numbers that identify ROs or invoices.
type number string

// UnmarshalJSON works as text's does, and removes a fraction of zeros. It rejects values that are
// too long or hold control characters.
func (n *number) UnmarshalJSON(data []byte) error {
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	s := string(t)
	if whole, fraction, ok := strings.Cut(s, "."); ok && strings.Trim(whole, "0123456789") == "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	if len(s) > maxNumber || strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("cannot be a number")
	}
	*n = number(s)
	return nil
}

// flag is a boolean column. An empty value is false.
type flag bool

// UnmarshalJSON accepts true and false; 1, -1 and 0, with or without a fraction of zeros; Y and N
// or the whole words, in any case; each also in quotes; and null.
func (f *flag) UnmarshalJSON(data []byte) error {
	s := strings.ToLower(strings.TrimSpace(strings.Trim(string(data), `"`)))
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		s = strconv.FormatFloat(n, 'f', -1, 64)
	}
	switch s {
	case "true", "1", "-1", "y", "yes", "t":
		*f = true
	case "false", "0", "-0", "n", "no", "f", "", "null":
		*f = false
	default:
		return errors.New("is neither yes nor no")
	}
	return nil
}

// date is a date column in ISO 8601, with a zone only if Karmak gave one. An empty value means no
// date.
type date string

// UnmarshalJSON accepts ISO 8601 and Karmak's MM-DD-YYYY, each with or without a time.
func (d *date) UnmarshalJSON(data []byte) error {
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	s, err := isoTime(string(t))
	*d = date(s)
	return err
}

// amount is a column of money, as an exact decimal with two or more digits after the point, such as
// "1284.50". Digits beyond the second are kept unless they are zeros. An empty value means unknown.
type amount string

// UnmarshalJSON accepts a number or text of digits, with or without a fraction and a sign, and
// null. It rejects exponents and thousands separators.
func (a *amount) UnmarshalJSON(data []byte) error {
	var t text
	if err := t.UnmarshalJSON(data); err != nil || t == "" {
		*a = ""
		return err
	}
	digits, negative := strings.CutPrefix(string(t), "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if len(digits) > maxAmount || whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return errors.New("is no amount")
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	*a = amount(cmp.Or(whole, "0") + "." + fraction + strings.Repeat("0", max(0, 2-len(fraction))))
	if negative {
		*a = "-" + *a
	}
	return nil
}

// maxAmount is the maximum number of digits of an amount. SQL Server's money has 19.
const maxAmount = 24

// related returns the row as an RO of a family, without its relation.
func (r row) related() relatedro.RelatedRO {
	ro := relatedro.RelatedRO{
		RO:         string(r.RONumber),
		MadeFrom:   string(r.OriginalRONumber),
		Status:     relatedro.ROOpen,
		BillTo:     string(r.BillingCustomerName),
		Warranty:   bool(r.IsBillingCustomerWarranty),
		OpenedAt:   string(r.RODateOpened),
		InvoicedAt: string(r.RODateInvoiced),
		Voided:     bool(r.IsVoided),

		TotalCharges: string(r.TotalROCharges),
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

// customer returns the row's billing customer.
func (r row) customer() relatedro.Customer {
	return relatedro.Customer{Number: string(r.BillingCustomerNumber), Name: string(r.BillingCustomerName)}
}

// alternate returns the task's alternate billing customer, or the zero value if it has none.
func (r row) alternate() relatedro.Customer {
	c := relatedro.Customer{Number: string(r.AlternateBillingCustomer), Name: string(r.AlternateBillingCompanyName)}
	if c.Number == "0" {
		c.Number = ""
	}
	return c
}

// isoTime returns a date or time in ISO 8601, with a zone only if s has one. It returns "" for a
// date that stands for none.
func isoTime(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	const written = "2006-01-02T15:04:05.999999999"
	s = strings.ReplaceAll(strings.Replace(s, " ", "T", 1), "/", "-")
	for _, form := range []struct{ read, written string }{
		{time.RFC3339, time.RFC3339Nano},
		{"2006-01-02T15:04:05", written}, {"2006-01-02T15:04", written}, {time.DateOnly, time.DateOnly},
		{"1-2-2006T15:04:05", written}, {"1-2-2006T15:04", written}, {"1-2-2006", time.DateOnly},
		{"1-2-2006T3:04:05 PM", written}, {"1-2-2006T3:04 PM", written},
	} {
		parsed, err := time.Parse(form.read, s)
		if err != nil {
			continue
		}
		switch parsed.Format(time.DateOnly) {
		// Databases and programs write these for a missing date.
		case "0001-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "9999-12-31":
			return "", nil
		}
		return parsed.Format(form.written), nil
	}
	return "", errors.New("is no date")
}
