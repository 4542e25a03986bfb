// Package eventbus puts notices on an EventBridge bus: it implements relatedro's Bus.
package eventbus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"related-ro/pkg/relatedro"
)

// Limits of one PutEvents call. Amazon has raised the bytes to 1 MB since; rules' targets
// and older tools still stop at this.
const (
	maxEntries = 10
	maxBytes   = 256 << 10
)

// The pauses before entries that failed are put again: the first, doubled each time, up
// to the longest.
const (
	firstPause = 50 * time.Millisecond
	longPause  = 5 * time.Second
)

// Putter is what a Bus asks of EventBridge. *eventbridge.Client has it.
type Putter interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus is one event bus. Safe for concurrent use.
type Bus struct {
	client Putter
	name   string
}

var (
	_ relatedro.Bus = (*Bus)(nil)
	_ Putter        = (*eventbridge.Client)(nil)
)

// New returns a Bus by its name or ARN.
func New(client Putter, name string) *Bus { return &Bus{client: client, name: name} }

// Publish puts notices on the bus, as many a call as EventBridge takes, and those that it
// refuses again until ctx ends. It returns how many, from the first on, are there.
func (b *Bus) Publish(ctx context.Context, notices []relatedro.Notice) (int, error) {
	entries := make([]types.PutEventsRequestEntry, len(notices))
	for i, n := range notices {
		entry, err := b.entry(n)
		if err != nil {
			return 0, err
		}
		entries[i] = entry
	}
	for done := 0; done < len(entries); {
		n, err := b.put(ctx, entries[done:done+fitting(entries[done:])])
		if done += n; err != nil {
			return done, fmt.Errorf("put events: %w", err)
		}
	}
	return len(entries), nil
}

// fitting returns how many entries, from the first on, fit in one call: one at least.
func fitting(entries []types.PutEventsRequestEntry) int {
	n, bytes := 0, 0
	for _, e := range entries[:min(len(entries), maxEntries)] {
		if bytes += size(e); n > 0 && bytes > maxBytes {
			break
		}
		n++
	}
	return n
}

// size is an entry's, as Amazon counts it: 14 bytes for the time, and the texts.
func size(e types.PutEventsRequestEntry) int {
	return 14 + len(*e.Source) + len(*e.DetailType) + len(*e.Detail)
}

// put puts entries in one call, and what fails of them again, and returns how many, from
// the first on, are there. The error is the last call's.
func (b *Bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) (int, error) {
	left := make([]int, len(entries)) // their places among entries
	for i := range left {
		left[i] = i
	}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		var err error
		if left, err = b.try(ctx, entries, left); err == nil {
			return len(entries), nil
		}
		if !wait(ctx, pause) {
			return left[0], err
		}
	}
}

// try puts those entries once and returns which of them are left, and why.
func (b *Bus) try(ctx context.Context, entries []types.PutEventsRequestEntry, places []int) ([]int, error) {
	input := &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, len(places))}
	for i, place := range places {
		input.Entries[i] = entries[place]
	}
	output, err := b.client.PutEvents(ctx, input)
	if err != nil {
		return places, err
	}
	if len(output.Entries) != len(places) {
		return places, fmt.Errorf("%d results for %d entries", len(output.Entries), len(places))
	}
	var left []int
	var refused []error
	for i, result := range output.Entries {
		if result.ErrorCode != nil {
			left = append(left, places[i])
			refused = append(refused, fmt.Errorf("%s: %s", *result.ErrorCode, aws.ToString(result.ErrorMessage)))
		}
	}
	return left, errors.Join(refused...)
}

// wait returns after d, or false at once if ctx ends before that.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
