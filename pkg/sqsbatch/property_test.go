package sqsbatch_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"related-ro/infra/local/dynamodb"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// storm delivers events of several cases from two queues in random order, twice, while
// their earlier run is still going, with failures of Karmak and of the database, with
// processes that die before they acknowledge, and with redrives.
type storm struct {
	*world
	rt      *rapid.T
	closing *world // the close queue and its handler; everything else is shared

	sent    []relatedro.Event
	spinoff map[string][]time.Time // when each RO's alternates were made, in the order of their numbers
	trouble *rand.Rand
	share   float64 // of database calls that fail
	mu      sync.Mutex
}

var stormROs = []string{"500", "600", "700"}

// check is one of rapid's many runs of a test: it closes what it opened when it ends.
type check struct {
	testing.TB
	rt *rapid.T
}

func (c check) Cleanup(f func()) { c.rt.Cleanup(f) }

func newStorm(t *testing.T, rt *rapid.T) *storm {
	w := newWorld(check{t, rt})
	s := &storm{world: w, rt: rt, spinoff: map[string][]time.Time{}}
	s.trouble = rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
	for _, ro := range stormROs {
		w.addFamily(accountA, ro)
	}
	closing := world{t: w.t, clock: w.clock, unity: w.unity, client: w.client, store: w.store, log: w.log}
	closing.dlq, closing.queue = w.createQueue("case-close-dlq"), w.createQueue("case-close")
	closing.handler = closing.newHandler()
	s.closing = &closing
	w.countCalls(s.fault)
	return s
}

// fault makes a share of the database calls fail, some of them after they were done.
func (s *storm) fault(string, []byte) *dynamodb.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble.Float64() >= s.share {
		return nil
	}
	return []*dynamodb.Fault{dynamodb.Throttled(), dynamodb.Broken(), dynamodb.Outage(), dynamodb.AnswerLost()}[s.trouble.IntN(4)]
}

func (s *storm) setTrouble(database float64, karmak float64) {
	s.mu.Lock()
	s.share = database
	s.mu.Unlock()
	s.unity.ClearFaults()
	if karmak > 0 {
		s.must(s.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Call: karmaktest.CallHeaders, Probability: karmak}))
	}
}

// sendOne sends a new event, or one that was sent before.
func (s *storm) sendOne(rt *rapid.T) {
	var ev relatedro.Event
	if len(s.sent) > 0 && rapid.IntRange(0, 4).Draw(rt, "again") == 0 {
		ev = rapid.SampledFrom(s.sent).Draw(rt, "duplicate")
	} else {
		ev = relatedro.Event{
			ID:         fmt.Sprintf("ev-%02d", len(s.sent)),
			Type:       rapid.SampledFrom([]relatedro.EventType{relatedro.Exported, relatedro.Closed, relatedro.Refresh}).Draw(rt, "type"),
			OccurredAt: time.Date(2026, 11, 23, 10, rapid.IntRange(0, 5).Draw(rt, "minute"), 0, 0, time.UTC),
			Key:        relatedro.CaseKey{Location: "loc-100", Case: rapid.SampledFrom([]string{"case-1", "case-2", "case-3"}).Draw(rt, "case")},
			RO:         rapid.SampledFrom(stormROs).Draw(rt, "ro"),
			Asset:      rapid.SampledFrom([]string{"", "asset-1"}).Draw(rt, "asset"),
		}
		if ev.Type == relatedro.Closed {
			ev.ClosedBy = relatedro.ClosedByAuto
		}
		s.sent = append(s.sent, ev)
	}
	body, err := sqsbatch.Encode(ev)
	s.must(err)
	s.side(ev).send(body)
}

// side is where the events of a type go.
func (s *storm) side(ev relatedro.Event) *world {
	if ev.Type == relatedro.Closed {
		return s.closing
	}
	return s.world
}

// deliver hands what both queues have to their handlers at once, some of it to a
// second process too, and sometimes forgets to acknowledge.
func (s *storm) deliver(rt *rapid.T) {
	var running sync.WaitGroup
	for _, side := range []*world{s.world, s.closing} {
		batch := side.receive(side.queue)
		if len(batch.Records) == 0 {
			continue
		}
		batch.Records = rapid.Permutation(batch.Records).Draw(rt, "order")
		dies := rapid.IntRange(0, 5).Draw(rt, "dies") == 0
		running.Go(func() {
			if dies {
				_, err := side.handler.Handle(context.Background(), batch)
				side.must(err)
				return
			}
			side.handle(context.Background(), side.handler, batch)
		})
		if rapid.Bool().Draw(rt, "twice") {
			again := events.SQSEvent{Records: batch.Records[:1+len(batch.Records)/2]}
			running.Go(func() { side.handle(context.Background(), side.newHandler(), again) })
		}
	}
	running.Wait()
}

