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

// Families returns the whole family of each RO number: the ROs it was made from, back to the first,
// and every RO made from any of these, to any depth. relatedro.Relation defines the relations. A
// row that is both original and spinoff, because the data runs in a circle, is an original. Each RO
// is listed once, shorter numbers first and then by character, which sorts digits by value. An
// original without a row at Karmak is listed with its number alone. A number that the filter
// language cannot carry is listed, but not looked up. A connection that names a branch sees the ROs
// of that branch alone: an original at another branch is listed with its number alone, and spinoffs
// at another branch are not found.
//
// A number fails with RONotFound if it has no row, if relatedro.CheckRO rejects it, or if Karmak's
// column of integers cannot hold it. If the connection names no branch, a family with a number that
// exists at several branches fails with AmbiguousBranch. A family of more than 2,000 ROs, or of
// more than 100 steps, fails with FamilyTooLarge. A number whose own look-up fails has that
// failure, with any reason. None of these affects the other numbers.
//
// The spinoffs of the known numbers are looked up in the first round, so an unchanged family takes
// one round.
//
// The error is a *relatedro.Failure with any other reason. Requests end with ctx, so its deadline
// should leave the caller time to record the failure.
//
// # Cost
//
// A look-up is one HTTP request, and an account gets one request at a time. Families works in
// rounds. The first round looks up the spinoffs of the given ROs, then their rows. Each further
// round does the same for the numbers found in the round before. The last round finds no new
// numbers. Let k be how many numbers fit into a URL of 2,000 characters (about 200 of five digits),
// and p the number of rows on Karmak's pages, at most 500. A round with the spinoffs of s numbers
// and the rows of h numbers reads ⌈s/k⌉ + ⌈h/k⌉ lists, and a list of r rows costs at most
//
//	⌈r/p⌉ + 1 look-ups; 1 if r is 0
//
// An empty page ends a list, and so does a longer page later in the round: the rows of the spinoffs
// just found are requested together with those of the h numbers, and count in r, if they fit into
// the same URLs. A list of rows ends as soon as each number has one. For example, 50 ROs with one
// spinoff each cost 3 look-ups if p is at least 100, and so does a single one.
//
// Additional look-ups are: separate lists for numbers that are not integers; without a branch, a
// second look-up of numbers at page ends; and the parts of a failed look-up, up to 2⌈log₂ k⌉ for
// one broken number, and 6 if no part is answered.
//
// Pages are counted, not held. A row added while a list is read can push another row to the next
// page, where it counts once. A row removed meanwhile can pull another one to a page already read,
// and that row is missed until the next retrieval. The view's maximum may fall at any time. If it
// rose between a page of spinoffs that it cut and the next look-up, the list would end there.
func (c *Client) Families(
	ctx context.Context, connection relatedro.Connection, ros []string, known ...string,
) (map[string]relatedro.Family, error) {
	s, refusal := c.session(connection)
	if refusal != nil {
		return nil, refusal
	}
	g := newGraph(connection.Branch != "")
	g.enter(ros)
	q := &search{c: c, s: s, g: g}
	for round := range maxRounds {
		headers, spinoffs := g.frontier(ros)
		if round == 0 {
			spinoffs = unique(append(spinoffs, g.enter(known)...))
		}
		if len(headers)+len(spinoffs) == 0 {
			break
		}
		err := q.round(ctx, headers, spinoffs)
		// A server that answers is not offline, even if the status says so.
		if err != nil && !q.answered {
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

// enter adds the numbers that can be looked up, as they are spelled, and returns their canonical
// forms.
func (g *graph) enter(ros []string) (numbers []string) {
	for _, ro := range ros {
		if askable(ro) {
			n := relatedro.CanonicalRO(ro)
			g.names[n] = cmp.Or(g.names[n], ro)
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// frontier returns the numbers still to look up for the families of ros, each once and in order.
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

	answered bool // a look-up was answered
	// A view put fewer than surePage rows on a page that was not the last of its list.
	cuts         bool
	onlyIntegers bool    // the account refuses numbers that are not integers
	waiting      []*list // possibly complete: a longer page later proves it
}

// round looks up the spinoffs of some numbers and the rows of others, and adds the answers to the
// graph.
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

// padded returns the headers, plus spinoffs just found if they fit into the same number of URLs.
// The page of headers is then longer than the page of spinoffs, which proves that the latter was
// not cut.
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

// lists returns the look-ups for the numbers, as many as there are URLs.
func (q *search) lists(kind CallKind, numbers []string) []*list {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = q.g.names[n]
	}
	base := query{kind: kind, column: numberColumn, branch: q.s.branch, size: pageSize}
	if kind == CallSpinoffs {
		base.column = originColumn
	}
	var lists []*list
	for i, group := range byInteger(names) {
		if i > 0 && q.onlyIntegers {
			break
		}
		base.numbers = group
		for _, part := range base.cut(q.c.cfg.BaseURL) {
			lists = append(lists, newList(part))
		}
	}
	return lists
}

// each reads the lists and returns those that were answered. A list whose failure may be one
// number's fault is split into parts, and the parts that were answered are returned.
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

// maxFruitless is how many times in a row all parts of a list may fail before no smaller parts are
// requested. The fault is then in the dealer's server, not in a number.
const maxFruitless = 2

// parts requests the parts of a failed list, each once, and the parts of those that fail. It
// returns those that were answered. The numbers of the others fail. If no part was answered, every
// number has the failure of the whole list.
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

// refusesText reports whether the account's numbers are integers, so that none of its ROs has
// letters or too many digits. Any row proves it, and shows that the server is healthy.
func (q *search) refusesText(ctx context.Context) bool {
	rows, err := q.c.sample(ctx, q.s, "")
	q.onlyIntegers = err == nil && len(rows) > 0 && rows[0].integer
	return q.onlyIntegers
}
