package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"related-ro/pkg/relatedro"
)

// maxFields is the maximum number of errors in one body that a response lists.
const maxFields = 20

// object is a JSON object whose members are taken one by one. It collects an error for each invalid
// member and for each member that is not taken; done returns these errors.
type object struct {
	err     error  // of a body that is not an object
	path    string // "" for the body itself, otherwise with a trailing dot
	members map[string]any
	twice   []string // names that occur more than once
	notes   *notes
}

type notes struct{ errs relatedro.FieldErrors }

func (n *notes) add(name, rule string) {
	if len(n.errs) < maxFields {
		n.errs = append(n.errs, &relatedro.FieldError{Field: clip(name), Rule: rule})
	}
}

// parse parses a body that must be one JSON object. encoding/json alone accepts duplicate names and
// names in another case, and silently keeps the last value. The object of an invalid body has no
// members, and its done returns the error.
func parse(body []byte) *object {
	var parsed any
	rule := "is not valid JSON"
	if utf8.Valid(body) && json.Valid(body) {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		parsed, rule = value(d), "must be an object"
	}
	o, ok := parsed.(*object)
	if !ok {
		o = &object{err: invalid("body", rule)}
	}
	o.notes = &notes{}
	return o
}

// value reads a string, json.Number, bool, nil, []any or *object from input that json.Valid has
// accepted, so that no error is possible.
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

// take removes and returns a member.
func (o *object) take(name string, needed bool) (value any, given bool) {
	value, given = o.members[name]
	delete(o.members, name)
	if !given && needed {
		o.notes.add(o.path+name, "is required")
	}
	return value, given
}

// text takes a string. It returns "" if the member is missing or not a string; given distinguishes
// an empty string from a missing one.
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

// flag takes a boolean. It returns nil if the member is missing.
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

// checked takes a string and validates it with rule.
func (o *object) checked(name string, needed bool, rule func(field, value string) *relatedro.FieldError) string {
	s, ok := o.text(name, needed)
	if ok {
		if err := rule(name, s); err != nil {
			o.notes.add(o.path+name, err.Rule)
		}
	}
	return s
}

// object takes an object. If the member is missing or not an object, it returns an empty object
// with separate notes, so that one mistake is reported once.
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

// objects takes a required array of objects.
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

// texts takes an optional array of strings. If given, it must have 1 to most elements, none of them
// empty.
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

// maxText is the maximum length in bytes of a string in an array. SQS message ids take about a
// third of it.
const maxText = 128

// done returns one problem for all errors collected so far in this object, its parents and its
// children, and for the members of this object that were not taken. It returns nil if there are
// none.
func (o *object) done() error {
	if o.err != nil {
		return o.err
	}
	o.end()
	if len(o.notes.errs) == 0 {
		return nil
	}
	return invalidFields(o.notes.errs)
}

// end adds an error for each duplicate member and each member that was not taken.
func (o *object) end() {
	for _, name := range o.twice {
		o.notes.add(o.path+name, "must not occur more than once")
	}
	names := make([]string, 0, len(o.members))
	for name := range o.members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o.notes.add(o.path+name, "is not a known field")
	}
}
