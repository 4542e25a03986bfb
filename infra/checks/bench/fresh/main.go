// Command fresh measures following: the delay between a change in Karmak and its appearance in the
// case, and the duration of one run over many connections. It runs the whole local stack in real
// time.
//
//	go run ./infra/checks/bench/fresh
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

const (
	user     = "user-1"
	location = "loc-1"
	lookEach = 50 * time.Millisecond // interval between reads of a case
)

func main() {
	root := flag.String("root", ".", "`directory` of the project")
	cases := flag.Int("cases", 1000, "cases of the one location")
	period := flag.Duration("period", 5*time.Second, "between two runs")
	perMinute := flag.Int("changes", 50, "changes a minute")
	lasts := flag.Duration("for", time.Minute, "how long changes are made")
	connections := flag.Int("connections", 2000, "connections of the run that is timed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	took, err := fresh(ctx, *root, *cases, *period, *perMinute, *lasts)
	if err == nil {
		fmt.Printf("%d cases, a run every %v, %d changes a minute: shown after p50 %v, p99 %v, most %v (%d changes)\n",
			*cases, *period, *perMinute, round(took[len(took)/2]), round(took[len(took)*99/100]), round(took[len(took)-1]), len(took))
		err = run(ctx, *root, *connections)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fresh:", err)
		os.Exit(1)
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// start returns a stack with the given number of enabled locations, each with its own account.
// Karmak answers after 200 ms. The stack may be non-nil even if there is an error; the caller must
// close it.
func start(ctx context.Context, root string, every time.Duration, locations int) (*stack.Stack, error) {
	s, err := stack.Start(ctx, stack.Options{
		Root: root, Every: every, Parameters: map[string]string{"ApiRateLimit": "10000", "ApiBurstLimit": "10000"},
	})
	if err != nil {
		return nil, err
	}
	// Not through the API: its rate limit does not allow so many changes in a minute.
	store := dynamo.New(s.DynamoDBClient(), s.Template.Tables[0].Name)
	for i := range locations {
		account := fmt.Sprint("account-", i+1)
		if err := s.Karmak.AddAccount(karmaktest.Account{ID: account, Users: []string{user}}); err != nil {
			return s, err
		}
		before := relatedro.NeverSetUp(fmt.Sprint("loc-", i+1))
		after := before
		after.Status, after.Connection = relatedro.Enabled, relatedro.Connection{Account: account, User: user}
		if err := store.SaveSettings(ctx, relatedro.Change{ID: "change-1", At: time.Now(), By: "bench", Before: before, After: after}); err != nil {
			return s, err
		}
	}
	return s, s.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: 200 * time.Millisecond})
}

// fresh returns the delays between each spinoff and its appearance in the case, sorted.
func fresh(ctx context.Context, root string, cases int, every time.Duration, perMinute int, lasts time.Duration) (took []time.Duration, err error) {
	s, err := start(ctx, root, every, 1)
	if s != nil {
		defer s.Close()
	}
	if err != nil {
		return nil, err
	}
	p := s.Platform()
	for i := range cases {
		if err := s.Karmak.AddRO("account-1", karmaktest.RO{Number: number(i), LastUpdate: time.Now().AddDate(0, -1, 0)}); err != nil {
			return nil, err
		}
		if _, err := p.Export(ctx, caseOf(i)); err != nil {
			return nil, err
		}
	}
	if err := p.AwaitEmpty(ctx); err != nil {
		return nil, err
	}
	if err := s.Follow(ctx); err != nil { // the first run fetches all cases again
		return nil, err
	}
	if err := p.AwaitEmpty(ctx); err != nil {
		return nil, err
	}
	making, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var mu sync.Mutex
	watching, watched := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Minute / time.Duration(perMinute))
	defer tick.Stop()
	for i := 0; making.Err() == nil; i++ {
		made, from := fmt.Sprint("9", number(i)), i%cases
		if err := s.Karmak.Spinoff("account-1", number(from), "", karmaktest.RO{Number: made}); err != nil {
			return nil, err
		}
		began := time.Now()
		watching.Go(func() error {
			if err := shows(watched, p, caseOf(from), made); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			return nil
		})
		select {
		case <-tick.C:
		case <-making.Done():
		}
	}
	err = watching.Wait()
	slices.Sort(took)
	return took, err
}

// shows returns once the case lists the RO, or with an error if ctx ends first.
func shows(ctx context.Context, p *platform.Platform, c platform.Case, ro string) error {
	for {
		answer, err := p.RelatedROs(ctx, c.LocationID, c.CaseID)
		if err != nil {
			return err
		}
		for _, r := range answer.RelatedROs {
			if r.RONumber == ro {
				return nil
			}
		}
		select {
		case <-time.After(lookEach):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run times two runs of follow over many connections: the first one signs in.
func run(ctx context.Context, root string, connections int) error {
	s, err := start(ctx, root, 0, connections)
	if s != nil {
		defer s.Close()
	}
	if err != nil {
		return err
	}
	for _, name := range []string{"the first run, which signs in", "the next"} {
		s.Karmak.ResetCounts()
		began := time.Now()
		if err := s.Follow(ctx); err != nil {
			return err
		}
		fmt.Printf("%d connections, %s: %v, %d look-ups\n", connections, name, round(time.Since(began)), s.Karmak.Counts().Lookups())
	}
	return nil
}

func number(i int) string { return fmt.Sprint(50000 + i) }

func caseOf(i int) platform.Case {
	return platform.Case{LocationID: location, CaseID: fmt.Sprint("case-", i), RONumber: number(i)}
}
