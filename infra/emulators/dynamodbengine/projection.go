package dynamodbengine

import "slices"

// projection lists the attributes that a read returns of each item. nil means the whole item.
type projection []string

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

// projection parses a list of attributes. It rejects paths into maps and lists, which the product
// never requests.
func (p *parser) projection() (projection, error) {
	var names projection
	for {
		way, err := p.path()
		if err != nil {
			return nil, err
		}
		if len(way) > 1 {
			return nil, invalid("This engine does not support projections into maps and lists")
		}
		if slices.Contains(names, way[0].name) {
			return nil, invalid("Two document paths overlap with each other; must remove or rewrite one of these paths")
		}
		names = append(names, way[0].name)
		if !p.accept(",") {
			return names, nil
		}
	}
}

// of returns the projected part of an item.
func (p projection) of(it item) item {
	if p == nil {
		return it
	}
	part := make(item, len(p))
	for _, name := range p {
		if v, ok := it[name]; ok {
			part[name] = v
		}
	}
	return part
}
