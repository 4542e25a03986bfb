package relatedro

import (
	"testing"
	"time"
)

func TestRankIsThatOfTheMostUrgent(t *testing.T) {
	export, follow, person := Event{Type: Exported}, Event{Type: Refresh, Cause: TriggerFollow}, Event{Type: Refresh}
	for _, tt := range []struct {
		name   string
		events []Event
		want   Rank
	}{
		{"exports and closes", []Event{export, {Type: Closed}}, RankBatch},
		{"changes found by follow", []Event{follow, follow}, RankFollow},
		{"an export among it", []Event{follow, export}, RankBatch},
		{"a person who waits, among exports", []Event{export, person, follow}, RankPerson},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tasks []*task
			for i := range tt.events {
				tasks = append(tasks, &task{decision: Decision{Fetch: &tt.events[i]}})
			}
			if got := rankOf(tasks, time.Time{}); got != tt.want {
				t.Errorf("rank %d, want %d", got, tt.want)
			}
		})
	}
}
