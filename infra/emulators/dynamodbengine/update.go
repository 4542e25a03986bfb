package dynamodbengine

import "slices"

// update is a parsed update expression.
type update struct{ actions []action }

// action changes one path. It reads values from the item as it was before the whole update.
type action struct {
	path   path
	change func(before item) (*value, error) // the new value; nil removes the path
}

// apply returns the updated item.
func (u update) apply(before item) (item, error) {
	after := before
	for _, a := range u.actions {
		v, err := a.change(before)
		if err != nil {
			return nil, err
		}
		if v == nil {
			after, err = a.path.without(after)
		} else {
			after, err = a.path.with(after, *v)
		}
		if err != nil {
			return nil, err
		}
	}
	return after, nil
}

// update parses SET, REMOVE and ADD sections, at most one of each.
func (p *parser) update() (update, error) {
	sections := map[string]func() (action, error){"SET": p.setAction, "REMOVE": p.removeAction, "ADD": p.addAction}
	var u update
	for p.at < len(p.tokens) {
		read := takeSection(p, sections)
		if read == nil {
			return u, p.unexpected()
		}
		for {
			a, err := read()
			if err != nil {
				return u, err
			}
			if slices.ContainsFunc(u.actions, func(other action) bool { return a.path.overlaps(other.path) }) {
				return u, invalid("Two document paths overlap with each other; must remove or rewrite one of these paths")
			}
			u.actions = append(u.actions, a)
			if !p.accept(",") {
				break
			}
		}
	}
	return u, nil
}

func takeSection(p *parser, sections map[string]func() (action, error)) func() (action, error) {
	for keyword, read := range sections {
		if p.accept(token(keyword)) {
			delete(sections, keyword)
			return read
		}
	}
	return nil
}

// setAction parses path = term [+ term].
func (p *parser) setAction() (action, error) {
	way, err := p.path()
	if err != nil {
		return action{}, err
	}
	if err := p.expect("="); err != nil {
		return action{}, err
	}
	left, err := p.term()
	if err != nil {
		return action{}, err
	}
	if !p.accept("+") {
		return action{way, func(it item) (*value, error) {
			v, err := left(it)
			return &v, err
		}}, nil
	}
	right, err := p.term()
	return action{way, func(it item) (*value, error) {
		a, err := left(it)
		if err != nil {
			return nil, err
		}
		b, err := right(it)
		if err != nil {
			return nil, err
		}
		return sum(a, b)
	}}, err
}

// term computes a value from the item as it was before the update.
type term func(before item) (value, error)

// term parses a path, a :value or if_not_exists(path, term).
func (p *parser) term() (term, error) {
	if p.peek() == "if_not_exists" {
		return p.ifNotExists()
	}
	o, err := p.operand()
	return func(it item) (value, error) {
		v, ok := o.in(it)
		if !ok {
			return v, invalid("The provided expression refers to an attribute that does not exist in the item")
		}
		return v, nil
	}, err
}

func (p *parser) ifNotExists() (term, error) {
	p.next()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	way, err := p.path()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	otherwise, err := p.term()
	if err != nil {
		return nil, err
	}
	return func(it item) (value, error) {
		if v, ok := way.in(it); ok {
			return v, nil
		}
		return otherwise(it)
	}, p.expect(")")
}

func (p *parser) removeAction() (action, error) {
	way, err := p.path()
	return action{way, func(item) (*value, error) { return nil, nil }}, err
}

// addAction parses path :value, where the value is a number to add.
func (p *parser) addAction() (action, error) {
	way, err := p.path()
	if err != nil {
		return action{}, err
	}
	v, err := p.placeholders.value(p.next())
	return action{way, func(it item) (*value, error) {
		old, exists := way.in(it)
		if !exists {
			old = value{kind: kindNumber, text: "0"}
		}
		return sum(old, v)
	}}, err
}

func sum(a, b value) (*value, error) {
	if a.kind != kindNumber || b.kind != kindNumber {
		return nil, invalid("An operand in the update expression has an incorrect data type")
	}
	text, err := addNumbers(a.text, b.text)
	return &value{kind: kindNumber, text: text}, err
}
