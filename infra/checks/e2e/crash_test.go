package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"related-ro/infra/emulators/dynamodbengine"
)

func TestKilledBeforeTheWrite(t *testing.T) {
	killedAtTheWrite(t, dynamodbengine.Outage())
}

func TestKilledDuringTheWrite(t *testing.T) {
	// The write succeeds, but the process no longer sees the response.
	killedAtTheWrite(t, dynamodbengine.AnswerLost())
}

// killedAtTheWrite kills the process when its first write arrives, and applies the fault to that
// write.
func killedAtTheWrite(t *testing.T, fares *dynamodbengine.Fault) {
	t.Parallel()
	s := newShop(t)
	var once sync.Once
	s.onDatabase(func(op, _ string) (fault *dynamodbengine.Fault) {
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
	if m := sys.history(ids[0]); m.receives < 2 {
		t.Errorf("received %d times, want at least 2: the killed process received it first", m.receives)
	}
	s.nothingSetAside()
}

// One case of the batch is written; then the process dies during the other case's write.
func TestKilledAfterTheWrite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var once sync.Once
	written, goOn := s.gate()
	s.onDatabase(func(op, body string) (fault *dynamodbengine.Fault) {
		if op == "TransactWriteItems" && strings.Contains(body, "CASE#case-2") {
			once.Do(func() {
				written()
				sys.stack.Kill("export")
				fault = dynamodbengine.Outage()
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
		if m := sys.history(id); m.receives < 2 {
			t.Errorf("message %s was received %d times, want at least 2: the killed process acknowledged none", id, m.receives)
		}
	}
	s.nothingSetAside()
}

// The first 98 numbers of a family are linked in the case's transaction. The process dies during
// that transaction; the case must stay invisible until another process has written all of it.
func TestKilledDuringTheWriteOfALargeFamily(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	family := []string{s.alt}
	for i := range 150 {
		number := fmt.Sprintf("%s%03d", s.alt, i)
		s.spinoff(s.account, number)
		family = append(family, number)
	}
	var writes atomic.Int64
	checked, goOn := s.gate()
	s.onDatabase(func(op, _ string) (fault *dynamodbengine.Fault) {
		if op == "TransactWriteItems" {
			switch n := writes.Add(1); {
			case n == 1:
				sys.stack.Kill("export")
				fault = dynamodbengine.Outage()
			case n > 1:
				checked() // a third process may also get the message while the second is held
			}
		}
		return fault
	})
	ids := s.send(s.event("e1"))
	eventually(t, func() string { return fmt.Sprintf("%d writes, want one by a second process", writes.Load()) },
		func() bool { return writes.Load() >= 2 })
	if got := s.reads("case-1"); got != "404 case-not-retrieved" {
		t.Errorf("reads %q, although the case has not been written", got)
	}
	if n := s.finds(family[1]); n != 0 {
		t.Errorf("search finds %d cases by %s, although none has been written", n, family[1])
	}
	goOn()
	s.shows("exported", "ok", "e1", family...)
	s.settled(ids...)
	for number, want := range map[string]int{s.ro: 1, family[0]: 1, family[96]: 1, family[97]: 0} {
		if n := s.finds(number); n != want {
			t.Errorf("search finds %d cases by %s, want %d", n, number, want)
		}
	}
	s.nothingSetAside()
}

// finds returns how many of the location's cases with the RO the API's search finds.
func (s *shop) finds(ro string) int {
	s.t.Helper()
	var answer struct{ Matches []json.RawMessage }
	status, err := sys.platform.Ask(s.t.Context(), "service_advisor", s.location, http.MethodGet,
		"/v1/search?locationId="+s.location+"&ro="+ro+"&match=exact", nil, &answer)
	s.must(err)
	if status != http.StatusOK {
		s.t.Fatalf("search status is %d", status)
	}
	return len(answer.Matches)
}