func (s *storm) redrive(*rapid.T) {
	for _, side := range []*world{s.world, s.closing} {
		for _, letters := range side.deadLetters() {
			for _, letter := range letters {
				side.send(letter.Body)
			}
		}
	}
}

func (s *storm) makeSpinoff(rt *rapid.T) {
	ro := rapid.SampledFrom(stormROs).Draw(rt, "original")
	number := fmt.Sprintf("%s%d", ro, len(s.spinoff[ro])+1)
	s.must(s.unity.Spinoff(accountA, ro, "", karmaktest.RO{Number: number}))
	s.spinoff[ro] = append(s.spinoff[ro], s.clock.Now())
}

func TestStormEndsRight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStorm(t, rt)
		steps := []func(*rapid.T){s.sendOne, s.sendOne, s.sendOne, s.deliver, s.deliver, s.makeSpinoff, s.redrive,
			func(rt *rapid.T) {
				s.setTrouble(rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(rt, "database"), rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(rt, "karmak"))
			}}
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")(rt)
			s.clock.Advance(time.Minute)
		}
		s.settle(rt)
		s.check(rt)
	})
}

// settle ends all trouble and works both queues off, with processes that know nothing
// of it: an open circuit would stay open for a while.
func (s *storm) settle(rt *rapid.T) {
	s.setTrouble(0, 0)
	for range 20 {
		s.clock.Advance(20 * time.Minute) // longer than any message waits
		s.redrive(rt)
		left := 0
		for _, side := range []*world{s.world, s.closing} {
			batch := side.receive(side.queue)
			left += len(batch.Records)
			side.handle(context.Background(), side.newHandler(), batch)
		}
		if left == 0 {
			return
		}
	}
	rt.Fatal("the queues do not empty")
}

func (s *storm) check(rt *rapid.T) {
	wanted := []relatedro.Link{}
	for _, id := range []string{"case-1", "case-2", "case-3"} {
		c := s.stored(id)
		newest, any := s.newest(id)
		if any {
			s.checkCase(rt, c, newest)
		}
		if c.Stored() {
			wanted = append(wanted, c.Links()...)
		}
	}
	var links []relatedro.Link
	for _, first := range []string{"5", "6", "7"} {
		found, next, err := s.store.LinksTo(context.Background(), "loc-100", first, true, "", 1000)
		s.must(err)
		if next != "" {
			rt.Fatal("more links than expected")
		}
		links = append(links, found...)
	}
	order := func(a, b relatedro.Link) int {
		return cmp.Or(strings.Compare(a.RO, b.RO), strings.Compare(a.Key.Case, b.Key.Case))
	}
	slices.SortFunc(wanted, order)
	slices.SortFunc(links, order)
	if !slices.Equal(links, wanted) {
		rt.Errorf("links disagree with their cases:\ngot  %v\nwant %v", links, wanted)
	}
}

func (s *storm) checkCase(rt *rapid.T, c relatedro.Case, newest relatedro.Event) {
	if c.RO != newest.RO || c.Stated.ID != newest.ID || !c.Stated.Settled || (c.Status == relatedro.CaseClosed) != (newest.Type == relatedro.Closed) {
		rt.Errorf("%s ends as RO %s, %s, of %s (settled %v); the newest event is %+v", c.Key.Case, c.RO, c.Status, c.Stated.ID, c.Stated.Settled, newest)
	}
	if c.Retrieval.Outcome != relatedro.OutcomeOK {
		rt.Errorf("%s ends %s %s", c.Key.Case, c.Retrieval.Outcome, c.Retrieval.Reason)
	}
	listed := map[string]bool{}
	for _, r := range c.Related {
		listed[r.RO] = true
	}
	for i, made := range s.spinoff[c.RO] {
		if number := fmt.Sprintf("%s%d", c.RO, i+1); !made.After(c.Retrieval.RetrievedAt) && !listed[number] {
			rt.Errorf("%s lacks %s, made %v before its retrieval", c.Key.Case, number, c.Retrieval.RetrievedAt.Sub(made))
		}
	}
	if len(listed) > len(s.spinoff[c.RO]) {
		rt.Errorf("%s lists %v, more than %s has", c.Key.Case, listed, c.RO)
	}
}

// newest returns the export or close that says how a case stands: by time, at equal
// times a close, then by id.
func (s *storm) newest(id string) (newest relatedro.Event, found bool) {
	rank := map[relatedro.EventType]int{relatedro.Closed: 1}
	for _, ev := range s.sent {
		if ev.Key.Case != id || ev.Type == relatedro.Refresh {
			continue
		}
		if !found || cmp.Or(ev.OccurredAt.Compare(newest.OccurredAt), cmp.Compare(rank[ev.Type], rank[newest.Type]), strings.Compare(ev.ID, newest.ID)) > 0 {
			newest, found = ev, true
		}
	}
	return newest, found
}
