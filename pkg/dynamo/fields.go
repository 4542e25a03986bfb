package dynamo

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// copier copies fields between a value and its item. Each kind of item has one function that lists
// its fields, so that writing and reading cannot differ.
type copier struct {
	reader
	writing bool // to the item instead of from it
}

// encode adds the fields of v to m and returns m.
func encode[T any](m item, v T, fields func(*copier, *T)) item {
	fields(&copier{reader: reader{item: m}, writing: true}, &v)
	return m
}

// decode returns the value of an item. The error names the item by its key.
func decode[T any](m item, fields func(*copier, *T)) (T, error) {
	made := struct { // one allocation for both
		copier
		value T
	}{copier: copier{reader: reader{item: m}}}
	fields(&made.copier, &made.value)
	if made.err != nil {
		var none T
		return none, fmt.Errorf("item %s: %w", keyOf(m), made.err)
	}
	return made.value, nil
}

// inner copies the fields of a map called name.
func inner[T any](c *copier, name string, m item, v *T, fields func(*copier, *T)) {
	outer, failed := c.item, c.err != nil
	c.item = m
	fields(c, v)
	c.item = outer
	if c.err != nil && !failed {
		c.err = fmt.Errorf("%s: %w", name, c.err)
	}
}

func textField[S ~string](c *copier, name string, s *S) {
	if c.writing {
		c.item.putText(name, string(*s))
	} else {
		*s = S(c.text(name))
	}
}

func timeField(c *copier, name string, t *time.Time) {
	if c.writing {
		c.item.putTime(name, *t)
	} else {
		*t = c.time(name)
	}
}

func flagField(c *copier, name string, yes *bool) {
	if c.writing {
		c.item.putFlag(name, *yes)
	} else {
		*yes = c.flag(name)
	}
}

// numberField writes a zero too.
func numberField[N int | int64](c *copier, name string, n *N) {
	if c.writing {
		c.item[name] = number(int64(*n))
	} else {
		*n = N(c.number(name))
	}
}

// mapField copies a value whose fields are in a map. A missing map reads as an empty one, and an
// empty map is not written.
func mapField[T any](c *copier, name string, v *T, fields func(*copier, *T)) {
	var m item
	if c.writing {
		m = make(item)
	} else if stored, ok := attribute[*types.AttributeValueMemberM](&c.reader, name); ok {
		m = stored.Value
	}
	inner(c, name, m, v, fields)
	if c.writing && len(m) > 0 {
		c.item[name] = &types.AttributeValueMemberM{Value: m}
	}
}

// listField copies values whose fields are in the maps of a list. An empty list is not written.
func listField[T any](c *copier, name string, values *[]T, fields func(*copier, *T)) {
	if c.writing {
		if len(*values) > 0 {
			list := make([]types.AttributeValue, len(*values))
			for i, v := range *values {
				list[i] = &types.AttributeValueMemberM{Value: encode(make(item), v, fields)}
			}
			c.item[name] = &types.AttributeValueMemberL{Value: list}
		}
		return
	}
	list, ok := attribute[*types.AttributeValueMemberL](&c.reader, name)
	if !ok || len(list.Value) == 0 {
		return
	}
	*values = make([]T, len(list.Value))
	for i, v := range list.Value {
		if m, ok := v.(*types.AttributeValueMemberM); ok {
			inner(c, name, m.Value, &(*values)[i], fields)
		} else {
			c.fail(name)
		}
	}
}
