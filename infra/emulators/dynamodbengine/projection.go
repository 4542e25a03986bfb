package dynamodbengine

// projection lists the paths that a read returns of each item. nil means the whole item.
type projection []path

func optionalProjection(expression string, ph *placeholders) (projection, error) {
	if expression == "" {
		return nil, nil
	}
	return parse("ProjectionExpression", expression, ph, (*parser).projection)
}

// onlyProjection parses a projection whose request has no other expressions.
func onlyProjection(expression string, names map[string]string) (projection, error) {
	ph, err := newPlaceholders(names, nil)
	if err != nil {
		return nil, err
	}
	part, err := optionalProjection(expression, ph)
	if err != nil {
		return nil, err
	}
	return part, ph.leftOver()
}

// projection parses a list of paths. It rejects paths into lists, which the product never requests.
func (p *parser) projection() (projection, error) {
	var paths projection
	for {
		way, err := p.path()
		if err != nil {
			return nil, err
		}
		for _, other := range paths {
			if way.overlaps(other) {
				return nil, invalid("Two document paths overlap with each other; must remove or rewrite one of these paths")
			}
		}
		for _, s := range way {
			if s.name == "" {
				return nil, invalid("This engine does not support projections into lists")
			}
		}
		paths = append(paths, way)
		if !p.accept(",") {
			return paths, nil
		}
	}
}

// of returns the projected part of an item.
func (p projection) of(it item) item {
	if p == nil {
		return it
	}
	part := make(item)
	for _, way := range p {
		if v, ok := way.in(it); ok {
			part.graft(way, v)
		}
	}
	return part
}

// graft sets the value at the path and creates the maps that lead to it.
func (it item) graft(way path, v value) {
	for _, s := range way[:len(way)-1] {
		m, ok := it[s.name]
		if !ok {
			m = value{kind: kindMap, attrs: make(item)}
			it[s.name] = m
		}
		it = m.attrs
	}
	it[way[len(way)-1].name] = v
}
