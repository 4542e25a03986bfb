package dynamodbengine

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// kind is the type of an attribute value, by DynamoDB's name. This engine has no sets.
type kind string

const (
	kindString kind = "S"
	kindNumber kind = "N"
	kindBinary kind = "B"
	kindBool   kind = "BOOL"
	kindNull   kind = "NULL"
	kindMap    kind = "M"
	kindList   kind = "L"
)

const maxDepth = 32 // of nested lists and maps; Amazon's limit

// value is one attribute value. Requests share values, so values are immutable.
type value struct {
	kind  kind
	text  string  // of S, N (canonical) and B (raw bytes)
	yes   bool    // of BOOL
	list  []value // of L
	attrs item    // of M
}

// item is an item or a map: attribute values by name.
type item map[string]value

// parseItem parses an item from decoded JSON.
func parseItem(raw map[string]any) (item, error) { return parseAttrs(raw, 1) }

func parseAttrs(raw map[string]any, depth int) (item, error) {
	it := make(item, len(raw))
	for name, r := range raw {
		v, err := parseValue(r, depth)
		if err != nil {
			return nil, err
		}
		it[name] = v
	}
	return it, nil
}

func parseValue(raw any, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, invalid("Nesting Levels have exceeded supported limits: Attributes cannot have nesting levels more than %d",
			maxDepth)
	}
	typed, ok := raw.(map[string]any)
	if !ok || len(typed) != 1 {
		return value{}, invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	for k, content := range typed {
		return parseTyped(kind(k), content, depth)
	}
	panic("unreachable: the map has one entry")
}

func parseTyped(k kind, content any, depth int) (value, error) {
	v := value{kind: k}
	var err error
	switch content := content.(type) {
	case string:
		switch k {
		case kindString, kindNumber, kindBinary:
			v.text, err = parseScalar(k, content)
			return v, err
		}
	case bool:
		v.yes = content
		if k == kindBool || k == kindNull && content {
			return v, nil
		}
	case []any:
		if k == kindList {
			v.list, err = parseList(content, depth)
			return v, err
		}
	case map[string]any:
		if k == kindMap {
			v.attrs, err = parseAttrs(content, depth+1)
			return v, err
		}
	}
	return value{}, refused("SerializationException", "This engine does not support an attribute value of type %s with this JSON value", k)
}

func parseScalar(k kind, content string) (string, error) {
	switch k {
	case kindNumber:
		return canonicalNumber(content)
	case kindBinary:
		raw, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return "", refused("SerializationException", "Invalid base64")
		}
		return string(raw), nil
	}
	return content, nil
}

func parseList(content []any, depth int) ([]value, error) {
	list := make([]value, len(content))
	for i, raw := range content {
		v, err := parseValue(raw, depth+1)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// equal reports whether two values have the same type and content.
func (v value) equal(o value) bool {
	if v.kind != o.kind {
		return false
	}
	switch v.kind {
	case kindNull:
		return true
	case kindBool:
		return v.yes == o.yes
	case kindList:
		return slices.EqualFunc(v.list, o.list, value.equal)
	case kindMap:
		return v.attrs.equal(o.attrs)
	}
	return v.text == o.text
}

func (it item) equal(o item) bool {
	if len(it) != len(o) {
		return false
	}
	for name, v := range it {
		w, ok := o[name]
		if !ok || !v.equal(w) {
			return false
		}
	}
	return true
}

// compare orders two values of the same scalar type: numbers by value, strings and binaries by
// their bytes. For all other values ok is false.
func (v value) compare(o value) (order int, ok bool) {
	if v.kind != o.kind {
		return 0, false
	}
	switch v.kind {
	case kindString, kindBinary:
		return strings.Compare(v.text, o.text), true
	case kindNumber:
		return compareNumbers(v.text, o.text), true
	}
	return 0, false
}

// size returns the number of bytes that count towards Amazon's limits and prices, by the published
// rules ("DynamoDB item sizes and formats").
func (v value) size() int {
	switch v.kind {
	case kindNumber:
		return numberSize(v.text)
	case kindBool, kindNull:
		return 1
	case kindList:
		n := 3
		for _, e := range v.list {
			n += 1 + e.size()
		}
		return n
	case kindMap:
		n := 3
		for name, e := range v.attrs {
			n += 1 + len(name) + e.size()
		}
		return n
	}
	return len(v.text)
}

// size returns the item's size in bytes, including attribute names.
func (it item) size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.size()
	}
	return n
}

// MarshalJSON encodes the item as DynamoDB does. It sorts the names so that answers are
// deterministic.
func (it item) MarshalJSON() ([]byte, error) { return it.appendJSON(nil), nil }

func (it item) appendJSON(b []byte) []byte {
	names := make([]string, 0, len(it))
	for name := range it {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, name)
		b = append(b, ':')
		b = it[name].appendJSON(b)
	}
	return append(b, '}')
}

func (v value) appendJSON(b []byte) []byte {
	b = append(b, `{"`...)
	b = append(b, v.kind...)
	b = append(b, `":`...)
	switch v.kind {
	case kindBinary:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(v.text))
		b = append(b, '"')
	case kindBool:
		b = strconv.AppendBool(b, v.yes)
	case kindNull:
		b = append(b, "true"...)
	case kindMap:
		b = v.attrs.appendJSON(b)
	case kindList:
		b = append(b, '[')
		for i, e := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.appendJSON(b)
		}
		b = append(b, ']')
	default:
		b = appendQuoted(b, v.text)
	}
	return append(b, '}')
}

// appendQuoted appends s as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
