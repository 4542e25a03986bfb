package e2e

import (
	"strings"
	"sync"
	"testing"

	"related-ro/infra/local/dynamodb"
)

func TestKilledBeforeTheWrite(t *testing.T) {
	killedAtTheWrite(t, dynamodb.Outage())
}

func TestKilledDuringTheWrite(t *testing.T) {
	killedAtTheWrite(t, dynamodb.AnswerLost()) // it is carried out, but nobody is left to hear so
}

// killedAtTheWrite has the process die when its first write arrives, which then fares as the fault says.
func killedAtTheWrite(t *testing.T, fares *dynamodb.Fault) {
	t.Parallel()
	s := newShop(t)
	var once sync.Once
	s.onDatabase(func(op, _ string) (fault *dynamodb.Fault) {
		if op == "TransactWriteItems" {
			once.Do(func() {
				sys.stack.Kill("export")
				fault = fares
			})
		}
		return fault
	})
	ids := s.send(s.event("e1"))
	s.shows("exported", "ok", "e1", s.alt)
	s.settled(ids...)
	if m := sys.of(ids[0]); m.receives < 2 {
		t.Errorf("received %d times; the process that was killed had it the first time", m.receives)
	}
	s.nothingSetAside()
}

// One case of the batch is written, then the process dies with the other one's write begun.
func TestKilledAfterTheWrite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var once sync.Once
	written, goOn := s.gate()
	s.onDatabase(func(op, body string) (fault *dynamodb.Fault) {
		if op == "TransactWriteItems" && strings.Contains(body, "CASE#case-2") {
			once.Do(func() {
				written()
				sys.stack.Kill("export")
				fault = dynamodb.Outage()
			})
		}
		return fault
	})
	ids := s.send(s.event("e1"), s.event("e2", ofCase("case-2")))
	s.shows("exported", "ok", "e1", s.alt)
	if got := s.reads("case-2"); got != "404 case-not-retrieved" {
		t.Errorf("case-2 reads %q before its write", got)
	}
	goOn()
	s.showsOf("case-2", "exported", "ok", "e2", s.alt)
	s.settled(ids...)
	s.shows("exported", "ok", "e1", s.alt)
	for _, id := range ids {
		if m := sys.of(id); m.receives < 2 {
			t.Errorf("message %s was received %d times; none was acknowledged when the process was killed", id, m.receives)
		}
	}
	s.nothingSetAside()
}
