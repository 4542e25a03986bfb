package karmak

import (
	"context"
	"strconv"
	"time"

	"related-ro/pkg/relatedro"
)

var _ relatedro.Feed = (*Client)(nil)

// touchedPages bounds how much Touched reads of a dealer who has changed everything.
const touchedPages = 20

// Touched returns the ROs whose LastUpdate is on the day of since or later, in the dealer's
// zone, each once. whole is false after 20 pages. A single request if fewer than 100 rows
// are that new; it is not tried again when it fails: the next run will ask. The error is a
// *relatedro.Failure.
//
// It does not ask for what the ROs charge: a change of that alone is none to follow.
//
// Filters have dates without a time of day, as in Karmak's only example.
func (c *Client) Touched(ctx context.Context, over relatedro.Connection, since time.Time) (ros []relatedro.RelatedRO, whole bool, err error) {
	s, refusal := c.session(over)
	if refusal != nil {
		return nil, false, refusal
	}
	seen := map[row]bool{}
	whole, err = pages(touchedPages, func(size, page int) (int, error) {
		rows, err := c.rows(ctx, s, touchedURL(s, since, size, page), request{kind: CallTouched, part: true})
		for _, r := range rows {
			if !seen[r] {
				seen[r] = true
				ros = append(ros, r.related())
			}
		}
		return len(rows), err
	})
	if err != nil {
		return nil, false, err
	}
	return ros, whole, nil
}

// pages calls read for one page after the other, with the rows to ask for, until one is
// known to be the last: it is shorter than any view's maximum, or than the page before. It
// reports false after most pages.
func pages(most int, read func(size, page int) (rows int, err error)) (whole bool, err error) {
	size := pageSize
	for page := 1; page <= most; page++ {
		n, err := read(size, page)
		if err != nil {
			return false, err
		}
		if n < min(size, surePage) {
			return true, nil
		}
		if page == 1 {
			size = n // it may be the view's maximum, or all there are
		}
		if n < size {
			return true, nil
		}
	}
	return false, nil
}

func touchedURL(s *session, since time.Time, size, page int) string {
	filter := "LastUpdate[GTE]" + since.Format("01-02-2006")
	if s.branch != "" {
		filter += "," + atBranch + s.branch
	}
	return s.face.views() + headerView + "?filter=" + encode(filter) + "&select=" + encode(columns(new(row).cells(), chargesColumn)) +
		"&pagesize=" + strconv.Itoa(size) + "&page=" + strconv.Itoa(page)
}
