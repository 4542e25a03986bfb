// Package pattern matches JSON against event patterns, the language of Lambda's event filters and
// EventBridge's rules. It returns an error for operators that it does not support, because ignoring
// one would match other events.
package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Pattern is a parsed event pattern. The zero value matches every event.
type Pattern struct {
	fields map[string]field
}

// field is the condition for one field: a pattern for an object, or a list of alternatives.
type field struct {
	inner *Pattern
	any   []matcher
}

// matcher reports whether a value matches. there is false if the field is missing.
type matcher func(value any, there bool) bool

// Parse parses a pattern, which must be a JSON object. Its errors name the invalid field or the
// unsupported operator.
func Parse(text string) (Pattern, error) {
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return Pattern{}, fmt.Errorf("event pattern is not a JSON object: %w", err)
	}
	return parse(object)
}

func parse(object map[string]any) (Pattern, error) {
	p := Pattern{fields: make(map[string]field, len(object))}
	if len(object) == 0 {
		return p, errors.New("event pattern is empty")
	}
	for name, wanted := range object {
		switch wanted := wanted.(type) {
		case map[string]any:
			inner, err := parse(wanted)
			if err != nil {
				return p, fmt.Errorf("%s: %w", name, err)
			}
			p.fields[name] = field{inner: &inner}
		case []any:
			if name == "$or" {
				return p, fmt.Errorf("event pattern: operator %s is not supported", name)
			}
			f, err := parseValues(wanted)
			if err != nil {
				return p, fmt.Errorf("event pattern: %s: %w", name, err)
			}
			p.fields[name] = f
		default:
			return p, fmt.Errorf("event pattern: %s must be an object or an array", name)
		}
	}
	return p, nil
}

func parseValues(wanted []any) (field, error) {
	var f field
	for _, w := range wanted {
		m, err := parseValue(w)
		if err != nil {
			return f, err
		}
		f.any = append(f.any, m)
	}
	if len(f.any) == 0 {
		return f, errors.New("an empty array matches nothing")
	}
	return f, nil
}

// parseValue parses one alternative: a scalar to compare for equality, or an object that names
// another operator.
func parseValue(wanted any) (matcher, error) {
	rule, ok := wanted.(map[string]any)
	if !ok {
		if _, isList := wanted.([]any); isList {
			return nil, errors.New("an array within an array is not allowed")
		}
		return func(value any, there bool) bool { return there && value == wanted }, nil
	}
	if len(rule) != 1 {
		return nil, errors.New("a matching object must have exactly one key")
	}
	for name, argument := range rule {
		text, isText := argument.(string)
		switch yes, isFlag := argument.(bool); {
		case name == "exists" && isFlag:
			return func(_ any, there bool) bool { return there == yes }, nil
		case name == "prefix" && isText:
			return func(value any, _ bool) bool { s, ok := value.(string); return ok && strings.HasPrefix(s, text) }, nil
		default:
			return nil, fmt.Errorf("operator %s is not supported", name)
		}
	}
	panic("unreachable: one key")
}

// Match reports whether an event, which must be a JSON object, matches the pattern. An array
// matches if one of its elements does.
func (p Pattern) Match(event []byte) bool {
	var object map[string]any
	return json.Unmarshal(event, &object) == nil && p.matches(object)
}

func (p Pattern) matches(object map[string]any) bool {
	for name, f := range p.fields {
		value, there := object[name]
		if !f.matches(value, there) {
			return false
		}
	}
	return true
}

func (f field) matches(value any, there bool) bool {
	if list, ok := value.([]any); ok {
		for _, element := range list {
			if f.matches(element, true) {
				return true
			}
		}
		there = len(list) > 0
		value = nil
	}
	if f.inner != nil {
		object, _ := value.(map[string]any) // other values have no fields
		return f.inner.matches(object)
	}
	for _, m := range f.any {
		if _, isObject := value.(map[string]any); !isObject && m(value, there) {
			return true
		}
	}
	return false
}
