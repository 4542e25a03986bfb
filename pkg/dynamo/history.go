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
			timestamp, id, ok := strings.Cut(strings.TrimPrefix(sk, prefixAudit), "#")
			return ok && isTime(timestamp) && isID(id)
		},
	}, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read history of %s: %w", location, err)
	}
	return decodeAll(s, items, decodeChange), next, nil
}

func encodeChange(c relatedro.Change) item {
	m := auditKey(c.After.Location, c.At, c.ID).item()
	m.putText("id", c.ID)
	m.putTime("at", c.At)
	m.putText("by", c.By)
	m.putMap("before", snapshot(c.Before))
	m.putMap("after", snapshot(c.After))
	return m
}

// snapshot returns the part of a change that holds settings, with the activation if it was known.
func snapshot(s relatedro.Settings) item {
	m := make(item)
	encodeSettings(m, s)
	if known(s.Activation) {
		activation := make(item)
		encodeActivation(activation, s.Activation)
		m.putMap("activation", activation)
	}
	return m
}

func decodeChange(r *reader) relatedro.Change {
	snapshot := func(inner *reader) relatedro.Settings { return snapshotFrom(inner, keyOf(r.item).location()) }
	return relatedro.Change{
		ID: r.text("id"), At: r.time("at"), By: r.text("by"),
		Before: nested(r, "before", snapshot), After: nested(r, "after", snapshot),
	}
}

func snapshotFrom(r *reader, location string) relatedro.Settings {
	s := settingsFrom(r, location)
	if a := nested(r, "activation", decodeActivation); known(a) {
		s.Activation = a
	}
	return s
}
