package dynamodbengine

import (
	"slices"
	"strconv"
)

// path locates a value in an item: an attribute, then members of maps and lists.
type path []step

// step is one step of a path: a name, or a list index if name is empty.
type step struct {
	name  string
	index int
}

// in returns the value at the path.
func (p path) in(it item) (value, bool) {
	v, ok := it[p[0].name]
	for _, s := range p[1:] {
		if !ok {
			break
		}
		v, ok = s.of(v)
	}
	return v, ok
}

func (s step) of(v value) (value, bool) {
	if s.name != "" {
		member, ok := v.attrs[s.name]
		return member, ok
	}
	if v.kind != kindList || s.index >= len(v.list) {
		return value{}, false
	}
	return v.list[s.index], true
}

// with returns the item with the value set at the path. All parents must exist. An index beyond the
// end of a list appends.
func (p path) with(it item, v value) (item, error) {
	changed, err := p.apply(value{kind: kindMap, attrs: it}, &v)
	return changed.attrs, err
}

// without returns the item with the path removed. Removing a path that does not exist is not an
// error.
func (p path) without(it item) (item, error) {
	changed, err := p.apply(value{kind: kindMap, attrs: it}, nil)
	return changed.attrs, err
}

// apply copies the containers along the path and sets the value at its end, or removes it if v is
// nil.
func (p path) apply(container value, v *value) (value, error) {
	s := p[0]
	if s.name != "" && container.kind != kindMap || s.name == "" && container.kind != kindList {
		return container, invalid("The document path provided in the update expression is invalid for update")
	}
	if len(p) == 1 {
		return s.put(container, v), nil
	}
	child, ok := s.of(container)
	if !ok {
		return container, invalid("The document path provided in the update expression is invalid for update")
	}
	child, err := p[1:].apply(child, v)
	if err != nil {
		return container, err
	}
	return s.put(container, &child), nil
}

func (s step) put(container value, v *value) value {
	if s.name != "" {
		attrs := make(item, len(container.attrs)+1)
		for name, old := range container.attrs {
			attrs[name] = old
		}
		if v == nil {
			delete(attrs, s.name)
		} else {
			attrs[s.name] = *v
		}
		container.attrs = attrs
		return container
	}
	list := slices.Clone(container.list)
	switch {
	case s.index < len(list) && v == nil:
		list = slices.Delete(list, s.index, s.index+1)
	case s.index < len(list):
		list[s.index] = *v
	case v != nil:
		list = append(list, *v)
	}
	container.list = list
	return container
}

// overlaps reports whether one path is a prefix of the other.
func (p path) overlaps(o path) bool {
	n := min(len(p), len(o))
	return slices.Equal(p[:n], o[:n])
}

// path parses a path: a name, then any number of .name and [index].
func (p *parser) path() (path, error) {
	name, err := p.placeholders.name(p.next())
	if err != nil {
		return nil, err
	}
	way := path{{name: name}}
	for {
		switch {
		case p.accept("."):
			name, err := p.placeholders.name(p.next())
			if err != nil {
				return nil, err
			}
			way = append(way, step{name: name})
		case p.accept("["):
			index, err := strconv.Atoi(string(p.next()))
			if err != nil || index < 0 || !p.accept("]") {
				return nil, p.unexpected()
			}
			way = append(way, step{index: index})
		default:
			return way, nil
		}
	}
}
