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

func encodeChange(change relatedro.Change) item {
	return encode(auditKey(change.After.Location, change.At, change.ID).item(), change, changeFields)
}

func decodeChange(c *copier, change *relatedro.Change) {
	change.Before = relatedro.NeverSetUp(keyOf(c.item).location())
	change.After = change.Before
	changeFields(c, change)
}

func changeFields(c *copier, change *relatedro.Change) {
	textField(c, "id", &change.ID)
	timeField(c, "at", &change.At)
	textField(c, "by", &change.By)
	mapField(c, "before", &change.Before, snapshotFields)
	mapField(c, "after", &change.After, snapshotFields)
}

// snapshotFields lists the fields of settings in a change, with the activation if it was known.
func snapshotFields(c *copier, s *relatedro.Settings) {
	settingsFields(c, s)
	var activation relatedro.Activation
	if known(s.Activation) {
		activation = s.Activation
	}
	mapField(c, "activation", &activation, activationFields)
	if known(activation) {
		s.Activation = activation
	}
}
