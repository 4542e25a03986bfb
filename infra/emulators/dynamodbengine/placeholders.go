package dynamodbengine

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
)

// placeholders holds the attribute names and values that the expressions of one request refer to.
// Every entry must be used, because DynamoDB rejects unused ones.
type placeholders struct {
	names  map[string]string // by #name
	values item              // by :value

	usedNames, usedValues map[string]bool
}

func newPlaceholders(names map[string]string, values map[string]any) (*placeholders, error) {
	parsed, err := parseItem(values)
	if err != nil {
		return nil, err
	}
	for name := range names {
		if len(name) < 2 || name[0] != '#' {
			return nil, invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", name)
		}
	}
	for name := range parsed {
		if len(name) < 2 || name[0] != ':' {
			return nil, invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", name)
		}
	}
	return &placeholders{names: names, values: parsed, usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

// name resolves an attribute name, which is either bare or a placeholder.
func (p *placeholders) name(t token) (string, error) {
	if t[0] == '#' {
		name, ok := p.names[string(t)]
		if !ok {
			return "", invalid("An expression attribute name used in the document path is not defined; attribute name: %s", t)
		}
		p.usedNames[string(t)] = true
		return name, nil
	}
	if !t.identifier() {
		return "", invalid("Syntax error; token: %q", string(t))
	}
	if reservedWords()[strings.ToUpper(string(t))] {
		return "", invalid("Attribute name is a reserved keyword; reserved keyword: %s", t)
	}
	return string(t), nil
}

// value resolves a :value.
func (p *placeholders) value(t token) (value, error) {
	v, ok := p.values[string(t)]
	if !ok {
		return value{}, invalid("An expression attribute value used in expression is not defined; attribute value: %s", t)
	}
	p.usedValues[string(t)] = true
	return v, nil
}

// leftOver returns a ValidationException if a placeholder is unused.
func (p *placeholders) leftOver() error {
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		if !p.usedNames[name] {
			return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !p.usedValues[name] {
			return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", name)
		}
	}
	return nil
}

// reserved.txt is Amazon's list "Reserved words in DynamoDB". An expression must not contain any of
// them as a bare word.
//
//go:embed reserved.txt
var reservedList string

var reservedWords = sync.OnceValue(func() map[string]bool {
	words := make(map[string]bool)
	for _, word := range strings.Fields(reservedList) {
		words[word] = true
	}
	return words
})
