package karmaktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Rendering says how an account's answers write what Karmak publishes no type for. Empty fields mean the first choice.
type Rendering struct {
	// Numbers is how RO, invoice, customer and task numbers are written: "number"; "string"; or "mixed", RONumber as a number
	// and the rest as strings. A number with letters or leading zeros is a string in any case.
	Numbers string `json:"numbers,omitempty"`
	// Booleans are written as "bool" (true, false), "int" (1, 0) or "yn" ("Y", "N").
	Booleans string `json:"booleans,omitempty"`
	// Dates are written as "rfc3339" in UTC, or "zoneless", the same without the Z.
	Dates string `json:"dates,omitempty"`
	// Empty cells are written as "null"; are "missing"; or "blank", an empty string.
	Empty string `json:"empty,omitempty"`
}

func (r Rendering) validate() error {
	for _, field := range []struct {
		name, value string
		choices     []string
	}{
		{"numbers", r.Numbers, []string{"number", "string", "mixed"}},
		{"booleans", r.Booleans, []string{"bool", "int", "yn"}},
		{"dates", r.Dates, []string{"rfc3339", "zoneless"}},
		{"empty", r.Empty, []string{"null", "missing", "blank"}},
	} {
		if field.value != "" && !slices.Contains(field.choices, field.value) {
			return fmt.Errorf("%s: %q is none of %s", field.name, field.value, strings.Join(field.choices, ", "))
		}
	}
	return nil
}

// value returns the cell as JSON; nil when it is to be left out.
func (r Rendering) value(column string, c cell) []byte {
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
		return r.boolean(c.flag)
	case timeKind:
		if r.Dates == "zoneless" {
			return marshal(c.time.UTC().Format("2006-01-02T15:04:05"))
		}
		return marshal(c.time.UTC().Format(time.RFC3339))
	case numberKind:
		asString := r.Numbers == "string" || r.Numbers == "mixed" && column != "RONumber"
		if !asString && digits(c.text) && canonical(c.text) == c.text {
			return []byte(c.text)
		}
	}
	return marshal(c.text)
}

func (r Rendering) boolean(b bool) []byte {
	written := map[string][2]string{"int": {"0", "1"}, "yn": {`"N"`, `"Y"`}}
	choice, ok := written[r.Booleans]
	if !ok {
		choice = [2]string{"false", "true"}
	}
	return []byte(choice[asInt(b)])
}

// marshal writes v as JSON without escaping for HTML. It panics where v is no JSON value, which no caller passes.
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

func jsonAnswer(status int, v any) answer {
	return answer{status: status, header: jsonHeader(), body: marshal(v)}
}

// message is the form of every error but the token call's.
func message(status int, format string, args ...any) answer {
	return jsonAnswer(status, struct {
		Message string `json:"message"`
	}{fmt.Sprintf(format, args...)})
}

func notAllowed(method string) answer {
	a := message(http.StatusMethodNotAllowed, "only %s is allowed", method)
	a.header.Set("Allow", method)
	return a
}
