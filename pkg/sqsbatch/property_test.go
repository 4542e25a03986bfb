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
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"pgregory.net/rapid"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// storm delivers events of several cases from three queues in random order and twice, while earlier
// runs of them are still going. Karmak and the database fail, processes die before they
// acknowledge, dead letters are redriven, the location's connection changes, and the whole location
// is refetched.
type storm struct {
	*world
	rt         *rapid.T
	closing    *world // the close queue with its handler; the rest is shared
	refreshing *world // the refresh queue, likewise

	sent       []relatedro.Event
	connection relatedro.Connection
	spinoff    map[madeFrom][]time.Time // creation times of each RO's alternates, by their numbers
	trouble    *rand.Rand
	share      float64 // of database calls that fail
	mu         sync.Mutex
}

// madeFrom identifies an RO of an account.
type madeFrom struct{ account, ro string }

var (
	stormROs         = []string{"500", "600", "700"}
	stormConnections = []relatedro.Connection{connectionA, {Account: accountA, User: "user-2"}, {Account: accountB, User: "user-1"}}
)

// check is one of rapid's many runs of a test. Its cleanups run when it ends.
type check struct {
	testing.TB
	rt *rapid.T
}

func (c check) Cleanup(f func()) { c.rt.Cleanup(f) }

func newStorm(t *testing.T, rt *rapid.T) *storm {
	w := newWorld(check{t, rt})
	s := &storm{world: w, rt: rt, connection: connectionA, spinoff: map[madeFrom][]time.Time{}}
	s.trouble = rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
	for _, ro := range stormROs {
		w.addFamily(accountA, ro)
		w.addFamily(accountB, ro)
	}
	side := func(name string) *world {
		other := world{t: w.t, clock: w.clock, unity: w.unity, client: w.client, store: w.store, log: w.log}
		other.dlq, other.queue = w.createQueue(name+"-dlq"), w.createQueue(name)
		other.handler = other.newHandler()
		return &other
	}
	s.closing, s.refreshing = side("case-close"), side("case-refresh")
	w.countCalls(s.fault)
	return s
}

func (s *storm) sides() []*world { return []*world{s.world, s.closing, s.refreshing} }

// connect changes the location's connection, unless the store fails.
func (s *storm) connect(rt *rapid.T) {
	connection := rapid.SampledFrom(stormConnections).Draw(rt, "connection")
	before, err := s.store.Settings(context.Background(), "loc-100")
	if err != nil {
		return
	}
	after := relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled, Connection: connection, UpdatedAt: s.clock.Now()}
	_ = s.store.SaveSettings(context.Background(), relatedro.Change{ID: fmt.Sprint("change-", before.Version), At: s.clock.Now(),
		Before: before, After: after})
}

// refetch requests the whole location again, unless the store fails.
func (s *storm) refetch(*rapid.T) {
	queue := sqsbatch.NewRefreshQueue(s.client, s.refreshing.queue)
	_, _ = relatedro.NewAdmin(s.store, nil, queue, s.clock.Now).Refetch(context.Background(), "loc-100", relatedro.SelectStale, "")
}

// fault makes a share of the database calls fail, some of them after they took effect.
func (s *storm) fault(string, []byte) *dynamodbengine.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble.Float64() >= s.share {
		return nil
	}
	return []*dynamodbengine.Fault{dynamodbengine.Throttled(), dynamodbengine.Broken(), dynamodbengine.Outage(),
		dynamodbengine.AnswerLost()}[s.trouble.IntN(4)]
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

