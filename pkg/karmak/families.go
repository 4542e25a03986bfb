package karmak

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

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
// for (relatedro.CheckRO). Where the connection names no branch, a family that holds
// a number of several branches fails with AmbiguousBranch. A family of more than
// 2,000 ROs, or that reaches further than 100 steps, fails with FamilyTooLarge.
// None of these touches the other numbers.
//
// The error is a *relatedro.Failure of any other reason. Requests end when ctx does:
// its deadline should leave the caller the time to note the failure.
//
// # What it costs
//
// A look-up is one HTTP request. Families goes in rounds: in the first it asks for
// the rows of the ROs at hand and, at the same time, for what was made from them; in
// each further one likewise for the numbers that the round before brought up. The
// last finds nothing new. Let k be how many numbers fit into a URL of 2,000
// characters (about 200 of five digits), and p the rows that Karmak puts on a page. A
// round that asks for h rows and for the spinoffs of s numbers makes ⌈h/k⌉ + ⌈s/k⌉
// lists, and a list of r rows costs at most
//
//	⌊r/p⌋ + 1 + (1 if 0 < r < p)
//
// look-ups: a page ends the list if it is empty or shorter than the longest that this
// client has had from the view, so only a list of less than a page may need another
// one to prove its end. A list of rows at a branch ends as soon as it has every
// number: ⌈r/p⌉ look-ups then. When a page of 4 or more spinoffs completes one of
// every number asked for, just the last number can have more: it is asked for again in
// the next round, which counts it in s, instead of one more page; what more it has
// then is a step late.
//
// 50 ROs with one spinoff each thus cost 3 look-ups at a branch, 4 without one, where
// p is at least 50; 500 of them cost about 10.
//
// Pages are counted, not held: a row that is made while a list is read can push
// another one over to the next page, where it is seen twice and counted once; a
// row that is taken away, or renumbered, can pull one over to a page already read, and
// that row is missed until the next retrieval. Karmak does not take rows away in the
// course of business. Were it to lower the view's maximum, longer lists would be cut
// there for as long as this client lives.
func (c *Client) Families(ctx context.Context, over relatedro.Connection, ros []string) (map[string]relatedro.Family, error) {
	s, failure := c.session(over)
	if failure != nil {
		return nil, failure
	}
	g := newGraph(over.Branch != "")
	for _, ro := range ros {
		if askable(ro) {
			g.names[relatedro.CanonicalRO(ro)] = ro
		}
	}
	for range maxRounds {
		headers, spinoffs := g.frontier(ros)
		if len(headers)+len(spinoffs) == 0 {
			break
		}
		if err := c.round(ctx, s, g, headers, spinoffs); err != nil {
			return nil, c.diagnose(ctx, s, err)
		}
	}
	families := make(map[string]relatedro.Family, len(ros))
	for _, ro := range ros {
		if askable(ro) {
			families[ro] = g.family(relatedro.CanonicalRO(ro))
			continue
		}
		families[ro] = relatedro.Family{Failure: &relatedro.Failure{
			Reason: relatedro.RONotFound, Err: errors.New("not a number that Karmak can be asked for"),
		}}
	}
	return families, nil
}

// frontier returns what has to be asked for the families of ros, each number once
// and in order.
func (g *graph) frontier(ros []string) (headers, spinoffs []string) {
	rows, made := map[string]bool{}, map[string]bool{}
	for _, ro := range ros {
		if !askable(ro) {
			continue
		}
		h, s := g.open(relatedro.CanonicalRO(ro))
		for _, n := range h {
			rows[n] = true
		}
		for _, n := range s {
			made[n] = true
		}
	}
	return sorted(rows), sorted(made)
}

// round asks for the rows of some numbers and for the spinoffs of others, one after the
// other, and adds them to the graph.
func (c *Client) round(ctx context.Context, s *session, g *graph, headers, spinoffs []string) error {
	g.asking = spinoffs
	lists := c.lists(s, g, CallHeaders, numberColumn, headers)
	lists = append(lists, c.lists(s, g, CallSpinoffs, originColumn, spinoffs)...)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(1) // Karmak asks for one call at a time
	for _, l := range lists {
		group.Go(func() error { return c.read(ctx, s, l) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, l := range lists {
		g.take(l)
	}
	return nil
}

// lists returns the look-ups for the numbers, as many as URLs are needed.
func (c *Client) lists(s *session, g *graph, kind CallKind, column string, numbers []string) []*list {
	if len(numbers) == 0 {
		return nil
	}
	q := query{kind: kind, column: column, branch: s.branch, size: c.cfg.MaxPageSize}
	for _, n := range numbers {
		q.numbers = append(q.numbers, g.names[n])
	}
	var lists []*list
	for _, part := range q.cut(c.cfg.BaseURL) {
		lists = append(lists, newList(part, g))
	}
	return lists
}

// take adds what a list brought.
func (g *graph) take(l *list) {
	for _, r := range l.rows {
		g.add(r)
	}
	for n := range l.asked {
		switch {
		case l.query.column == numberColumn:
			g.headed[n] = true
		case l.hub == "" && l.rest != n:
			g.expanded[n] = true
		}
	}
	if l.rest != "" {
		g.putOff[l.rest] = true
	}
	if l.hub != "" {
		g.hubs[l.hub] = true
	}
}
