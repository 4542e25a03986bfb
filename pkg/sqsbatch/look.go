package sqsbatch

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/relatedro"
)

// MaxListed is the maximum number of dead letters that List returns.
const MaxListed = 100

const (
	listHold   = 10 * time.Second      // if putting messages back fails, they return after this
	listWithin = 8 * time.Second       // limit: below listHold, so that no message returns
	listIdle   = 2 * time.Second       // limit without a new message: others hold the rest
	listPause  = 50 * time.Millisecond // longest pause before asking for held messages again
)

// List receives messages and puts them back at once. It ends when it has more than MaxListed that
// mine accepts, has seen as many as the queue holds, or is out of time. The list is incomplete
// while another reader holds or moves some of the messages.
func (d *DeadLetters) List(
	ctx context.Context, queue relatedro.QueueName, mine func(location string) bool,
) (relatedro.DeadLetterList, error) {
	urls, err := d.urls(queue)
	if err != nil {
		return relatedro.DeadLetterList{}, err
	}
	l := look{dead: d, queue: queue, url: urls.DeadLetters, mine: mine, seen: make(map[string]bool)}
	err = l.everywhere(ctx)
	l.putBack(ctx)
	if err != nil {
		return relatedro.DeadLetterList{}, err
	}
	return relatedro.DeadLetterList{
		Letters: l.found[:min(len(l.found), MaxListed)],
		Count:   max(l.count, len(l.seen)), Complete: l.all && len(l.found) <= MaxListed,
	}, nil
}

// look is one pass through a queue. It keeps the listed letters, but only the ids of other
// messages: a hundred bodies may be 100 MB.
type look struct {
	dead  *DeadLetters
	queue relatedro.QueueName
	url   string
	mine  func(location string) bool

	seen  map[string]bool // by SQS message id
	found []relatedro.DeadLetter
	held  []string // receipts
	count int      // of the queue, as last read
	all   bool     // every message of the queue has been seen
}

// everywhere receives messages until it has enough, has all or is out of time. A message that
// another reader has received is hidden for a moment. Two readers that each hold messages while
// waiting for the rest would never see all, so everywhere first puts back those that it holds.
func (l *look) everywhere(ctx context.Context) (err error) {
	if l.count, err = l.dead.count(ctx, l.url); err != nil {
		return err
	}
	now := l.dead.now()
	until, idle := now.Add(listWithin), now.Add(listIdle)
	for ; now.Before(until) && now.Before(idle) && len(l.found) <= MaxListed; now = l.dead.now() {
		wait := time.Second
		if len(l.held) > 0 || l.count == 0 { // do not wait for a queue whose count is 0
			wait = 0
		}
		batch, err := l.dead.receive(ctx, l.url, listHold, wait)
		if err != nil {
			return err
		}
		if l.take(batch) {
			idle = now.Add(listIdle)
		}
		if len(batch) > 0 && len(l.seen) < l.count {
			continue
		}
		if l.count, err = l.dead.count(ctx, l.url); err != nil {
			return err
		}
		if l.all = len(l.seen) >= l.count; l.all {
			return nil
		}
		if len(batch) == 0 {
			l.putBack(ctx)
			if err := pause(ctx, rand.N(listPause)); err != nil {
				return err
			}
		}
	}
	return nil
}

// take records received messages and reports whether any of them is new.
func (l *look) take(batch []types.Message) (news bool) {
	for _, m := range batch {
		l.held = append(l.held, aws.ToString(m.ReceiptHandle))
		if id := aws.ToString(m.MessageId); !l.seen[id] {
			l.seen[id], news = true, true
			if letter := letterOf(l.queue, m); l.mine(letter.Key.Location) {
				l.found = append(l.found, letter)
			}
		}
	}
	return news
}

func (l *look) putBack(ctx context.Context) {
	l.dead.putBack(ctx, l.url, l.held)
	l.held = nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
