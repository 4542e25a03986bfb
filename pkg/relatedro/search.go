package relatedro

import (
	"context"
	"slices"
	"strings"
)

// MostSearched is the maximum number of locations in one search.
const MostSearched = 50

// SearchAt is Search across several locations, ordered by location, then by number. A position
// names the location where the next page begins, so that it keeps its meaning if the caller's
// locations change in between.
func (r *Reader) SearchAt(
	ctx context.Context, locations []string, ro string, prefix bool, after string,
) (matches []Match, next string, err error) {
	locations = slices.Clone(locations)
	slices.Sort(locations)
	locations = slices.Compact(locations)
	start, position, _ := strings.Cut(after, " ")
	first, found := slices.BinarySearch(locations, start)
	if !found {
		position = ""
	}
	type page struct {
		location, after, next string
		matches               []Match
		err                   error
	}
	for batch := range slices.Chunk(locations[first:], lookupsAtOnce) {
		pages := make([]*page, len(batch))
		for i, location := range batch {
			pages[i] = &page{location: location, after: position}
			position = "" // only for the first location
		}
		inParallel(pages, lookupsAtOnce, func(p *page) {
			p.matches, p.next, p.err = r.Search(ctx, p.location, ro, prefix, p.after)
		})
		for _, p := range pages {
			if p.err != nil {
				return nil, "", p.err
			}
			if len(matches) > 0 && len(matches)+len(p.matches) > PageSize {
				return matches, p.location + " " + p.after, nil
			}
			matches = append(matches, p.matches...)
			if p.next != "" {
				return matches, p.location + " " + p.next, nil
			}
		}
	}
	return matches, "", nil
}
