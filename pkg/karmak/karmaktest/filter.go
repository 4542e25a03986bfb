package karmaktest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// condition is one term of a filter: {column}[{op}]{value}.
type condition struct {
	column column
	op     string
	values []cell // more than one only for IN; none for NULL

	caseSensitive bool
}

// parseFilter reads terms joined by commas. A row must meet all of them. The language has neither
// OR nor an escape.
func parseFilter(v *view, filter string, a *account) ([]condition, error) {
	var conditions []condition
	for _, term := range strings.Split(filter, ",") {
		c, err := parseCondition(v, term, a)
		if err != nil {
			return nil, fmt.Errorf("filter %q: %w", term, err)
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

func parseCondition(v *view, term string, a *account) (condition, error) {
	name, rest, ok := strings.Cut(term, "[")
	op, value, closed := strings.Cut(rest, "]")
	if !ok || !closed || name == "" || strings.ContainsAny(value, "[]") {
		return condition{}, errors.New("not of the form column[op]value")
	}
	column, err := v.column(name)
	if err != nil {
		return condition{}, err
	}
	if !slices.Contains([]string{"EQ", "NE", "LT", "LTE", "GT", "GTE", "IN"}, op) {
		return condition{}, fmt.Errorf("no operator %q", op)
	}
	if column.kind == boolKind && !slices.Contains([]string{"EQ", "NE", "IN"}, op) {
		return condition{}, errors.New("booleans have no order")
	}
	c := condition{column: column, op: op, caseSensitive: a.Rules.CaseSensitive}
	values := []string{value}
	if op == "IN" {
		values = strings.Split(value, "|")
	}
	for _, value := range values {
		if value == "NULL" {
			if op == "EQ" || op == "NE" {
				return c, nil
			}
			return condition{}, errors.New("NULL goes with EQ and NE only")
		}
		if strings.Contains(value, "|") {
			return condition{}, errors.New("a bar goes with IN only")
		}
		parsed, err := column.kind.parse(value, a)
		if err != nil {
			return condition{}, err
		}
		c.values = append(c.values, parsed)
	}
	return c, nil
}

// meets reports whether the row meets the condition. As in SQL, an empty cell meets only EQ NULL.
func (c condition) meets(r row) bool {
	actual := c.column.cell(r)
	if len(c.values) == 0 {
		return actual.null == (c.op == "EQ")
	}
	if actual.null {
		return false
	}
	order := compare(actual, c.values[0], c.caseSensitive)
	switch c.op {
	case "EQ", "IN":
		return slices.ContainsFunc(c.values, func(value cell) bool { return compare(actual, value, c.caseSensitive) == 0 })
	case "NE":
		return order != 0
	case "LT":
		return order < 0
	case "LTE":
		return order <= 0
	case "GT":
		return order > 0
	default:
		return order >= 0
	}
}
