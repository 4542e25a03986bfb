package dynamodbengine

import (
	"slices"
	"strings"
)

// condition is a parsed condition, filter or key condition expression.
type condition interface{ holds(it item) bool }

type (
	both       struct{ left, right condition }
	either     struct{ left, right condition }
	not        struct{ inner condition }
	comparison struct {
		op          token
		left, right operand
	}
	between  struct{ of, low, high operand }
	function struct {
		predicate
		path     path
		argument operand // of binary functions
	}
)

func (c both) holds(it item) bool   { return c.left.holds(it) && c.right.holds(it) }
func (c either) holds(it item) bool { return c.left.holds(it) || c.right.holds(it) }
func (c not) holds(it item) bool    { return !c.inner.holds(it) }

// comparators maps each operator to the results of a three-way comparison that satisfy it.
var comparators = map[token]func(order int) bool{
	"=":  func(o int) bool { return o == 0 },
	"<>": func(o int) bool { return o != 0 },
	"<":  func(o int) bool { return o < 0 },
	"<=": func(o int) bool { return o <= 0 },
	">":  func(o int) bool { return o > 0 },
	">=": func(o int) bool { return o >= 0 },
}

// holds compares the operands. A missing operand, or one of another type, is unequal and has no
// order.
func (c comparison) holds(it item) bool {
	left, okLeft := c.left.in(it)
	right, okRight := c.right.in(it)
	switch c.op {
	case "=":
		return okLeft && okRight && left.equal(right)
	case "<>":
		return !(okLeft && okRight && left.equal(right))
	}
	order, ok := left.compare(right)
	return okLeft && okRight && ok && comparators[c.op](order)
}

func (c between) holds(it item) bool {
	return comparison{">=", c.of, c.low}.holds(it) && comparison{"<=", c.of, c.high}.holds(it)
}

// operand is one side of a comparison.
type operand interface{ in(it item) (value, bool) }

type (
	literal   struct{ value value }
	attribute struct{ path path }
)

func (o literal) in(item) (value, bool)      { return o.value, true }
func (o attribute) in(it item) (value, bool) { return o.path.in(it) }

// predicate is a function that returns a boolean, so that it is a condition by itself.
type predicate struct {
	name   string
	binary bool // takes an operand after the path
	test   func(v value, present bool, argument value) bool
}

// predicates by name. Function names are case-sensitive.
var predicates = map[string]predicate{
	"attribute_exists":     {"attribute_exists", false, func(_ value, present bool, _ value) bool { return present }},
	"attribute_not_exists": {"attribute_not_exists", false, func(_ value, present bool, _ value) bool { return !present }},
	"begins_with":          {"begins_with", true, beginsWith},
	"contains":             {"contains", true, contains},
}

func (c function) holds(it item) bool {
	v, present := c.path.in(it)
	if !c.binary {
		return c.test(v, present, value{})
	}
	argument, ok := c.argument.in(it)
	return present && ok && c.test(v, present, argument)
}

func beginsWith(v value, _ bool, prefix value) bool {
	return v.kind == prefix.kind && (v.kind == kindString || v.kind == kindBinary) && strings.HasPrefix(v.text, prefix.text)
}

func contains(v value, _ bool, part value) bool {
	if v.kind == kindList {
		return slices.ContainsFunc(v.list, part.equal)
	}
	return v.kind == part.kind && (v.kind == kindString || v.kind == kindBinary) && strings.Contains(v.text, part.text)
}

// optionalCondition parses a condition. An empty expression yields a condition that always holds.
func optionalCondition(name, expression string, ph *placeholders) (condition, error) {
	if expression == "" {
		return always{}, nil
	}
	return parse(name, expression, ph, (*parser).condition)
}

type always struct{}

func (always) holds(item) bool { return true }
