package karmak

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"related-ro/pkg/relatedro"
)

var _ relatedro.DMS = (*Client)(nil)

// Families returns for each RO number its whole family: what it was made from, up
// to the first, and everything that was made from any of these, to any depth. See
// relatedro.Relation for how each stands to the RO at hand; a row that is both
// original and spinoff, because the data runs in a circle, is an original. Each is
// listed once, shorter numbers first and then by character, which puts digits in the
// order of their value. An original that Karmak has no row of is listed with its
// number alone; a number that the filter language cannot carry is listed, but
// nothing is asked about it. A connection that names a branch sees that branch's ROs
// alone: an original at another one is listed with its number alone too, and what was
// made at another one is not found.
//
// A number with no row fails with RONotFound, and so does one that may not be asked
// for (relatedro.CheckRO), or that Karmak's column of integers cannot hold. Where the
// connection names no branch, a family that holds a number of several branches fails
// with AmbiguousBranch. A family of more than 2,000 ROs, or that reaches further than 100
// steps, fails with FamilyTooLarge. A number whose look-up alone fails has that failure,
// of any reason. None of these touches the other numbers.
//
// What was made from the known numbers is asked for in the first round: a family that is as
// it was then takes one.
//
// The error is a *relatedro.Failure of any other reason. Requests end when ctx does:
// its deadline should leave the caller the time to note the failure.
//
// # What it costs
//
// A look-up is one HTTP request; an account is asked one at a time. Families goes in
// rounds: in the first it asks what was made from the ROs at hand, and then for their
// rows; in each further one likewise for the numbers that the round before brought up.
// The last finds nothing new. Let k be how many numbers fit into a URL of 2,000 characters
// (about 200 of five digits), and p the rows that Karmak puts on a page, at most 500. A
// round that asks for the spinoffs of s numbers and the rows of h makes ⌈s/k⌉ + ⌈h/k⌉
// lists, and a list of r rows costs at most
//
//	⌈r/p⌉ + 1 look-ups; 1 if r is 0
//
// An empty page ends a list, and so does a longer page later in the round: the rows of
// the spinoffs just found are asked for along with those of h, and count in r, if they fit
// into the same URLs. A list of rows ends as soon as each number has one. 50 ROs with one
// spinoff each, or a single one, thus cost 3 look-ups where p is at least 100.
//
// To this come lists of their own for numbers that no integer can be; without a branch,
// numbers at the ends of pages once more; and the parts of a look-up that failed: up to
// 2⌈log₂ k⌉ for one broken number, and 6 if no part is answered.
//
// Pages are counted, not held: a row that is made while a list is read can push another
// one over to the next page, where it counts once; one that is taken away can pull one
// over to a page already read, and that row is missed until the next retrieval. The
// view's maximum may fall at any time. Were it to rise between a page of spinoffs that it
// cut and the next look-up, the list would end there.
func (c *Client) Families(ctx context.Context, over relatedro.Connection, ros []string, known ...string) (map[string]relatedro.Family, error) {
	s, refusal := c.session(over)
	if refusal != nil {
		return nil, refusal
	}
	g := newGraph(over.Branch != "")
	for _, ro := range ros {
		if askable(ro) {
			g.names[relatedro.CanonicalRO(ro)] = ro
		}
	}
	q := &search{c: c, s: s, g: g}
	for round := range maxRounds {
		headers, spinoffs := g.frontier(ros)
		if round == 0 {
			spinoffs = unique(append(spinoffs, g.hints(known)...))
		}
		if len(headers)+len(spinoffs) == 0 {
			break
		}
		err := q.round(ctx, headers, spinoffs)
		if err != nil && !q.answered { // a server that answers is not offline, whatever the status says
			err = c.diagnose(ctx, s, err)
		}
		if err != nil {
			return nil, err
		}
	}
	families := make(map[string]relatedro.Family, len(ros))
	for _, ro := range ros {
		families[ro] = relatedro.Family{Failure: failure(relatedro.RONotFound, "not a number that Karmak can be asked for")}
		if askable(ro) {
			families[ro] = g.family(relatedro.CanonicalRO(ro))
		}
	}
	return families, nil
}

