package dynamodbengine

import "errors"

// parser parses the expressions of one request.
type parser struct {
	tokens       []token
	at           int
	placeholders *placeholders
}

// parse parses a whole expression with read. name, such as "ConditionExpression", prefixes the
// errors.
func parse[T any](name, expression string, ph *placeholders, read func(*parser) (T, error)) (T, error) {
	var zero T
	tokens, err := lex(expression)
	if err == nil && len(tokens) == 0 {
		err = invalid("The expression can not be empty;")
	}
	if err != nil {
		return zero, inExpression(name, err)
	}
	p := &parser{tokens: tokens, placeholders: ph}
	parsed, err := read(p)
	if err == nil && p.at < len(tokens) {
		err = p.unexpected()
	}
	if err != nil {
		return zero, inExpression(name, err)
	}
	return parsed, nil
}

func inExpression(name string, err error) error {
	var e *apiError
	if errors.As(err, &e) {
		return invalid("Invalid %s: %s", name, e.message)
	}
	return err
}

func (p *parser) peek() token {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return "<EOF>"
}

func (p *parser) next() token {
	t := p.peek()
	p.at++
	return t
}

// accept consumes the next token if it equals t, ignoring case.
func (p *parser) accept(t token) bool {
	if p.at < len(p.tokens) && p.tokens[p.at].is(string(t)) {
		p.at++
		return true
	}
	return false
}

func (p *parser) unexpected() error { return invalid("Syntax error; token: %q", string(p.peek())) }

func (p *parser) expect(t token) error {
	if !p.accept(t) {
		return p.unexpected()
	}
	return nil
}

// condition parses a condition. OR binds weakest, then AND, then NOT.
func (p *parser) condition() (condition, error) {
	left, err := p.conjunction()
	for err == nil && p.accept("OR") {
		var right condition
		right, err = p.conjunction()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) conjunction() (condition, error) {
	left, err := p.negation()
	for err == nil && p.accept("AND") {
		var right condition
		right, err = p.negation()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) negation() (condition, error) {
	if p.accept("NOT") {
		inner, err := p.negation()
		return not{inner}, err
	}
	if p.accept("(") {
		inner, err := p.condition()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.predicate()
}

// predicate parses a comparison, BETWEEN, or a function that is a condition.
func (p *parser) predicate() (condition, error) {
	if f, ok := predicates[string(p.peek())]; ok && p.at+1 < len(p.tokens) && p.tokens[p.at+1] == "(" {
		p.at += 2
		return p.call(f)
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch op := p.next(); {
	case comparators[op] != nil:
		right, err := p.operand()
		return comparison{op, left, right}, err
	case op.is("BETWEEN"):
		low, err := p.operand()
		if err != nil {
			return nil, err
		}
		if err := p.expect("AND"); err != nil {
			return nil, err
		}
		high, err := p.operand()
		return between{left, low, high}, err
	}
	p.at--
	return nil, p.unexpected()
}

// operand parses a :value or a path.
func (p *parser) operand() (operand, error) {
	t := p.peek()
	if t[0] == ':' {
		p.at++
		v, err := p.placeholders.value(t)
		return literal{v}, err
	}
	way, err := p.path()
	return attribute{way}, err
}

func (p *parser) call(f predicate) (condition, error) {
	way, err := p.path()
	if err != nil {
		return nil, err
	}
	c := function{predicate: f, path: way}
	if f.binary {
		if err := p.expect(","); err != nil {
			return nil, err
		}
		if c.argument, err = p.operand(); err != nil {
			return nil, err
		}
	}
	return c, p.expect(")")
}
