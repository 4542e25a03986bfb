package dynamodb

// projection is what a read returns of each item; nil is all of it.
type projection []path

func optionalProjection(expression string, ph *placeholders) (projection, error) {
	if expression == "" {
		return nil, nil
	}
	return parse("ProjectionExpression", expression, ph, (*parser).projection)
}

// projection reads paths. Paths into lists are refused: nothing here asks for a part
// of a list.
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
				return nil, invalid("This engine does not project parts of lists")
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

// graft sets the path's value and makes the maps that lead to it.
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
