package relatedro

import (
	"slices"
	"time"
)

// grouped returns the items with the same key together, in the order of each key's first item.
func grouped[T any, K comparable](items []T, key func(T) K) [][]T {
	positions := make(map[K]int)
	var groups [][]T
	for _, item := range items {
		k := key(item)
		i, ok := positions[k]
		if !ok {
			i = len(groups)
			positions[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], item)
	}
	return groups
}

// rankOf returns the highest rank among tasks that are fetched together.
func rankOf(tasks []*task, now time.Time) Rank {
	highest := RankFollow
	for _, t := range tasks {
		highest = max(highest, t.decision.Fetch.rank(now))
	}
	return highest
}

// originals returns the distinct RO numbers to ask for.
func originals(tasks []*task) []string {
	ros := make([]string, len(tasks))
	for i, t := range tasks {
		ros[i] = t.decision.Case.RO
	}
	slices.Sort(ros)
	return slices.Compact(ros)
}

// known returns the related ROs that the tasks' stored cases list for the requested ROs, without
// those that are gone.
func known(tasks []*task) (ros []string) {
	for _, t := range tasks {
		for _, r := range t.stored.Related {
			if t.stored.RO == t.decision.Case.RO && r.GoneSince.IsZero() {
				ros = append(ros, r.RO)
			}
		}
	}
	return ros
}

// locations returns the tasks' distinct locations.
func locations(tasks []*task) []string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.key.Location
	}
	slices.Sort(names)
	return slices.Compact(names)
}
