package karmaktest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Rendering sets how an account's answers are written. An empty field selects the first choice.
type Rendering struct {
	// NoRows is the answer if nothing matched: "guid", an object with only a ProcessGUID; "array",
	// an empty array; "null"; "empty", an empty body; or "204".
	NoRows string `json:"noRows,omitempty"`
	// Numbers sets how columns of numbers are written: "int"; "string", the form of text columns;
	// "mixed", RONumber as a number and others as strings; "number", also in text columns; or
	// "decimal", 50123.00. A value that does not fit an int column is a string.
	Numbers string `json:"numbers,omitempty"`
	// Booleans are written as "bool" (true, false), "int" (1, 0), "minus" (-1, 0), "decimal" (1.0,
	// 0.0) or "yn" ("Y", "N").
	Booleans string `json:"booleans,omitempty"`
	// Dates are written, in UTC, as "zoneless" (2026-11-05T08:30:00), "rfc3339" (with a Z), "space"
	// (a space for the T), "day" (2026-11-05), "us" (11-05-2026) or "us-time" (11-05-2026
	// 08:30:00).
	Dates string `json:"dates,omitempty"`
	// NoDate is the day that stands for no date, such as 1900-01-01 or 0001-01-01. If NoDate is
	// empty, such a cell is empty.
	NoDate string `json:"noDate,omitempty"`
	// Empty cells are written as "null"; are "missing"; or are "blank", an empty string.
	Empty string `json:"empty,omitempty"`
	// ByteOrderMark adds a byte order mark before the JSON.
	ByteOrderMark bool `json:"byteOrderMark,omitempty"`
}

// The formats of Booleans and Dates by name.
var (
	booleanForms = map[string][2]string{
		"bool": {"false", "true"}, "int": {"0", "1"}, "minus": {"0", "-1"}, "decimal": {"0.0", "1.0"}, "yn": {`"N"`, `"Y"`},
	}
	dateForms = map[string]string{
		"zoneless": "2006-01-02T15:04:05", "rfc3339": time.RFC3339, "space": time.DateTime, "day": time.DateOnly,
		"us": "01-02-2006", "us-time": "01-02-2006 15:04:05",
	}
)

func (r Rendering) validate() error {
	if _, err := time.Parse(time.DateOnly, cmp.Or(r.NoDate, "0001-01-01")); err != nil {
		return fmt.Errorf("noDate: %q is no day such as 1900-01-01", r.NoDate)
	}
	return cmp.Or(
		oneOf("noRows", r.NoRows, "guid", "array", "null", "empty", "204"),
		oneOf("numbers", r.Numbers, "int", "string", "mixed", "number", "decimal"),
		oneOf("booleans", r.Booleans, slices.Sorted(maps.Keys(booleanForms))...),
		oneOf("dates", r.Dates, slices.Sorted(maps.Keys(dateForms))...),
		oneOf("empty", r.Empty, "null", "missing", "blank"),
	)
}

// noRows returns the answer to a call that nothing matched.
func (r Rendering) noRows() response {
	a := response{status: http.StatusOK, header: jsonHeader()}
	switch r.NoRows {
	case "array":
		a.body = []byte("[]")
	case "null":
		a.body = []byte("null")
	case "empty":
	case "204":
		a.status = http.StatusNoContent
	default:
		a.body = marshal(struct{ ProcessGUID string }{processGUID()})
	}
	return a
}

// value returns the cell as JSON, or nil if the cell is left out.
func (r Rendering) value(column string, c cell) []byte {
	if c.null && c.kind == timeKind && r.NoDate != "" {
		c.null = false
		c.time, _ = time.Parse(time.DateOnly, r.NoDate) // checked by validate
	}
	if c.null {
		switch r.Empty {
		case "missing":
			return nil
		case "blank":
			return []byte(`""`)
		}
		return []byte("null")
	}
	switch c.kind {
	case boolKind:
		return []byte(booleanForms[cmp.Or(r.Booleans, "bool")][asInt(c.flag)])
	case timeKind:
		return marshal(c.time.UTC().Format(dateForms[cmp.Or(r.Dates, "zoneless")]))
	case moneyKind:
		return strconv.AppendFloat(nil, c.money, 'f', 2, 64)
	}
	return r.number(column, c)
}

// number returns a cell of text or numbers as JSON.
func (r Rendering) number(column string, c cell) []byte {
	if !isInt(c.text) || c.kind == textKind && r.Numbers != "number" {
		return marshal(c.text)
	}
	switch {
	case r.Numbers == "string" || r.Numbers == "mixed" && column != "RONumber":
		return marshal(c.text)
	case r.Numbers == "decimal":
		return []byte(canonical(c.text) + ".00")
	}
	return []byte(canonical(c.text))
}

// marshal returns v as JSON without HTML escapes. It panics if v cannot be encoded, which no caller
// passes.
func marshal(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("karmaktest: encode an answer: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

func jsonResponse(status int, v any) response {
	return response{status: status, header: jsonHeader(), body: marshal(v)}
}

// message returns an error answer in the form of every error except the token call's.
func message(status int, format string, args ...any) response {
	return jsonResponse(status, struct {
		Message string `json:"message"`
	}{fmt.Sprintf(format, args...)})
}

func notAllowed(method string) response {
	a := message(http.StatusMethodNotAllowed, "only %s is allowed", method)
	a.header.Set("Allow", method)
	return a
}
