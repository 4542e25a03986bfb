package karmak

import (
	"context"
	"fmt"
	"slices"

	"related-ro/pkg/relatedro"
)

// surePage is the number of rows that every view is assumed to put on a page, because Karmak asks
// for pages of 100 to 500. If the assumption is wrong, only the row of a number at a second branch
// may be missed, and not even that after a shorter page was seen to be cut.
const surePage = 100

// maxStale is the maximum number of consecutive pages without a new row. It stops reading from a
// server that ignores the page number or the filter.
const maxStale = 20

// list is a look-up with all its pages.
type list struct {
	query
	wanted map[string]bool // query.numbers in canonical form
	seen   map[row]bool

	page  int    // pages read; all but the last have query.size rows
	last  int    // rows of the last page
	edge  string // number of the last row
	stale int    // consecutive pages without a new row
	ended bool   // it has no more rows
	err   error  // why it failed
}

func newList(q query) *list {
	l := &list{query: q, wanted: map[string]bool{}, seen: map[row]bool{}, last: pageSize}
	for _, n := range q.numbers {
		l.wanted[relatedro.CanonicalRO(n)] = true
	}
	return l
}

// toEnd reads the list until it is known to have no more rows.
func (q *search) toEnd(ctx context.Context, l *list) error {
	for !l.ended {
		if err := q.next(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// next reads the list's next page and adds its rows to the graph.
func (q *search) next(ctx context.Context, l *list) error {
	rows, err := q.c.rows(ctx, q.s, l.url(q.s.face.views(), l.page+1), request{kind: l.kind, part: l.part})
	if err != nil {
		return err
	}
	q.answered = true
	for _, w := range q.waiting {
		w.ended = w.ended || w != l && w.last < len(rows)
	}
	hub := ""
	l.stale++
	for _, r := range rows {
		n := l.matched(r)
		if !l.wanted[n] || l.seen[r] {
			continue
		}
		l.seen[r] = true
		l.stale = 0
		q.g.add(r)
		if len(q.g.children[n]) > maxFamily {
			hub = n
		}
	}
	if l.stale > maxStale {
		return &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: fmt.Errorf("%s: the list of rows does not end", l.kind)}
	}
	q.cuts = q.cuts || l.stale == 0 && l.last < surePage
	q.proceed(l, rows, hub)
	l.last = len(rows)
	return nil
}

// proceed sets the next page to read, or ends the list. A short page does not prove the end,
// because the view's current maximum is unknown. An empty page proves it, and so does a longer page
// of another list later.
func (q *search) proceed(l *list, rows []row, hub string) {
	switch {
	case len(rows) == 0:
		l.ended = true
	case hub != "": // the family fails; the other numbers are looked up again
		q.g.hubs[hub] = true
		l.ended = true
		for n := range l.wanted {
			delete(q.g.expanded, n)
		}
	case l.column == numberColumn && l.branch != "": // a number has one row
		l.numbers = slices.DeleteFunc(slices.Clone(l.numbers), q.g.has)
		l.ended = len(l.numbers) == 0
	case l.page == 0:
		// Later pages have the length of this one. A maximum that rises must not shift them; the
		// next case handles one that falls.
		l.page, l.size = 1, len(rows)
		l.ended = l.column == numberColumn && len(rows) < surePage && !q.cuts &&
			!slices.ContainsFunc(l.numbers, func(n string) bool { return !q.g.has(n) })
	case l.last < l.size: // the previous page was cut: the view's maximum has fallen to its length
		l.page, l.size = (l.page-1)*l.size/l.last, l.last
	default:
		l.page++
	}
	if len(rows) > 0 {
		if l.page > 1 {
			q.g.edge(l.edge, string(rows[0].RONumber))
		}
		l.edge = string(rows[len(rows)-1].RONumber)
	}
}

// matched returns the number that the look-up found the row by, in canonical form.
func (l *list) matched(r row) string {
	if l.column == numberColumn {
		return relatedro.CanonicalRO(string(r.RONumber))
	}
	return relatedro.CanonicalRO(string(r.OriginalRONumber))
}
