package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxFields is the most faults of one body that an answer lists.
const maxFields = 20

// object is a JSON object whose members are taken out one by one. Whatever is wrong
// with them is noted, and members that nobody took are wrong too; done tells.
type object struct {
	path    string // "" for the body itself, else with a dot at its end
	members map[string]any
	twice   []string // names that are given more than once
	notes   *notes
}

type notes struct{ fields []field }

func (n *notes) add(name, detail string) {
	if len(n.fields) < maxFields {
		n.fields = append(n.fields, field{clip(name), detail})
	}
}

// parse returns the one object that a body is. encoding/json alone would take a
// name twice, or in another case, and the last would win silently.
func parse(body []byte) (*object, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, invalid(field{"body", "is not JSON"})
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	o, ok := value(d).(*object)
	if !ok {
		return nil, invalid(field{"body", "must be an object"})
	}
	o.notes = &notes{}
	return o, nil
}

// value takes a string, json.Number, bool, nil, []any or *object of what json.Valid has passed, so
// that no error is left.
func value(d *json.Decoder) any {
	token, _ := d.Token()
	switch token {
	case json.Delim('{'):
		o := &object{members: map[string]any{}}
		for d.More() {
			name, _ := value(d).(string)
			if _, given := o.members[name]; given {
				o.twice = append(o.twice, name)
			}
			o.members[name] = value(d)
		}
		_, _ = d.Token()
		return o
	case json.Delim('['):
		values := []any{}
		for d.More() {
			values = append(values, value(d))
		}
		_, _ = d.Token()
		return values
	}
	return token
}

// take returns a member and removes it.
func (o *object) take(name string, needed bool) (value any, given bool) {
	value, given = o.members[name]
	delete(o.members, name)
	if !given && needed {
		o.notes.add(o.path+name, "is needed")
	}
	return value, given
}

// text takes a string; "" where it is missing or not a string. given tells "" from
// missing.
func (o *object) text(name string, needed bool) (s string, given bool) {
	value, given := o.take(name, needed)
	if !given {
		return "", false
	}
	s, ok := value.(string)
	if !ok {
		o.notes.add(o.path+name, "must be a string")
	}
	return s, ok
}

// flag takes true or false; nil where it is missing.
func (o *object) flag(name string) *bool {
	value, given := o.take(name, false)
	if !given {
		return nil
	}
	yes, ok := value.(bool)
	if !ok {
		o.notes.add(o.path+name, "must be true or false")
	}
	return &yes
}

// checked takes a string and, if it is one, holds it against a rule.
func (o *object) checked(name string, needed bool, rule func(field, value string) error) string {
	s, ok := o.text(name, needed)
	if ok {
		if err := rule(name, s); err != nil {
			o.notes.add(o.path+name, fieldOf(err).Detail)
		}
	}
	return s
}

// object takes an object. Where it is missing or no object it returns an empty one
// that keeps its notes to itself: one fault is told once.
func (o *object) object(name string) *object {
	value, given := o.take(name, true)
	inner, ok := value.(*object)
	if !ok {
		if given {
			o.notes.add(o.path+name, "must be an object")
		}
		return &object{notes: &notes{}}
	}
	inner.path, inner.notes = o.path+name+".", o.notes
	return inner
}

// objects takes an array of objects.
func (o *object) objects(name string) []*object {
	value, given := o.take(name, true)
	values, ok := value.([]any)
	if given && !ok {
		o.notes.add(o.path+name, "must be an array")
	}
	inner := make([]*object, 0, len(values))
	for i, value := range values {
		path := o.path + name + "[" + strconv.Itoa(i) + "]"
		if item, ok := value.(*object); ok {
			item.path, item.notes = path+".", o.notes
			inner = append(inner, item)
		} else {
			o.notes.add(path, "must be an object")
		}
	}
	return inner
}

// texts takes an array of strings that may be missing; given, it has one at least and
// most at most, none of them empty.
func (o *object) texts(name string, most int) []string {
	value, given := o.take(name, false)
	if !given {
		return nil
	}
	values, ok := value.([]any)
	if !ok || len(values) == 0 || len(values) > most {
		o.notes.add(o.path+name, fmt.Sprintf("must be an array of 1 to %d strings", most))
		return nil
	}
	all := make([]string, len(values))
	for i, value := range values {
		if all[i], ok = value.(string); !ok || all[i] == "" || len(all[i]) > maxText {
			o.notes.add(fmt.Sprintf("%s%s[%d]", o.path, name, i), fmt.Sprintf("must be a string of 1 to %d characters", maxText))
		}
	}
	return all
}

// maxText is the most bytes of a string in an array: SQS's ids of messages have a third of it.
const maxText = 128

// done returns the problem of everything noted, of this object and those around and
// within it, and of the members of this one that nobody took; nil if there is none.
func (o *object) done() error {
	o.end()
	if len(o.notes.fields) == 0 {
		return nil
	}
	return invalid(o.notes.fields...)
}

// end notes the members that were given twice, and those that nobody took.
func (o *object) end() {
	for _, name := range o.twice {
		o.notes.add(o.path+name, "is given twice")
	}
	names := make([]string, 0, len(o.members))
	for name := range o.members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o.notes.add(o.path+name, "is not a member here")
	}
}