// sendOne sends a new event, or one sent before.
func (s *storm) sendOne(rt *rapid.T) {
	var ev relatedro.Event
	if len(s.sent) > 0 && rapid.IntRange(0, 4).Draw(rt, "again") == 0 {
		ev = rapid.SampledFrom(s.sent).Draw(rt, "duplicate")
	} else {
		ev = relatedro.Event{
			ID: fmt.Sprintf("ev-%02d", len(s.sent)),
			Type: rapid.SampledFrom([]relatedro.EventType{relatedro.Exported, relatedro.Exported, relatedro.Closed, relatedro.Closed,
				relatedro.Refresh, relatedro.Deleted}).Draw(rt, "type"),
			OccurredAt: time.Date(2026, 11, 23, 10, rapid.IntRange(0, 12).Draw(rt, "minute"), 0, 0, time.UTC),
			Key: relatedro.CaseKey{Location: "loc-100",
				Case: rapid.SampledFrom([]string{"case-1", "case-2", "case-3"}).Draw(rt, "case")},
			RO:    rapid.SampledFrom(stormROs).Draw(rt, "ro"),
			Asset: rapid.SampledFrom([]string{"", "asset-1"}).Draw(rt, "asset"),
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

// side returns the world whose queue takes ev.
func (s *storm) side(ev relatedro.Event) *world {
	switch ev.Type {
	case relatedro.Closed, relatedro.Deleted:
		return s.closing
	case relatedro.Refresh:
		return s.refreshing
	}
	return s.world
}

// deliver passes the visible messages of all queues to their handlers concurrently, some of them
// also to a second process. Sometimes it does not acknowledge them.
func (s *storm) deliver(rt *rapid.T) {
	var running sync.WaitGroup
	for _, side := range s.sides() {
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
	for _, side := range s.sides() {
		for _, letters := range side.deadLetters() {
			for _, letter := range letters {
				side.send(letter.Body)
				_, err := side.client.DeleteMessage(context.Background(),
					&awssqs.DeleteMessageInput{QueueUrl: &side.dlq, ReceiptHandle: &letter.ReceiptHandle})
				side.must(err)
			}
		}
	}
}

func (s *storm) makeSpinoff(rt *rapid.T) {
	from := madeFrom{rapid.SampledFrom([]string{accountA, accountB}).Draw(rt, "account"), rapid.SampledFrom(stormROs).Draw(rt, "original")}
	s.must(s.unity.Spinoff(from.account, from.ro, "", karmaktest.RO{Number: fmt.Sprintf("%s%d", from.ro, len(s.spinoff[from])+1)}))
	s.spinoff[from] = append(s.spinoff[from], s.clock.Now())
}

func TestStormEndsRight(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStorm(t, rt)
		steps := []func(*rapid.T){s.sendOne, s.sendOne, s.sendOne, s.deliver, s.deliver, s.makeSpinoff, s.redrive, s.connect, s.refetch,
			func(rt *rapid.T) {
				s.setTrouble(rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(rt, "database"),
					rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(rt, "karmak"))
			}}
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			rapid.SampledFrom(steps).Draw(rt, "step")(rt)
			s.clock.Advance(time.Minute)
		}
		s.calm(rt)
		s.check(rt)
	})
}

// calm ends all failures and drains the queues with new processes, because an open circuit would
// stay open for a while.
func (s *storm) calm(rt *rapid.T) {
	s.setTrouble(0, 0)
	settings, err := s.store.Settings(context.Background(), "loc-100")
	s.must(err)
	s.connection = settings.Connection // the only trace of a change whose answer was lost
	s.refetch(rt)                      // cases hidden since a change of connection
	for range 20 {
		s.clock.Advance(2 * time.Hour) // longer than any delay
		s.redrive(rt)
		left := 0
		for _, side := range s.sides() {
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
		rt.Errorf("links do not match their cases:\ngot  %v\nwant %v", links, wanted)
	}
}

func (s *storm) checkCase(rt *rapid.T, c relatedro.Case, newest relatedro.Event) {
	if newest.Type == relatedro.Deleted {
		if !c.Deleted() || c.RO != "" || len(c.Related) > 0 || c.Asset != "" {
			rt.Errorf("%s was deleted last, and is stored as %+v", c.Key.Case, c)
		}
		return
	}
	if c.RO != newest.RO || c.Stated.ID != newest.ID || !c.Stated.Fetched ||
		(c.Status == relatedro.CaseClosed) != (newest.Type == relatedro.Closed) {
		rt.Errorf("%s ends as RO %s, %s, of %s (fetched %v); the newest event is %+v", c.Key.Case, c.RO, c.Status, c.Stated.ID,
			c.Stated.Fetched, newest)
	}
	if c.Retrieval.Outcome != relatedro.OutcomeOK || c.FetchedOver.Account != s.connection.Account {
		rt.Errorf("%s ends as %s %s, fetched over %v; the location's connection is %v", c.Key.Case, c.Retrieval.Outcome, c.Retrieval.Reason,
			c.FetchedOver, s.connection)
	}
	listed := map[string]bool{}
	for _, r := range c.Related {
		listed[r.RO] = true
	}
	made := s.spinoff[madeFrom{c.FetchedOver.Account, c.RO}]
	for i, at := range made {
		if number := fmt.Sprintf("%s%d", c.RO, i+1); !at.After(c.Retrieval.RetrievedAt) && !listed[number] {
			rt.Errorf("%s lacks %s, made %v before its retrieval", c.Key.Case, number, c.Retrieval.RetrievedAt.Sub(at))
		}
	}
	if len(listed) > len(made) {
		rt.Errorf("%s lists %v, more than %s has", c.Key.Case, listed, c.RO)
	}
}

// newest returns the event that determines the state of a case. A close counts 5 minutes later than
// its occurredAt, and a deletion 10. At equal times a deletion wins, then a close, then the larger
// id.
func (s *storm) newest(id string) (newest relatedro.Event, found bool) {
	rank := map[relatedro.EventType]int{relatedro.Closed: 1, relatedro.Deleted: 2}
	counts := func(ev relatedro.Event) time.Time {
		return ev.OccurredAt.Add(5 * time.Minute * time.Duration(rank[ev.Type]))
	}
	for _, ev := range s.sent {
		if ev.Key.Case != id || ev.Type == relatedro.Refresh {
			continue
		}
		if !found || cmp.Or(counts(ev).Compare(counts(newest)), cmp.Compare(rank[ev.Type], rank[newest.Type]),
			strings.Compare(ev.ID, newest.ID)) > 0 {
			newest, found = ev, true
		}
	}
	return newest, found
}
