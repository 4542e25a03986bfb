package relatedro

import (
	"fmt"
	"strings"
)

// Limits of the identifiers that other systems send, from the message contract.
const (
	MaxIDLength = 64 // letters, digits, '.', '_' and '-'
	MaxROLength = 32 // letters, digits and '-'
)

// FieldError states which field of an input breaks which rule. Its text names both and never
// repeats the value.
type FieldError struct {
	Field string // as the sender spells it, for example "roNumber"
	Rule  string // the rule, for example "must be 1 to 32 letters, digits or '-'"
}

// Error returns the field and the rule.
func (e *FieldError) Error() string { return e.Field + " " + e.Rule }

// FieldErrors are the errors of one input.
type FieldErrors []*FieldError

// Error returns each field and its rule.
func (e FieldErrors) Error() string {
	all := make([]string, len(e))
	for i, err := range e {
		all[i] = err.Error()
	}
	return strings.Join(all, "; ")
}

// CheckID returns nil if value is 1 to MaxIDLength letters, digits, '.', '_' or '-'.
// Every identifier except an RO number has this form.
func CheckID(field, value string) *FieldError {
	if within(value, MaxIDLength, "._-") {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("must be 1 to %d letters, digits, '.', '_' or '-'", MaxIDLength)}
}

// CheckRO returns nil if value is 1 to MaxROLength letters, digits or '-'. No other
// character may reach a DMS: if its query language has no escape, a separator in a number would
// change the query.
func CheckRO(field, value string) *FieldError {
	if within(value, MaxROLength, "-") {
		return nil
	}
	return &FieldError{field, fmt.Sprintf("must be 1 to %d letters, digits or '-'", MaxROLength)}
}

// CanonicalRO returns the canonical spelling of an RO number: digits without leading zeros, letters
// in upper case. A DMS may hold a number as an integer or as text, and databases ignore case by
// default. So "050124" and "50124" are the same RO, and so are "r50999" and "R50999". The canonical
// form is for comparisons and keys; people see the number as the DMS writes it.
func CanonicalRO(number string) string {
	if strings.Trim(number, "0123456789") != "" {
		return strings.ToUpper(number)
	}
	if trimmed := strings.TrimLeft(number, "0"); trimmed != "" || number == "" {
		return trimmed
	}
	return "0"
}

func within(s string, most int, extra string) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !alphanumeric(s[i]) && !hasByte(extra, s[i]) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func hasByte(s string, c byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return true
		}
	}
	return false
}
