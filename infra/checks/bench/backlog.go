package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/world"
	"related-ro/infra/local/stack"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak/karmaktest"
)

const (
	backlogAccounts = 20
	backlogEach     = 250 // messages per account
	backlogJitter   = 100 * time.Millisecond
	backlogFailures = 0.01
	backlogPatience = 3 * time.Minute

	// The backlog beside slow dealers.
	besideEach  = 100
	slowDealers = 4 // a fifth of the dealers
	slowLatency = 2 * time.Second
	deadDealers = 1
)

// drained holds the measurements of a processed backlog.
type drained struct {
	seen   *watch
	counts karmaktest.Counts
	took   time.Duration
	size   int // messages per batch
	atOnce int // concurrent batches
}

// backlog drains full queues through the whole local stack, including the functions' own binaries:
// once with all dealers alike, and twice for dealers whose Karmak is healthy, first alone and then
// beside dealers whose Karmak is slow or dead.
func backlog(ctx context.Context, b *bench) (report.Section, error) {
	if err := b.build(ctx); err != nil {
		return report.Section{}, err
	}
	all, err := b.drain(ctx, backlogAccounts, backlogEach, backlogAccounts)
	if err != nil {
		return report.Section{}, err
	}
	const well = backlogAccounts - slowDealers - deadDealers
	alone, err := b.drain(ctx, well, besideEach, well)
	if err != nil {
		return report.Section{}, fmt.Errorf("healthy dealers alone: %w", err)
	}
	faults := []karmaktest.Fault{}
	for l := well; l < backlogAccounts; l++ {
		_, over := world.Location(l)
		fault := karmaktest.Fault{Account: over.Account, Kind: karmaktest.Latency, Latency: slowLatency}
		if l >= well+slowDealers {
			fault.Kind = karmaktest.Hang
		}
		faults = append(faults, fault)
	}
	beside, err := b.drain(ctx, backlogAccounts, besideEach, well, faults...)
	if err != nil {
		return report.Section{}, fmt.Errorf("beside slow dealers: %w", err)
	}
	return backlogSection(all, alone, beside), nil
}

// drain queues the given number of messages for each account and waits until those of the first
// accounts are processed. Faults are in addition to the backlog's own.
func (b *bench) drain(ctx context.Context, accounts, each, first int, faults ...karmaktest.Fault) (drained, error) {
	d := drained{seen: newWatch()}
	gate := make(chan struct{})
	s, err := stack.Start(ctx, stack.Options{
		Root: b.root, Binaries: b.binaries, Observe: stack.Observe{Line: d.seen.Line, Batch: d.seen.Batch},
		Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
			if engine != stack.SQS {
				return handler
			}
			return closedUntil(gate, handler)
		},
	})
	if err != nil {
		return d, err
	}
	defer s.Close()
	if err := fillQueues(ctx, s, accounts, each); err != nil {
		return d, err
	}
	for _, fault := range append([]karmaktest.Fault{
		{Kind: karmaktest.Latency, Latency: karmakLatency, Jitter: backlogJitter},
		{Kind: karmaktest.StatusError, Status: http.StatusServiceUnavailable, Probability: backlogFailures},
	}, faults...) {
		if err := s.Karmak.SetFault(fault); err != nil {
			return d, err
		}
	}
	var awaited []string
	for l := range first {
		location, _ := world.Location(l)
		awaited = append(awaited, location)
	}
	begin := time.Now()
	close(gate)
	waiting, cancel := context.WithTimeout(ctx, backlogPatience)
	defer cancel()
	err = d.seen.await(waiting, awaited, each)
	d.took, d.counts = time.Since(begin), s.Karmak.Counts()
	d.size, d.atOnce = batches(s)
	return d, err
}

// closedUntil blocks ReceiveMessage until the channel gate is closed, which opens the gate.
func closedUntil(gate <-chan struct{}, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			}
		}
		handler.ServeHTTP(w, r)
	})
}

