// Command pace measures the delay from one dealer's events to the stored cases, alone and beside
// another dealer whose Karmak is slow or does not answer. It runs the whole local stack for each
// scenario, in real time.
//
//	go run ./infra/checks/bench/pace
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/karmak/karmaktest"
)

const (
	user       = "user-1"
	fastEvery  = 200 * time.Millisecond
	slowEvery  = 250 * time.Millisecond
	warmUp     = 20
	exportPool = 1000 // maximum number of events
)

// world is one scenario for the other dealer's Karmak.
type world struct {
	name  string
	slow  bool // another dealer sends events
	fault karmaktest.Fault
}

func worlds() []world {
	slow := func(d time.Duration) karmaktest.Fault { return karmaktest.Fault{Kind: karmaktest.Latency, Latency: d} }
	return []world{
		{name: "alone"},
		{"beside one that answers at once", true, slow(time.Millisecond)},
		{"beside one that answers in 2 s", true, slow(2 * time.Second)},
		{"beside one that answers in 5 s", true, slow(5 * time.Second)},
		{"beside one that hangs", true, karmaktest.Fault{Kind: karmaktest.Hang}},
	}
}

func main() {
	lasts := flag.Duration("for", 30*time.Second, "how long events are sent")
	root := flag.String("root", ".", "`directory` of the project")
	concurrency := flag.String("concurrency", "", "ExportConcurrency; the template's default if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("%-34s %6s %8s %8s %8s %8s\n", "a dealer, 5 events a second", "events", "p50", "p99", "most", "p99 x")
	alone := time.Duration(0)
	for _, w := range worlds() {
		took, err := w.measure(ctx, *root, *concurrency, *lasts)
		if err != nil {
			fmt.Fprintln(os.Stderr, "pace:", err)
			os.Exit(1)
		}
		p99 := took[len(took)*99/100]
		if alone == 0 {
			alone = p99
		}
		fmt.Printf("%-34s %6d %8v %8v %8v %8.2f\n", w.name, len(took), round(took[len(took)/2]), round(p99), round(took[len(took)-1]), float64(p99)/float64(alone))
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// measure returns the delays from each event of the fast dealer to its stored case, sorted.
func (w world) measure(ctx context.Context, root, concurrency string, lasts time.Duration) ([]time.Duration, error) {
	parameters := map[string]string{"ApiRateLimit": "10000", "ApiBurstLimit": "10000"}
	if concurrency != "" {
		parameters["ExportConcurrency"] = concurrency
	}
	s, err := stack.Start(ctx, stack.Options{Root: root, Parameters: parameters})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p := s.Platform()
	if err := w.prepare(ctx, s); err != nil {
		return nil, err
	}
	sending, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	group, working := errgroup.WithContext(ctx)
	if w.slow {
		group.Go(func() error {
			return every(sending, slowEvery, func(i int) error {
				_, err := p.Export(working, platform.Case{LocationID: "slow", CaseID: fmt.Sprint("slow-", i), RONumber: number(i)})
				return err
			})
		})
	}
	took := make([]time.Duration, exportPool)
	var waiting errgroup.Group
	group.Go(func() error {
		return every(sending, fastEvery, func(i int) error {
			c := platform.Case{LocationID: "fast", CaseID: fmt.Sprint("fast-", i), RONumber: number(i)}
			sent := time.Now()
			id, err := p.Export(working, c)
			waiting.Go(func() error {
				_, err := p.Await(ctx, c, id)
				took[i] = time.Since(sent)
				return err
			})
			return err
		})
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := waiting.Wait(); err != nil {
		return nil, err
	}
	// The first events wait for processes to start.
	took = slices.DeleteFunc(took[warmUp:], func(d time.Duration) bool { return d == 0 })
	slices.Sort(took)
	return took, nil
}

// prepare creates both dealers with their ROs and settings, and applies the fault to the slow one.
func (w world) prepare(ctx context.Context, s *stack.Stack) error {
	for _, dealer := range []string{"fast", "slow"} {
		if err := s.Karmak.AddAccount(karmaktest.Account{ID: dealer, Users: []string{user}}); err != nil {
			return err
		}
		for i := range exportPool {
			if err := s.Karmak.AddRO(dealer, karmaktest.RO{Number: number(i)}); err != nil {
				return err
			}
		}
		if err := s.Platform().SaveSettings(ctx, dealer, platform.Settings{
			Status: "ENABLED", DMS: platform.KarmakFusion, Karmak: platform.Connection{Account: dealer, User: user},
		}); err != nil {
			return err
		}
	}
	if !w.slow {
		return nil
	}
	w.fault.Account = "slow"
	return s.Karmak.SetFault(w.fault)
}

func number(i int) string { return fmt.Sprint(50000 + i) }

// every calls do with 0, 1, … at the given interval until ctx ends, or exportPool times. It stops
// at the first error.
func every(ctx context.Context, pause time.Duration, do func(int) error) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for i := range exportPool {
		if err := do(i); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
