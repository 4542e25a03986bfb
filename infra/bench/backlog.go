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

	"related-ro/infra/bench/report"
	"related-ro/infra/bench/world"
	"related-ro/infra/local/stack"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/karmak/karmaktest"
)

const (
	backlogMessages = 10_000
	backlogAccounts = 20
	backlogJitter   = 100 * time.Millisecond
	backlogFailures = 0.01
	backlogPatience = 3 * time.Minute

	// A retrieval's look-ups that have to wait for each other: what was made from the ROs at hand, then what was made from
	// those. See package karmak.
	roundsNeeded = 2
	// Karmak requests at once for one account of one process: package karmak's default.
	perAccount = 2
)

// backlog drains full queues through the whole local stack, the functions' own binaries
// included.
func backlog(ctx context.Context, b *bench) (report.Section, error) {
	if err := b.build(ctx); err != nil {
		return report.Section{}, err
	}
	seen := newWatch()
	gate := make(chan struct{})
	s, err := stack.Start(ctx, stack.Options{
		Root: b.root, Binaries: b.binaries, Observers: []stack.Observer{seen},
		Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
			if engine != stack.SQS {
				return handler
			}
			return closedUntil(gate, handler)
		},
	})
	if err != nil {
		return report.Section{}, err
	}
	defer s.Close()
	if err := fillQueues(ctx, s); err != nil {
		return report.Section{}, err
	}
	for _, fault := range []karmaktest.Fault{
		{Kind: karmaktest.Latency, Latency: karmakLatency, Jitter: backlogJitter},
		{Kind: karmaktest.StatusError, Status: http.StatusServiceUnavailable, Probability: backlogFailures},
	} {
		if err := s.Karmak.SetFault(fault); err != nil {
			return report.Section{}, err
		}
	}
	begin := time.Now()
	close(gate)
	waiting, cancel := context.WithTimeout(ctx, backlogPatience)
	defer cancel()
	if err := seen.await(waiting, backlogMessages); err != nil {
		return report.Section{}, err
	}
	return backlogSection(s, seen, time.Since(begin)), nil
}

// closedUntil lets nobody receive before the gate is open.
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

// fillQueues sends half of the messages to each queue, each about a case of its own.
func fillQueues(ctx context.Context, s *stack.Stack) error {
	w := &world.World{Store: dynamo.New(s.DynamoDBClient(), s.Template.Tables[0].Name)}
	for l := range backlogAccounts {
		if err := w.AddLocation(ctx, l); err != nil {
			return err
		}
		var cases []int
		for n := l; n < backlogMessages; n += backlogAccounts {
			cases = append(cases, n)
		}
		if err := s.Karmak.AddAccount(world.Account(l, cases...)); err != nil {
			return err
		}
	}
	const perSend = 10
	client, sends := s.SQSClient(), new(errgroup.Group)
	sends.SetLimit(4)
	for first := 0; first < backlogMessages; first += perSend {
		queue, message := "ExportQueue", world.Message
		if first >= backlogMessages/2 {
			queue, message = "CloseQueue", world.CloseMessage
		}
		input := &sqs.SendMessageBatchInput{QueueUrl: aws.String(s.QueueURL(queue))}
		for n := first; n < first+perSend; n++ {
			location, _ := world.Location(n % backlogAccounts)
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

// batches returns what the template allows.
func batches(s *stack.Stack) (size, atOnce int) {
	for _, m := range s.Template.Mappings {
		size = m.BatchSize
		atOnce += m.MaximumConcurrency
	}
	return size, atOnce
}

// backlogFloor is how long the backlog must take: its batches in rounds that wait for
// Karmak, or its look-ups by as many requests as Karmak may get at once, whichever is
// longer.
func backlogFloor(batchSize, batchesAtOnce, lookups int) time.Duration {
	byBatches := time.Duration(backlogMessages/batchSize) * roundsNeeded * karmakLatency / time.Duration(batchesAtOnce)
	byRequests := time.Duration(lookups) * karmakLatency / time.Duration(backlogAccounts*perAccount*batchesAtOnce)
	return max(byBatches, byRequests)
}

func backlogSection(s *stack.Stack, seen *watch, took time.Duration) report.Section {
	counts := s.Karmak.Counts()
	batchSize, atOnce := batches(s)
	floor := backlogFloor(batchSize, atOnce, counts.Lookups())
	wait, atBest := backlogWait(batchSize, atOnce, retryDelay), backlogWait(batchSize, atOnce, 0)
	section := report.Section{
		Title: "Backlog",
		Text: fmt.Sprintf(`
%d messages about as many new cases, half of them exports and half closes, wait in the two queues of the local stack, over %d Karmak
accounts. Karmak answers after %v ± %v, and %.0f %% of its answers are 503. The functions are the deployed binaries, as many at once as
template.yaml allows: %d batches of %d. The floor is what waiting for Karmak alone takes: %d look-ups one after the other for each
batch. Everything runs on this one machine, engines included.`,
			backlogMessages, backlogAccounts, karmakLatency, backlogJitter, backlogFailures*100, atOnce, batchSize, roundsNeeded),
		Goals: []report.Goal{
			{What: "Backlog of 10,000 messages: time over the floor", Value: ratio(took, floor), Limit: 1.5, Unit: "×"},
			{What: "Backlog: a process's memory at the end over that of its first third", Value: seen.memoryGrowth(), Limit: 1.2, Unit: "×"},
		},
		Tables: []report.Table{{Columns: []string{"", "backlog"}}},
	}
	most := 0
	for account, n := range counts.MostAtOnce {
		if account != "" {
			most = max(most, n)
		}
	}
	t := &section.Tables[0]
	t.Add("time to drain", fmt.Sprintf("%.1f s", took.Seconds()))
	t.Add("floor", fmt.Sprintf("%.1f s", floor.Seconds()))
	t.Add("waiting for Karmak alone, by chance", fmt.Sprintf("%.1f s", wait.Seconds()))
	t.Add("time to drain over that", report.Ratio(took, wait))
	t.Add("messages a second", report.Number(backlogMessages/took.Seconds()))
	t.Add("batches", fmt.Sprint(seen.batches))
	t.Add("messages that came back for another try", fmt.Sprint(seen.failed))
	t.Add("Karmak requests for each message", report.Number(float64(counts.Total)/backlogMessages))
	t.Add("requests answered with 503", fmt.Sprint(counts.Faults[karmaktest.StatusError]))
	t.Add("most requests at once for one account", fmt.Sprint(most))
	t.Add("most memory of a function's process", report.Number(float64(seen.most)/(1<<20))+" MB")
	section.Notes = fmt.Sprintf(`
**What limits it.** The floor counts with Karmak's mean, but a batch is done when the slowest of its accounts is: of some 40 answers
in a round the last takes nearly latency and jitter together, and every other batch meets a 503 and its retry. 20,000 batches drawn
by chance (infra/bench/chance.go) wait for Karmak so long that the whole backlog waits for %.1f s, %s the floor, before the
product, the engines and this machine take anything; %s if every 503 were asked again at once, which an ailing server is better
spared. More batches at once (ExportConcurrency, CloseConcurrency) drain faster as long as
their accounts differ: each is asked one thing at a time.`, wait.Seconds(), report.Ratio(wait, floor), report.Ratio(atBest, floor))
	return section
}
