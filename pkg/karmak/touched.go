package karmak

import (
	"context"
	"strconv"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

var _ relatedro.Feed = (*Client)(nil)

// touchedPages is the maximum number of pages that Touched reads, in case a dealer has changed
// every RO.
const touchedPages = 20

// Touched returns the ROs whose LastUpdate is on the day of since or later, in the dealer's time
// zone, each once. whole is false if 20 pages were not enough. Touched makes a single request if
// fewer than 100 rows match. It does not retry a failed request, because the next run repeats it.
// The error is a *relatedro.Failure.
//
// Touched does not select the ROs' charges, because a change of charges alone is not worth
// following.
//
// The filter has a date without a time of day, as in Karmak's only example.
func (c *Client) Touched(
	ctx context.Context, connection relatedro.Connection, since time.Time,
) (ros []relatedro.RelatedRO, whole bool, err error) {
	s, refusal := c.session(connection)
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

// pages calls read for one page after another, with the page size to request, until a page is known
// to be the last one: it is shorter than any view's maximum, or than the page before. It returns
// false if limit pages were not enough.
func pages(limit int, read func(size, page int) (rows int, err error)) (whole bool, err error) {
	size := pageSize
	for page := 1; page <= limit; page++ {
		n, err := read(size, page)
		if err != nil {
			return false, err
		}
		if n < min(size, surePage) {
			return true, nil
		}
		if page == 1 {
			size = n // the view's maximum, or all the rows there are
		}
		if n < size {
			return true, nil
		}
	}
	return false, nil
}

func touchedURL(s *session, since time.Time, size, page int) string {
	filter := atBranch("LastUpdate[GTE]"+since.Format("01-02-2006"), s.branch)
	selected := strings.TrimSuffix(headerColumns, ","+chargesColumn)
	return lookupURL(s.face.views()+headerView, filter, selected, size) + strconv.Itoa(page)
}
