package dynamo_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// errCrash is the error of every request that a killed writer sends.
var errCrash = errors.New("the process was killed")

// writer saves cases like a separate process. It stops before each request and waits for permission
// to send it.
type writer struct {
	store *dynamo.Store
	ready chan struct{} // the writer is about to send a request
	step  chan bool     // true lets it send; false kills it
	sent  chan struct{} // the request has been answered
	done  chan error    // the error of SaveCase
}

func newWriter(table string) *writer {
	w := &writer{ready: make(chan struct{}), step: make(chan bool), sent: make(chan struct{}), done: make(chan error, 1)}
	client := sdk.New(server.Client().Options(), func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("step", w.await), middleware.Before)
		})
	})
	w.store = dynamo.New(client, table)
	return w
}

func (w *writer) await(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	w.ready <- struct{}{}
	if !<-w.step {
		return middleware.InitializeOutput{}, middleware.Metadata{}, errCrash
	}
	defer func() { w.sent <- struct{}{} }()
	return next.HandleInitialize(ctx, in)
}

func (w *writer) start(before, next relatedro.Case) {
	go func() { w.done <- w.store.SaveCase(context.Background(), before, next) }()
}

// advance lets the writer send one request, or kills it, and reports whether SaveCase ended. The
// writer must have been started and not have ended.
func (w *writer) advance(alive bool) (ended bool, err error) {
	select {
	case <-w.ready:
		if w.step <- alive; alive {
			<-w.sent
		}
		return false, nil
	case err := <-w.done:
		return true, err
	}
}

// run lets the writer send up to n requests and kills it before the next one. It returns the number
// of requests sent and the error of SaveCase.
func (w *writer) run(n int) (sent int, err error) {
	for {
		if ended, err := w.advance(sent < n); ended {
			return sent, err
		}
		if sent < n {
			sent++
		}
	}
}

// fatal holds the methods that rapid.T and testing.T share.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkLinks fails the test unless links are exactly the links of the case.
func checkLinks(t fatal, c relatedro.Case, links map[string]relatedro.Link) {
	t.Helper()
	if diff := cmp.Diff(linksOf(c), links); diff != "" {
		t.Fatalf("links (-want +got):\n%s", diff)
	}
}

func TestSaveCaseKilledBetweenRequests(t *testing.T) {
	k := key("case-1")
	renumbered := exported(k, "50123", numbers(60000, 150)...)
	renumbered.Number = "other"
	tests := []struct {
		name     string
		from, to relatedro.Case
	}{
		{"first write", relatedro.Case{Key: k}, exported(k, "50123", numbers(60000, 250)...)},
		{"a family comes", exported(k, "50123"), exported(k, "50123", numbers(60000, 250)...)},
		{"a family goes", exported(k, "50123", numbers(60000, 250)...), exported(k, "50123")},
		{"another family", exported(k, "50123", numbers(60000, 150)...), exported(k, "50123", numbers(60100, 150)...)},
		{"another case number", exported(k, "50123", numbers(60000, 150)...), renumbered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for n := 0; ; n++ {
				table := server.Table(t)
				s := dynamo.New(server.Client(), table)
				before := tt.from
				if before.RO != "" {
					before = save(t, s, before)
				}
				w := newWriter(table)
				w.start(before, tt.to)
				sent, err := w.run(n)
				broken := load(t, s, k)
				checkLinks(t, broken, allLinks(t, s))
				switch {
				case err == nil && len(broken.Related) != len(tt.to.Related):
					t.Fatalf("after %d requests: %d related ROs, want %d", sent, len(broken.Related), len(tt.to.Related))
				case err != nil && broken.Revision > before.Revision && broken.Retrieval.Outcome == relatedro.OutcomeOK:
					t.Fatalf("killed after %d requests: a partial list of %d related ROs is marked complete", sent, len(broken.Related))
				}
				if sent < n {
					return // SaveCase finished: every point has been tried
				}
			}
		})
	}
}

// Two writers send their requests in any order, and each may be killed at any point. Case and links
// agree at every moment, and of two writers that began with the same revision at most one succeeds.
func TestSaveCaseRacing(t *testing.T) {
	table := server.Table(t)
	s := dynamo.New(server.Client(), table)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		k := relatedro.CaseKey{Location: "loc-100", Case: "case-1"}
		family := func(label string) relatedro.Case {
			first := 1000 * rapid.IntRange(60, 62).Draw(rt, label+" first")
			c := exported(k, "50123", numbers(first, rapid.SampledFrom([]int{0, 1, 60, 110}).Draw(rt, label+" size"))...)
			c.Number = rapid.SampledFrom([]string{"1", "2"}).Draw(rt, label+" number")
			return c
		}
		start := save(t, s, family("start"))
		writers := []*writer{newWriter(table), newWriter(table)}
		writers[0].start(start, family("first"))
		writers[1].start(start, family("second"))
		var won int
		for len(writers) > 0 {
			i := rapid.IntRange(0, len(writers)-1).Draw(rt, "turn")
			alive := rapid.IntRange(0, 19).Draw(rt, "luck") > 0
			ended, err := writers[i].advance(alive)
			if ended {
				writers = slices.Delete(writers, i, i+1)
				if err == nil {
					won++
				} else if !errors.Is(err, relatedro.ErrStale) && !errors.Is(err, errCrash) {
					rt.Fatalf("SaveCase: %v", err)
				}
				continue
			}
			checkLinks(rt, load(t, s, k), allLinks(t, s))
		}
		if won > 1 {
			rt.Fatalf("both writers succeeded from revision %d", start.Revision)
		}
		checkLinks(rt, save(t, s, family("last")), allLinks(t, s))
	})
}
