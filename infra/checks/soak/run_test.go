package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/stack"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

const (
	// root is the project's directory.
	root = "../../.."
	// queueSpeed is the speed-up of the queues' clock, so that retries do not take minutes.
	queueSpeed = 100
	// senders is the number of concurrent senders; each call sends perCall messages.
	senders   = 8
	perCall   = 10
	perAnswer = 100 // cases per batch-get request
	// killEvery is the number of Karmak requests between two kills of the process that sent the
	// request. perKill is the number of messages per kill.
	killEvery, perKill = 40, 700
	// slowAnswer is the response time of the slow dealer's Karmak.
	slowAnswer = 100 * time.Millisecond
	// refetches is how often a location is refetched while messages are being processed.
	refetches = 4
	// lookAgain is the poll interval; settleWithin is how long to wait for the functions' last log
	// lines.
	lookAgain    = 50 * time.Millisecond
	settleWithin = 30 * time.Second
	forever      = time.Hour
)

// troubles makes a tenth of Karmak's requests fail. Status 500 and 503 are Karmak's own errors; the
// client retries immediately after a 503, and later after a 429.
func troubles() []karmaktest.Fault {
	return []karmaktest.Fault{
		{Kind: karmaktest.StatusError, Status: http.StatusInternalServerError, Probability: 0.03},
		{Kind: karmaktest.StatusError, Status: http.StatusServiceUnavailable, Probability: 0.03},
		{Kind: karmaktest.RateLimited, RetryAfter: "1", Probability: 0.02},
		{Kind: karmaktest.WrongJSON, Probability: 0.02},
	}
}

// soak is one run.
type soak struct {
	*stack.Stack
	plan    *plan
	watch   *watch
	notices *notices
	known   *families
	stored  map[relatedro.CaseKey]string // lists in the API
	chance  *rand.Rand
	killer  killer
	ids     []string // IDs of the messages sent, in the plan's order
	report  report
}

// run runs a soak. It returns an error if the soak could not be completed, including when ctx ends.
func run(ctx context.Context, messages int, seed uint64) (result *report, err error) {
	began := time.Now()
	s := &soak{
		watch: newWatch(), notices: newNotices(), known: &families{made: map[familyKey][]spinoff{}}, stored: map[relatedro.CaseKey]string{},
		chance: rand.New(rand.NewPCG(seed, 0)),
	}
	s.Stack, err = stack.Start(ctx, stack.Options{
		Root: root, Observe: stack.Observe{Line: s.watch.Line, SQS: s.watch.SQS, Event: s.notices.Event},
		Queues: sqsengine.Config{Clock: clock.NewFast(queueSpeed)}, Wrap: s.wrap,
		// In real time a batch reappears after 18 s: soon after a kill, and occasionally while its
		// first run is still in progress.
		Parameters: map[string]string{"FunctionTimeout": "20", "VisibilityTimeout": "1801"},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.plan = newPlan(messages, s.chance, time.Now())
	for _, step := range []func(context.Context) error{s.prepare, s.work, s.settle, s.judgeDeadLetters, s.judgeCases, s.judgeNotices} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	counts := s.Stack.Karmak.Counts()
	for _, n := range counts.Faults {
		s.report.Faults += n
	}
	for account, most := range counts.MostAtOnce {
		if most > 1 {
			s.report.wrong("%s had %d concurrent requests", account, most)
		}
	}
	s.report.Killed = int(s.killer.killed.Load())
	if s.report.Killed == 0 {
		s.report.wrong("no process was killed")
	}
	s.report.KarmakRequests, s.report.Cases, s.report.Took = counts.Total, len(s.plan.cases), time.Since(began)
	return &s.report, nil
}

// prepare fills Karmak, enables the locations, and injects the faults.
func (s *soak) prepare(ctx context.Context) error {
	for _, loc := range append([]place{lacking, slow}, working...) {
		if err := s.enable(ctx, loc); err != nil {
			return err
		}
	}
	if err := s.Platform().SaveSettings(ctx, off.location, off.settings("DISABLED")); err != nil {
		return err
	}
	for account, ros := range s.plan.ros {
		for _, ro := range ros {
			if err := s.Stack.Karmak.AddRO(account, karmaktest.RO{Number: ro}); err != nil {
				return err
			}
			for range s.chance.IntN(4) {
				if err := s.spinoff(account, ro); err != nil {
					return err
				}
			}
		}
	}
	for key := range s.plan.failed {
		if key.Location == lacking.location {
			if err := s.RefuseForAnHour(ctx, key); err != nil {
				return err
			}
		}
	}
	faults := []karmaktest.Fault{
		{Kind: karmaktest.NotActivated, Account: lacking.account}, {Kind: karmaktest.Latency, Latency: slowAnswer, Account: slow.account},
	}
	// Not the account without the feature: any other response restarts its hour.
	for account := range s.plan.ros {
		for _, trouble := range troubles() {
			trouble.Account = account
			faults = append(faults, trouble)
		}
	}
	s.killer.left.Store(int64(1 + len(s.plan.messages)/perKill))
	return s.inject(faults)
}

// enable adds a place's account to Karmak and enables its location.
func (s *soak) enable(ctx context.Context, loc place) error {
	if err := s.Stack.Karmak.AddAccount(karmaktest.Account{ID: loc.account, Users: []string{user}}); err != nil {
		return err
	}
	return s.Platform().SaveSettings(ctx, loc.location, loc.settings("ENABLED"))
}

// inject makes Karmak fail, and counts its requests from now on.
func (s *soak) inject(faults []karmaktest.Fault) error {
	for _, fault := range faults {
		if err := s.Stack.Karmak.SetFault(fault); err != nil {
			return err
		}
	}
	s.Stack.Karmak.ResetCounts()
	return nil
}

// spinoff creates one more RO from an RO or from one of its descendants. Only one goroutine may
// call it at a time.
func (s *soak) spinoff(account, ro string) error {
	from := ro
	made := s.known.made[familyKey{account, ro}]
	if len(made) > 0 && s.chance.IntN(3) == 0 {
		from = made[s.chance.IntN(len(made))].number
	}
	number := fmt.Sprintf("%s-%d", ro, len(made)+1)
	if err := s.Stack.Karmak.Spinoff(account, from, "", karmaktest.RO{Number: number}); err != nil {
		return err
	}
	s.known.add(account, ro, from, number, time.Now())
	return nil
}

// work sends everything and waits until the queues are empty, while more ROs are split off.
func (s *soak) work(ctx context.Context) error {
	working, done := context.WithCancel(ctx)
	group, working := errgroup.WithContext(working)
	group.Go(func() error { return s.keepSplitting(working) })
	group.Go(func() error { return s.keepRefetching(working) })
	group.Go(func() error { return s.keepKilling(working) })
	group.Go(func() error {
		defer done()
		if err := s.sendAll(working); err != nil {
			return err
		}
		return s.Platform().AwaitEmpty(working)
	})
	return group.Wait()
}

// keepSplitting splits off an RO each time the functions have finished some messages.
func (s *soak) keepSplitting(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.watch.work:
		}
		c := s.plan.cases[s.chance.IntN(len(s.plan.cases))]
		ro := c.events[s.chance.IntN(len(c.events))].RO
		if ro == "" {
			continue // a deletion
		}
		if err := s.spinoff(c.account, ro); err != nil {
			return err
		}
		s.report.Spinoffs++
	}
}

