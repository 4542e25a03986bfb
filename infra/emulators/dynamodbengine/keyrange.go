package dynamodbengine

// keyRange is the selection of a key condition: one hash key and a range of sort keys.
type keyRange struct {
	hash     value
	position func(sort value) int // negative below the range, 0 within it, positive above it
}

// keyRangeOf converts a key condition to a keyRange. The condition must compare the hash key for
// equality. It may compare the sort key, require it to lie between two values, or require a prefix.
func keyRangeOf(c condition, keys keySchema) (keyRange, error) {
	wanted := keyRange{position: func(value) int { return 0 }}
	left, right := c, condition(nil)
	if b, ok := c.(both); ok {
		left, right = b.left, b.right
	}
	if right != nil && attributeOf(left) != keys.hash {
		left, right = right, left
	}
	equal, ok := left.(comparison)
	if !ok || equal.op != "=" || attributeOf(left) != keys.hash {
		return wanted, invalid("Query condition missed key schema element: %s", keys.hash)
	}
	hash, ok := equal.right.(literal)
	if !ok || hash.value.kind != kindString || hash.value.text == "" {
		return wanted, invalid("One or more parameter values were invalid: Condition parameter type does not match schema type, " +
			"or is empty")
	}
	wanted.hash = hash.value
	if right == nil {
		return wanted, nil
	}
	if keys.sort == "" || attributeOf(right) != keys.sort {
		return wanted, invalid("Query key condition not supported")
	}
	var err error
	wanted.position, err = positionOf(right)
	return wanted, err
}

// attributeOf returns the top-level attribute that a simple condition tests, or "" if there is
// none.
func attributeOf(c condition) string {
	var way path
	switch c := c.(type) {
	case comparison:
		if a, ok := c.left.(attribute); ok {
			way = a.path
		}
	case between:
		if a, ok := c.of.(attribute); ok {
			way = a.path
		}
	case function:
		way = c.path
	}
	if len(way) != 1 {
		return ""
	}
	return way[0].name
}

func positionOf(c condition) (func(value) int, error) {
	bounds, err := boundsOf(c)
	if err != nil {
		return nil, err
	}
	compareWith := func(bound value) func(value) int {
		return func(v value) int {
			order, _ := v.compare(bound)
			return order
		}
	}
	low := compareWith(bounds[0])
	switch c := c.(type) {
	case between:
		high := compareWith(bounds[1])
		return func(v value) int { return min(low(v), 0) + max(high(v), 0) }, nil
	case function:
		return func(v value) int {
			if beginsWith(v, true, bounds[0]) {
				return 0
			}
			return low(v)
		}, nil
	case comparison:
		switch c.op {
		case "=":
			return low, nil
		case "<":
			return func(v value) int { return max(low(v)+1, 0) }, nil
		case "<=":
			return func(v value) int { return max(low(v), 0) }, nil
		case ">":
			return func(v value) int { return min(low(v)-1, 0) }, nil
		case ">=":
			return func(v value) int { return min(low(v), 0) }, nil
		}
	}
	return nil, invalid("Query key condition not supported")
}

// boundsOf returns the values with which a condition compares the sort key.
func boundsOf(c condition) ([]value, error) {
	var operands []operand
	switch c := c.(type) {
	case comparison:
		operands = []operand{c.right}
	case between:
		operands = []operand{c.low, c.high}
	case function:
		if c.name == "begins_with" {
			operands = []operand{c.argument}
		}
	}
	var bounds []value
	for _, o := range operands {
		l, ok := o.(literal)
		if !ok || l.value.kind != kindString {
			return nil, invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
		}
		bounds = append(bounds, l.value)
	}
	if bounds == nil {
		return nil, invalid("Query key condition not supported")
	}
	return bounds, nil
}
