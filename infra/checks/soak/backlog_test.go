package soak

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/infra/checks/bench"
	"related-ro/infra/emulators/template"
	"related-ro/infra/local/stack"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

const (
	backlogDealers  = 20
	backlogEach     = 250 // messages per dealer
	backlogLatency  = 200 * time.Millisecond
	backlogJitter   = 100 * time.Millisecond
	backlogFailures = 0.01
	backlogPatience = 3 * time.Minute
	lookupsNew      = 3 // consecutive look-ups for a new family, see package karmak

	// The backlog beside slow dealers.
	slowDealers    = 4 // a fifth of the dealers
	slowLatency    = 2 * time.Second
	deadDealers    = 1
	healthyDealers = backlogDealers - slowDealers - deadDealers
)

// goals are those of this package's benchmark.
var goals bench.Goals

func TestMain(m *testing.M) {
	code := m.Run()
	goals.Print(os.Stdout)
	os.Exit(code)
}

// BenchmarkBacklog drains full queues: once with all dealers alike, and then those of the healthy
// dealers, first alone and then beside dealers whose Karmak is slow or does not answer.
func BenchmarkBacklog(b *testing.B) {
	b.Run("all", func(b *testing.B) {
		s, _ := drain(b, backlogDealers, backlogEach, backlogDealers)
		counts, messages := s.Stack.Karmak.Counts(), float64(len(s.ids))
		exports := slices.IndexFunc(s.Stack.Template.Mappings, func(m template.EventSourceMapping) bool { return m.Queue == "ExportQueue" })
		wait := backlogWait(backlogDealers, len(s.ids), s.Stack.Template.Mappings[exports].BatchSize)
		bench.Metrics(b, map[string]float64{
			"s": s.report.Took.Seconds(), "waits-s": wait.Seconds(), "messages/s": messages / s.report.Took.Seconds(),
			"returns/message": float64(s.watch.returns) / messages, "karmak/message": float64(counts.Total) / messages,
		})
		goals.Report(b, "x-waits", s.report.Took.Seconds()/wait.Seconds(), 1.1)
		goals.Report(b, "x-memory", s.watch.memoryGrowth(), 1.2)
	})
	b.Run("healthy", func(b *testing.B) {
		var faults []karmaktest.Fault
		for n := range slowDealers + deadDealers {
			fault := karmaktest.Fault{Account: dealer(healthyDealers + n).account, Kind: karmaktest.Latency, Latency: slowLatency}
			if n >= slowDealers {
				fault.Kind = karmaktest.Hang
			}
			faults = append(faults, fault)
		}
		_, alone := drain(b, healthyDealers, backlogEach, healthyDealers)
		s, beside := drain(b, backlogDealers, backlogEach, healthyDealers, faults...)
		bench.Metrics(b, map[string]float64{
			"alone-s": alone.Seconds(), "beside-s": beside.Seconds(), "acknowledged-s": s.report.Took.Seconds(),
		})
		goals.Report(b, "x-alone", beside.Seconds()/alone.Seconds(), 1.15)
	})
}

func dealer(n int) place { return place{fmt.Sprint("loc-", n), fmt.Sprint("account-", n)} }

