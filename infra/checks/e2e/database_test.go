package e2e

import (
	"encoding/json"
	"sync/atomic"
	"testing"

	"related-ro/infra/emulators/dynamodbengine"
)

// Not parallel with other tests: a batch reads its cases together, so a fault for one affects all.
func TestDatabaseTroubleLosesNothing(t *testing.T) {
	for name, fault := range map[string]func(op, body string) *dynamodbengine.Fault{
		"throttled reads": func(op, _ string) *dynamodbengine.Fault {
			return when(op == "BatchGetItem", dynamodbengine.Throttled())
		},
		"throttled writes": func(op, _ string) *dynamodbengine.Fault {
			return when(op == "TransactWriteItems", dynamodbengine.Throttled())
		},
		"transaction conflicts": func(op, body string) *dynamodbengine.Fault {
			return when(op == "TransactWriteItems", dynamodbengine.Conflict(actions(t, body)))
		},
		"outage": func(string, string) *dynamodbengine.Fault { return dynamodbengine.Outage() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			var over atomic.Bool
			s.onFailures(2, func() bool { over.Store(true); return true })
			s.onDatabase(func(op, body string) *dynamodbengine.Fault {
				if over.Load() {
					return nil
				}
				return fault(op, body)
			})
			ids := s.send(s.event("e1"))
			s.settled(ids...)
			s.shows("exported", "ok", "e1", s.alt)
			if m := sys.history(ids[0]); m.receives < 3 {
				t.Errorf("received %d times, although 2 attempts failed", m.receives)
			}
			s.nothingSetAside()
		})
	}
}

func when(condition bool, fault *dynamodbengine.Fault) *dynamodbengine.Fault {
	if condition {
		return fault
	}
	return nil
}

// actions returns the number of actions in a transaction; 1 for any other request.
func actions(t *testing.T, body string) int {
	var transaction struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal([]byte(body), &transaction); err != nil {
		t.Error(err)
	}
	return max(1, len(transaction.TransactItems))
}