// keepRefetching refetches a whole location each time the functions have finished some messages.
func (s *soak) keepRefetching(ctx context.Context) error {
	// The first location has unknown ROs, and a refetch would restart their hour.
	places := append([]place{slow}, working[1:]...)
	every := len(s.plan.messages) / (refetches + 1)
	next := every
	var failed error
	poll(ctx, forever, func() bool {
		if s.watch.count() < next {
			return false
		}
		loc := places[s.report.Refetches%len(places)]
		var answer struct{ Queued int }
		err := s.post(ctx, "support", "/v1/locations/"+loc.location+"/refetch", map[string]any{"only": "all"}, http.StatusAccepted, &answer)
		if err != nil && ctx.Err() == nil {
			failed = err
			return true
		}
		next += every
		s.report.Refetches++
		s.report.Refetched += answer.Queued
		return s.report.Refetches == refetches
	})
	return failed
}

// poll calls done at intervals until it returns true, the time is over, or ctx ends.
func poll(ctx context.Context, within time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *soak) sendAll(ctx context.Context) error {
	s.ids = make([]string, len(s.plan.messages))
	byQueue := map[string][]int{}
	for i, m := range s.plan.messages {
		byQueue[m.to] = append(byQueue[m.to], i)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	for queue, positions := range byQueue {
		for len(positions) > 0 {
			n := min(len(positions), perCall)
			some := positions[:n]
			group.Go(func() error { return s.send(ctx, queue, some) })
			positions = positions[n:]
		}
	}
	return group.Wait()
}

// send sends the messages at the given positions of the plan.
func (s *soak) send(ctx context.Context, queue string, positions []int) error {
	url := s.QueueURL(queue)
	input := &awssqs.SendMessageBatchInput{QueueUrl: &url}
	for _, i := range positions {
		entry := types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &s.plan.messages[i].body}
		if group := s.plan.messages[i].group; group != "" {
			entry.MessageGroupId = &group
		}
		input.Entries = append(input.Entries, entry)
	}
	output, err := s.SQSClient().SendMessageBatch(ctx, input)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if len(output.Failed) > 0 {
		return fmt.Errorf("send: %s", aws.ToString(output.Failed[0].Message))
	}
	for _, sent := range output.Successful {
		i, err := strconv.Atoi(aws.ToString(sent.Id))
		if err != nil {
			return fmt.Errorf("send: %w", err)
		}
		s.ids[i] = aws.ToString(sent.MessageId)
	}
	return nil
}

// post calls the API as a user with a role at all locations.
func (s *soak) post(ctx context.Context, role, path string, body any, status int, result any) error {
	got, err := s.Platform().Ask(ctx, role, "*", http.MethodPost, path, body, result)
	if err == nil && got != status {
		err = fmt.Errorf("%s: status %d", path, got)
	}
	return err
}
