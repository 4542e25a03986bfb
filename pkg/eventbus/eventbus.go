// Package eventbus puts notices on an EventBridge bus. It implements relatedro.Bus.
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

// Limits of one PutEvents call. Amazon has since raised the size limit to 1 MB, but rule targets
// and older tools still stop at 256 KB.
const (
	maxEntries = 10
	maxBytes   = 256 << 10
)

// Pauses before failed entries are put again. The pause starts at firstPause and doubles up to
// longPause.
const (
	firstPause = 50 * time.Millisecond
	longPause  = 5 * time.Second
)

// Putter is the part of the EventBridge client that a Bus uses. *eventbridge.Client implements it.
type Putter interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus is one event bus. It is safe for concurrent use.
type Bus struct {
	client Putter
	name   string
}

var (
	_ relatedro.Bus = (*Bus)(nil)
	_ Putter        = (*eventbridge.Client)(nil)
)

// New returns the Bus with the given name or ARN.
func New(client Putter, name string) *Bus { return &Bus{client: client, name: name} }

// Publish puts notices on the bus in their order, with as many in each call as EventBridge accepts.
// It retries refused notices until ctx ends. It returns how many notices, counted from the first,
// are on the bus without a gap. Some later ones may be there too.
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

// fitting returns how many entries, counted from the first, fit in one call. It is at least 1.
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

// size returns the size of an entry in bytes as Amazon counts it: 14 for the time plus the length
// of the texts.
func size(e types.PutEventsRequestEntry) int {
	return 14 + len(*e.Source) + len(*e.DetailType) + len(*e.Detail)
}

// put puts entries in one call and retries those that fail until ctx ends. It returns how many
// entries, counted from the first, are on the bus without a gap. The error is that of the last
// call.
func (b *Bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) (int, error) {
	left := make([]int, len(entries)) // indexes into entries
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

// try puts the entries at places once. It returns the places of those that failed and the reason.
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

// wait returns true after d. It returns false at once if ctx ends earlier.
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
