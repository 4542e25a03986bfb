package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// indexLocation adds the index keys to an item of settings. Each status has a partition. Enabled
// locations are ordered by connection, as follow queries them; others are ordered by id.
func indexLocation(m item, s relatedro.Settings) {
	sort := partition(s.Location)
	if s.Enabled() {
		sort = followedKey(s.Connection).pk + "#" + sort
	}
	m[attrGSI1PK] = text(string(s.Status))
	m[attrGSI1SK] = text(sort)
}

// locationOf returns the location at the end of an index sort key; a location cannot contain '#'.
func locationOf(sk string) string { return sk[strings.LastIndexByte(sk, '#')+1:] }

// LocationsOf returns up to limit locations that were set up, one status after the other, and the
// position where the next page begins. It returns ErrPosition if after is not a position in this
// list.
func (s *Store) LocationsOf(
	ctx context.Context, statuses []relatedro.FeatureStatus, after string, limit int,
) (locations []string, next string, err error) {
	if after != "" {
		status, sort, _ := strings.Cut(after, " ")
		first := slices.Index(statuses, relatedro.FeatureStatus(status))
		if first < 0 {
			return nil, "", relatedro.ErrPosition
		}
		statuses, after = statuses[first:], sort
	}
	for _, status := range statuses {
		if len(locations) == limit {
			return locations, string(status) + " ", nil
		}
		items, next, err := s.page(ctx, list{
			index: indexGSI1, partition: string(status), attributes: "PK,SK,GSI1SK",
			valid:    func(sk string) bool { return strings.Contains(sk, "LOC#") && isID(locationOf(sk)) },
			tableKey: func(sk string) key { return settingsKey(locationOf(sk)) },
		}, after, limit-len(locations))
		if err != nil {
			return nil, "", fmt.Errorf("list locations that are %s: %w", status, err)
		}
		for _, m := range items {
			locations = append(locations, keyOf(m).location())
		}
		if next != "" {
			return locations, string(status) + " " + next, nil
		}
		after = ""
	}
	return locations, "", nil
}

// NewestOpen returns the location's case with an open family and the newest first event. It returns
// the zero CaseKey if there is none.
func (s *Store) NewestOpen(ctx context.Context, location string) (relatedro.CaseKey, error) {
	items, _, err := s.page(ctx, list{index: indexGSI1, partition: openPartition(location), backward: true, attributes: "PK,SK,GSI1SK"}, "",
		1)
	if err != nil {
		return relatedro.CaseKey{}, fmt.Errorf("read the newest case of %s: %w", location, err)
	}
	if len(items) == 0 {
		return relatedro.CaseKey{}, nil
	}
	return relatedro.CaseKey{Location: location, Case: caseOf(keyOf(items[0]).sk)}, nil
}