// hints returns the canonical form of those of the numbers that may be asked for.
func (g *graph) hints(known []string) (numbers []string) {
	for _, ro := range known {
		if askable(ro) {
			n := relatedro.CanonicalRO(ro)
			g.names[n] = cmp.Or(g.names[n], ro)
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// frontier returns what has to be asked for the families of ros, each number once
// and in order.
func (g *graph) frontier(ros []string) (headers, spinoffs []string) {
	for _, ro := range ros {
		h, s := g.open(relatedro.CanonicalRO(ro))
		headers, spinoffs = append(headers, h...), append(spinoffs, s...)
	}
	return unique(headers), unique(spinoffs)
}

// search is one call of Families.
type search struct {
	c *Client
	s *session
	g *graph

	answered     bool    // a look-up was answered
	cuts         bool    // a view put fewer than surePage rows on a page that was not its list's last
	onlyIntegers bool    // the account refuses numbers that are no integers
	waiting      []*list // may be whole: a later page that is longer shows it
}

// round asks what was made from some numbers and for the rows of others, and adds the
// answers to the graph.
func (q *search) round(ctx context.Context, headers, spinoffs []string) error {
	for _, n := range spinoffs {
		q.g.expanded[n] = true
	}
	for _, n := range headers {
		q.g.headed[n] = true
	}
	made, err := q.each(ctx, q.lists(CallSpinoffs, spinoffs), q.next)
	if err != nil {
		return err
	}
	q.waiting = made
	headers = slices.DeleteFunc(headers, func(n string) bool { return q.g.broken[n] != nil })
	if _, err = q.each(ctx, q.lists(CallHeaders, q.padded(headers, spinoffs)), q.toEnd); err != nil {
		return err
	}
	_, err = q.each(ctx, made, q.toEnd)
	q.waiting = nil
	return err
}

// padded returns the headers, and with them spinoffs that were just found, if the same
// number of URLs holds them: their page is then longer than the spinoffs' own, and shows
// that that was not cut.
func (q *search) padded(headers, spinoffs []string) []string {
	padded := slices.Clone(headers)
	for _, n := range spinoffs {
		for _, child := range q.g.children[n] {
			if askable(q.g.names[child]) && (q.g.oneBranch || len(padded) < surePage-1) {
				padded = append(padded, child)
			}
		}
	}
	padded = unique(padded)
	if len(headers) > 0 && len(q.lists(CallHeaders, padded)) == len(q.lists(CallHeaders, headers)) {
		return padded
	}
	return headers
}

// lists returns the look-ups for the numbers, as many as URLs are needed. Numbers that
// are no integers have their own: a column of integers may refuse them.
func (q *search) lists(kind CallKind, numbers []string) []*list {
	var integers, others []string
	for _, n := range numbers {
		switch name := q.g.names[n]; {
		case isInteger(name):
			integers = append(integers, name)
		case !q.onlyIntegers:
			others = append(others, name)
		}
	}
	base := query{kind: kind, column: numberColumn, branch: q.s.branch, size: pageSize}
	if kind == CallSpinoffs {
		base.column = originColumn
	}
	var lists []*list
	for _, base.numbers = range [][]string{integers, others} {
		for _, part := range base.cut(q.c.cfg.BaseURL) {
			lists = append(lists, newList(part))
		}
	}
	return lists
}

// each reads lists, and returns those that were answered. One that fails for what may be
// one number's fault is asked for in parts, which are among them then.
func (q *search) each(ctx context.Context, lists []*list, read func(context.Context, *list) error) ([]*list, error) {
	var answered []*list
	for _, l := range lists {
		err := read(ctx, l)
		if err == nil {
			answered = append(answered, l)
			continue
		}
		if !causeOf(err).divisible {
			return nil, err
		}
		l.err = err
		parts, err := q.parts(ctx, l, read)
		if err != nil {
			return nil, err
		}
		answered = append(answered, parts...)
	}
	return answered, nil
}

// maxFruitless is how many times in a row parts may all fail before no smaller ones are
// asked for: it is the dealer's server then, not a number.
const maxFruitless = 2

// parts asks for the parts of a list that failed, each once, and for the parts of those
// that fail. It returns those that were answered; the numbers of the others fail. If
// nothing at all was answered, the list's own failure is everybody's.
func (q *search) parts(ctx context.Context, whole *list, read func(context.Context, *list) error) (answered []*list, err error) {
	if !isInteger(whole.numbers[0]) && q.refusesText(ctx) {
		return nil, nil // no such RO
	}
	var lost []*list
	failed := []*list{whole}
	for fruitless := 0; len(failed) > 0 && fruitless < maxFruitless; fruitless++ {
		var next []*list
		for _, f := range failed {
			parts := f.less(errors.Is(f.err, statusCode(http.StatusRequestTimeout)))
			if parts == nil {
				lost = append(lost, f)
			}
			for _, part := range parts {
				l := newList(part)
				switch l.err = read(ctx, l); {
				case l.err == nil:
					answered, fruitless = append(answered, l), -1
				case causeOf(l.err).divisible:
					next = append(next, l)
				default:
					return nil, l.err
				}
			}
		}
		failed = next
	}
	if !q.answered {
		return nil, whole.err
	}
	if len(answered) == 0 {
		lost, failed = nil, []*list{whole}
	}
	for _, l := range append(lost, failed...) {
		for _, n := range l.numbers {
			q.g.broken[relatedro.CanonicalRO(n)] = failureOf(l.err)
		}
	}
	return answered, nil
}

// refusesText reports whether the account's numbers are integers, so that none with
// letters or too many digits is one of its ROs. Any row shows it, and that the server is
// well.
func (q *search) refusesText(ctx context.Context) bool {
	rows, err := q.c.sample(ctx, q.s, "")
	q.onlyIntegers = err == nil && len(rows) > 0 && rows[0].integer
	return q.onlyIntegers
}
