package dynamo

import (
	"context"
	"fmt"
	"strings"

	"related-ro/pkg/relatedro"
)

// History returns up to limit changes of a location's settings, newest first, and the position
// where the next page begins. after is the position that the previous page returned; History
// returns ErrPosition if after is not a position in this list.
func (s *Store) History(ctx context.Context, location, after string, limit int) ([]relatedro.Change, string, error) {
	items, next, err := s.page(ctx, list{
		partition: partition(location), prefix: prefixAudit, backward: true, consistent: true,
		valid: func(sk string) bool {
			at, id, ok := strings.Cut(strings.TrimPrefix(sk, prefixAudit), "#")
			return ok && isTime(at) && isID(id)
		},
	}, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read history of %s: %w", location, err)
	}
	return decodeAll(s, items, decodeChange), next, nil
}

func encodeChange(c relatedro.Change) item {
	it := auditKey(c.After.Location, c.At, c.ID).item()
	it.putText("id", c.ID)
	it.putTime("at", c.At)
	it.putText("by", c.By)
	it.putMap("before", snapshot(c.Before))
	it.putMap("after", snapshot(c.After))
	return it
}

// snapshot returns the part of a change that holds settings, with the activation if it was known.
func snapshot(s relatedro.Settings) item {
	it := make(item)
	encodeSettings(it, s)
	if known(s.Activation) {
		activation := make(item)
		encodeActivation(activation, s.Activation)
		it.putMap("activation", activation)
	}
	return it
}

func decodeChange(it item) (relatedro.Change, error) {
	location := keyOf(it).location()
	r := &reader{item: it}
	snapshot := func(r *reader) relatedro.Settings { return snapshotFrom(r, location) }
	c := relatedro.Change{
		ID: r.text("id"), At: r.time("at"), By: r.text("by"),
		Before: nested(r, "before", snapshot), After: nested(r, "after", snapshot),
	}
	if r.err != nil {
		return relatedro.Change{}, fmt.Errorf("change of %s: %w", location, r.err)
	}
	return c, nil
}

func snapshotFrom(r *reader, location string) relatedro.Settings {
	s := settingsFrom(r, location)
	if a := nested(r, "activation", activationFrom); known(a) {
		s.Activation = a
	}
	return s
}