// drain queues the given number of messages for each dealer and waits until those of the first
// dealers are processed. It returns the time until the last of their cases had its list. Their
// messages are acknowledged later, since a batch may hold messages of a slow dealer too. Faults are
// in addition to the backlog's own.
func drain(b *testing.B, dealers, each, first int, faults ...karmaktest.Fault) (s *soak, listed time.Duration) {
	if testing.Short() {
		each = 10
	}
	s = &soak{watch: newWatch(), plan: newBacklog(dealers, each)}
	open := make(chan struct{})
	var err error
	s.Stack, err = stack.Start(b.Context(), stack.Options{
		Root: root, Observe: stack.Observe{Line: s.watch.Line},
		Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
			if engine != stack.SQS {
				return handler
			}
			return closedUntil(open, handler)
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for n := range dealers {
		if err := s.enable(b.Context(), dealer(n)); err != nil {
			b.Fatal(err)
		}
	}
	for account, ros := range s.plan.ros {
		for _, ro := range ros {
			// Of digits alone, as most dealers' numbers are: others take a look-up of their own.
			for _, made := range []karmaktest.RO{{Number: ro}, {Number: "2" + ro, Original: ro}, {Number: "3" + ro, Original: ro}} {
				if err := s.Stack.Karmak.AddRO(account, made); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	if err := s.sendAll(b.Context()); err != nil {
		b.Fatal(err)
	}
	err = s.inject(append([]karmaktest.Fault{
		{Kind: karmaktest.Latency, Latency: backlogLatency, Jitter: backlogJitter},
		{Kind: karmaktest.StatusError, Status: http.StatusServiceUnavailable, Probability: backlogFailures},
	}, faults...))
	if err != nil {
		b.Fatal(err)
	}
	var awaited []string
	var keys []relatedro.CaseKey
	for i, id := range s.ids {
		if i%dealers < first {
			awaited, keys = append(awaited, id), append(keys, backlogKey(i, dealers))
		}
	}
	began := time.Now()
	close(open)
	poll(b.Context(), backlogPatience, func() bool { return s.watch.left(awaited) == 0 })
	s.report.Took = time.Since(began)
	if left := s.watch.left(awaited); left > 0 {
		b.Fatalf("%d of %d messages left after %v", left, len(awaited), s.report.Took)
	}
	store := s.Store()
	for some := range slices.Chunk(keys, 100) {
		loaded, err := store.Load(b.Context(), relatedro.Keys{Cases: some})
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range loaded.Cases {
			listed = max(listed, c.Retrieval.RetrievedAt.Sub(began))
		}
	}
	return s, listed
}

// backlogKey returns the case of the n-th message.
func backlogKey(n, dealers int) relatedro.CaseKey {
	return relatedro.CaseKey{Location: dealer(n % dealers).location, Case: fmt.Sprint("case-", n)}
}

// closedUntil blocks ReceiveMessage until the channel open is closed.
func closedUntil(open <-chan struct{}, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") {
			select {
			case <-open:
			case <-r.Context().Done():
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
}

// newBacklog plans messages about as many new cases, in turn for each dealer: the first half
// exports, the others closes.
func newBacklog(dealers, each int) *plan {
	p := &plan{ros: map[string][]string{}}
	for n := range dealers * each {
		ev := relatedro.Event{
			ID: fmt.Sprint("event-", n), Type: relatedro.Exported, OccurredAt: time.Now(), RO: fmt.Sprint(100_000 + n),
			Key: backlogKey(n, dealers),
		}
		if n >= dealers*each/2 {
			ev.Type, ev.ClosedBy = relatedro.Closed, relatedro.ClosedByAuto
		}
		account := dealer(n % dealers).account
		p.ros[account] = append(p.ros[account], ev.RO)
		p.send(ev)
	}
	return p
}

// memoryGrowth returns the ratio of the most memory that any process used in the last third of its
// batches to the most that any used in its first third.
func (w *watch) memoryGrowth() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first, last int64
	for _, samples := range w.memory {
		if third := len(samples) / 3; third > 0 {
			first, last = max(first, slices.Max(samples[:third])), max(last, slices.Max(samples[len(samples)-third:]))
		}
	}
	return float64(last) / float64(max(first, 1))
}

// backlogWait simulates how long Karmak alone would take if batches were processed in the order
// sent. A batch then has messages of every dealer and takes lookupsNew consecutive look-ups of each
// account. It leaves out the time that the product, the engines and the machine take, and does not
// depend on the product's own look-ups: if it did, making more of them would make the goal easier.
// The result is the mean of many random draws.
func backlogWait(dealers, messages, batchSize int) time.Duration {
	const draws = 200
	random := rand.New(rand.NewPCG(1, 2))
	lookups := lookupsNew * messages / batchSize
	var total time.Duration
	for range draws {
		var slowest time.Duration
		for range dealers {
			var account time.Duration
			for range lookups {
				account += lookupWait(random)
			}
			slowest = max(slowest, account)
		}
		total += slowest
	}
	return total / draws
}

// lookupWait draws the duration of one look-up with its retries. As in package karmak, the first
// retry waits for between 100 and 200 ms, and each further retry for twice as long.
func lookupWait(random *rand.Rand) (wait time.Duration) {
	share := func(d time.Duration) time.Duration { return time.Duration(random.Float64() * float64(d)) }
	for backoff := 200 * time.Millisecond; ; backoff *= 2 {
		wait += backlogLatency - backlogJitter + share(2*backlogJitter)
		if random.Float64() >= backlogFailures {
			return wait
		}
		wait += backoff/2 + share(backoff/2)
	}
}
