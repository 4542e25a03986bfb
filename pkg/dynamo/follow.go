package dynamo

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// EnabledLocations returns the settings of the locations that are enabled.
func (s *Store) EnabledLocations(ctx context.Context) ([]relatedro.Settings, error) {
	items, err := s.all(ctx, list{index: indexGSI1, partition: string(relatedro.Enabled)})
	if err != nil {
		return nil, fmt.Errorf("read the enabled locations: %w", err)
	}
	return decodeAll(s, items, decodeSettings), nil
}

// OpenCases returns the cases of a location that have an open family and a first event at or after
// since.
func (s *Store) OpenCases(ctx context.Context, location string, since time.Time) ([]relatedro.CaseKey, error) {
	items, err := s.all(ctx, list{index: indexGSI1, partition: openPartition(location), first: formatTime(since), attributes: "PK,SK"})
	if err != nil {
		return nil, fmt.Errorf("read the open cases of %s: %w", location, err)
	}
	keys := make([]relatedro.CaseKey, len(items))
	for i, m := range items {
		keys[i] = relatedro.CaseKey{Location: location, Case: caseOf(keyOf(m).sk)}
	}
	return keys, nil
}

// Followed returns the state of each connection. A connection whose state is missing or unreadable
// has only Connection set.
func (s *Store) Followed(ctx context.Context, connections []relatedro.Connection) ([]relatedro.Followed, error) {
	keys := make([]key, len(connections))
	for i, connection := range connections {
		keys[i] = followedKey(connection)
	}
	stored := make(map[string]relatedro.Followed, len(keys))
	err := s.get(ctx, slices.Clone(keys), wholeNow, func(m item) error {
		for _, f := range decodeAll(s, []item{m}, followedFields) {
			stored[keyOf(m).pk] = f
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the state of %d connections: %w", len(connections), err)
	}
	states := make([]relatedro.Followed, len(connections))
	for i, connection := range connections {
		states[i] = stored[keys[i].pk]
		states[i].Connection = connection
	}
	return states, nil
}

// SaveFollowed writes f with Revision+1. It returns ErrStale if the stored revision is not
// f.Revision.
func (s *Store) SaveFollowed(ctx context.Context, f relatedro.Followed) error {
	before := f.Revision
	f.Revision++
	m := encode(followedKey(f.Connection).item(), f, followedFields)
	if err := s.put(ctx, s.putIf(attrRevision, before, m)); err != nil {
		return fmt.Errorf("save the state of a connection: %w", stale(err))
	}
	return nil
}

// SaveChecked records that at the given time each location's cases agreed with the DMS or were
// queued for a refresh.
func (s *Store) SaveChecked(ctx context.Context, locations []string, checked time.Time) error {
	for _, location := range locations {
		m := checkedKey(location).item()
		m.putTime(attrCheckedAt, checked)
		if err := s.put(ctx, &types.Put{TableName: &s.table, Item: m}); err != nil {
			return fmt.Errorf("save when %s was checked: %w", location, err)
		}
	}
	return nil
}

func followedFields(c *copier, f *relatedro.Followed) {
	timeField(c, "since", &f.Since)
	timeField(c, "syncedAt", &f.SyncedAt)
	textField(c, "failing", &f.Failing.Reason)
	timeField(c, "failingSince", &f.Failing.Since)
	if c.writing {
		c.item["seen"] = &types.AttributeValueMemberB{Value: packed(f.Seen)}
	} else {
		f.Seen = unpacked(c.bytes("seen"))
	}
	numberField(c, attrRevision, &f.Revision)
}

// packed encodes fingerprints in 8 bytes each: 10,000 of them take a fifth of an item's maximum
// size.
func packed(fingerprints []uint64) []byte {
	b := make([]byte, 0, 8*len(fingerprints))
	for _, f := range fingerprints {
		b = binary.BigEndian.AppendUint64(b, f)
	}
	return b
}

func unpacked(b []byte) []uint64 {
	fingerprints := make([]uint64, 0, len(b)/8)
	for part := range slices.Chunk(b, 8) {
		if len(part) == 8 {
			fingerprints = append(fingerprints, binary.BigEndian.Uint64(part))
		}
	}
	return fingerprints
}