// fillQueues sends half of the messages to each queue. Each message concerns another case.
func fillQueues(ctx context.Context, s *stack.Stack, accounts, each int) error {
	messages := accounts * each
	w := &world.World{Store: dynamo.New(s.DynamoDBClient(), s.Template.Tables[0].Name)}
	for l := range accounts {
		if err := w.AddLocation(ctx, l); err != nil {
			return err
		}
		var cases []int
		for n := l; n < messages; n += accounts {
			cases = append(cases, n)
		}
		if err := s.Karmak.AddAccount(world.Account(l, cases...)); err != nil {
			return err
		}
	}
	const perSend = 10
	client, sends := s.SQSClient(), new(errgroup.Group)
	sends.SetLimit(4)
	for first := 0; first < messages; first += perSend {
		queue, message := "ExportQueue", world.Message
		if first >= messages/2 {
			queue, message = "CloseQueue", world.CloseMessage
		}
		input := &sqs.SendMessageBatchInput{QueueUrl: aws.String(s.QueueURL(queue))}
		for n := first; n < first+perSend; n++ {
			location, _ := world.Location(n % accounts)
			input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(n)), MessageBody: aws.String(message(location, n)),
			})
		}
		sends.Go(func() error {
			out, err := client.SendMessageBatch(ctx, input)
			if err == nil && len(out.Failed) > 0 {
				err = fmt.Errorf("%d messages were not sent: %s", len(out.Failed), aws.ToString(out.Failed[0].Message))
			}
			return err
		})
	}
	return sends.Wait()
}

// batches returns the batch size and the number of concurrent batches that the template allows for
// exports and closes together.
func batches(s *stack.Stack) (size, atOnce int) {
	for _, m := range s.Template.Mappings {
		if m.Queue == "ExportQueue" || m.Queue == "CloseQueue" {
			size, atOnce = m.BatchSize, atOnce+m.MaximumConcurrency
		}
	}
	return size, atOnce
}

func backlogSection(all, alone, beside drained) report.Section {
	const messages = backlogAccounts * backlogEach
	var lookups []int
	most := 0
	for account, calls := range all.counts.Accounts {
		if account != "" {
			lookups, most = append(lookups, calls[karmaktest.CallHeaders]), max(most, all.counts.MostAtOnce[account])
		}
	}
	wait := backlogWait(lookups)
	requests := float64(all.counts.Total) / messages
	section := report.Section{
		Title: "Backlog",
		Text: fmt.Sprintf(`
%d messages about as many new cases wait in the two queues of the local stack, half of them exports
and half closes, for %d Karmak accounts. Karmak answers after %v ± %v, and %.0f %% of its answers are
503. The functions are the deployed binaries with the concurrency that template.yaml allows: %d
batches of %d. Each account gets one request at a time, so the backlog takes at least as long as the
consecutive look-ups of the slowest account. Their waits are simulated with random draws
(infra/checks/bench/chance.go), without the time that the product, the engines and this machine take.
Everything runs on this one machine.

Then, with %d messages per account: the backlog of %d healthy dealers, alone and beside %d dealers
whose Karmak takes %v and %d whose Karmak does not answer.`,
			messages, backlogAccounts, karmakLatency, backlogJitter, backlogFailures*100, all.atOnce, all.size,
			besideEach, backlogAccounts-slowDealers-deadDealers, slowDealers, slowLatency, deadDealers),
		Goals: []report.Goal{
			{What: "Backlog: time over the simulated waits", Value: ratio(all.took, wait), Limit: 1.1, Unit: "×"},
			{What: "Backlog: memory of a process in its last third over its first third", Value: all.seen.memoryGrowth(), Limit: 1.2, Unit: "×"},
			{What: "Backlog of healthy dealers: time beside slow and dead ones over time alone", Value: ratio(beside.took, alone.took), Limit: 1.15, Unit: "×"},
		},
		Tables: []report.Table{{Columns: []string{"", "backlog"}}},
	}
	t := &section.Tables[0]
	t.Add("time to drain", fmt.Sprintf("%.1f s", all.took.Seconds()))
	t.Add("simulated waits", fmt.Sprintf("%.1f s", wait.Seconds()))
	t.Add("messages per second", report.Number(messages/all.took.Seconds()))
	t.Add("batches", fmt.Sprint(all.seen.batches))
	t.Add("messages returned to the queue for a retry", fmt.Sprint(all.seen.failed))
	t.Add("Karmak requests per message", report.Number(requests))
	t.Add("requests answered with 503", fmt.Sprint(all.counts.Faults[karmaktest.StatusError]))
	t.Add("most concurrent requests for one account", fmt.Sprint(most))
	t.Add("maximum memory of a function's process", report.Number(float64(all.seen.most)/(1<<20))+" MB")
	t.Add("healthy dealers, alone", fmt.Sprintf("%.1f s", alone.took.Seconds()))
	t.Add("the same, beside slow and dead ones", fmt.Sprintf("%.1f s", beside.took.Seconds()))
	return section
}
