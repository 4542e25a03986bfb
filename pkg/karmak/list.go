package karmak

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"related-ro/pkg/relatedro"
)

// Bounds of a list. An honest one ends long before: they stop a server that does
// not heed the page number, or the filter.
const (
	maxListRows  = 20_000
	maxStalePage = 10 // pages in a row that bring nothing new
)

// list is a look-up with all its pages, and what they brought.
type list struct {
	query query
	rows  []row // each once

	rest string // the one number that may have more, left for the next round; empty if none
	hub  string // a number with more spinoffs than a family may have: the list was not read on

	graph *graph          // as it was before the round; not written to while lists are read
	asked map[string]bool // query.numbers in canonical form
	seen  map[row]bool
	count map[string]int // rows by the number they were asked for by, repeated ones too
	stale int
}

func newList(q query, g *graph) *list {
	l := &list{query: q, graph: g, asked: map[string]bool{}, seen: map[row]bool{}, count: map[string]int{}}
	for _, n := range q.numbers {
		l.asked[relatedro.CanonicalRO(n)] = true
	}
	return l
}

// read reads the list to its end.
func (c *Client) read(ctx context.Context, s *session, l *list) error {
	for page := 1; ; page++ {
		body, err := c.get(ctx, s, l.query.kind, l.query.url(c.cfg.BaseURL, page))
		if err != nil {
			return err
		}
		rows, err := decodeRows(body)
		if err == nil {
			err = l.add(rows)
		}
		if err != nil {
			err = fmt.Errorf("%s, page %d: %w", l.query.kind, page, err)
			return &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: err}
		}
		shorter := c.shorterThanLongest(len(rows))
		if len(rows) == 0 || shorter || l.complete() || l.hub != "" {
			return nil
		}
		if l.rest = l.onlyRest(rows); l.rest != "" {
			return nil
		}
	}
}

// shorterThanLongest reports whether a page is shorter than the longest that this
// client has had, and so cannot have been cut by the view's maximum.
func (c *Client) shorterThanLongest(rows int) bool {
	for {
		longest := c.longest.Load()
		if int64(rows) < longest {
			return true
		}
		if c.longest.CompareAndSwap(longest, int64(rows)) {
			return false
		}
	}
}

func (l *list) add(rows []row) error {
	l.stale++
	for _, r := range rows {
		by := l.askedBy(r)
		if !l.asked[by] {
			continue
		}
		l.count[by]++
		if l.count[by] > maxFamily {
			l.hub = by
		}
		if !l.seen[r] {
			l.seen[r] = true
			l.stale = 0
			l.rows = append(l.rows, r)
		}
	}
	if l.stale > maxStalePage || len(l.rows) > maxListRows {
		return errors.New("the list of rows does not end")
	}
	return nil
}

// askedBy returns the number that the row was asked for by, in canonical form.
func (l *list) askedBy(r row) string {
	if l.query.column == numberColumn {
		return relatedro.CanonicalRO(string(r.RONumber))
	}
	return relatedro.CanonicalRO(string(r.OriginalRONumber))
}

// complete reports whether the list is known to have no more rows: at a branch a
// number has one row.
func (l *list) complete() bool {
	return l.query.column == numberColumn && l.query.branch != "" && l.covered()
}

// covered reports whether every number asked for has a row.
func (l *list) covered() bool {
	return len(l.count) == len(l.asked)
}

// putOffFrom is the shortest page whose last number is worth putting off: the longer
// the page, the less likely it was cut in the middle of that number's rows, which
// would cost a step. No view is known to have pages as short as this.
const putOffFrom = 4

// hadTwice is how many rows may be had twice to save a look-up.
const hadTwice = 5

// onlyRest returns the number of the page's last row if no other can have more rows,
// as a number's rows stand together, and if asking for it again costs no more than
// another page: there is a next round, and few rows are had twice.
func (l *list) onlyRest(page []row) string {
	last := l.askedBy(page[len(page)-1])
	if l.query.column == numberColumn || l.graph.putOff[last] || len(page) < putOffFrom || !l.covered() {
		return ""
	}
	if had := l.count[last]; had == 0 || had > hadTwice {
		return ""
	}
	if !slices.ContainsFunc(l.rows, func(r row) bool { return l.graph.isNew(string(r.RONumber)) }) {
		return ""
	}
	return last
}
