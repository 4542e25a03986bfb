package relatedro

import (
	"testing"
	"time"
)

func TestShow(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	north, south := Connection{Account: "north"}, Connection{Account: "south"}
	list := []RelatedRO{{RO: "51"}}
	fetched := Case{RO: "50", Related: list, FetchedOver: north, Retrieval: Retrieval{Outcome: OutcomeOK, RetrievedAt: noon}}
	failing := fetched
	failing.Retrieval = Retrieval{Outcome: OutcomeRetrying, RetrievedAt: noon, Reason: RateLimited, Message: "wait"}
	never := Case{RO: "50", Retrieval: Retrieval{Outcome: OutcomeFailed, Reason: NotActivated}}
	for name, c := range map[string]struct {
		stored     Case
		connection Connection
		related    int
		outcome    Outcome
		reason     Reason
	}{
		"fetched over the connection":          {fetched, north, 1, OutcomeOK, ""},
		"fetched over another":                 {fetched, south, 0, OutcomeFailed, ConnectionChanged},
		"no connection any more":               {fetched, Connection{}, 0, OutcomeFailed, ConnectionChanged},
		"failing since, same connection":       {failing, north, 1, OutcomeRetrying, RateLimited},
		"failing since, over another":          {failing, south, 0, OutcomeFailed, ConnectionChanged},
		"never fetched, so never over another": {never, south, 0, OutcomeFailed, NotActivated},
	} {
		t.Run(name, func(t *testing.T) {
			got := show(c.stored, Settings{Status: Enabled, Connection: c.connection})
			if len(got.Related) != c.related || got.Retrieval.Outcome != c.outcome || got.Retrieval.Reason != c.reason {
				t.Errorf("shown %+v", got)
			}
			if hidden := c.related == 0; hidden != got.Retrieval.RetrievedAt.IsZero() {
				t.Errorf("retrieved at %v, hidden %t", got.Retrieval.RetrievedAt, hidden)
			}
			if len(c.stored.Related) > 0 && c.stored.Related[0].RO != "51" {
				t.Error("the stored case was changed")
			}
		})
	}
}
