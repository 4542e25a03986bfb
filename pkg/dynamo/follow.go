package dynamo

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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
	items, err := s.all(ctx, list{index: indexGSI1, partition: openPartition(location), from: formatTime(since), attributes: "PK,SK"})
	if err != nil {
		return nil, fmt.Errorf("read the open cases of %s: %w", location, err)
	}
	keys := make([]relatedro.CaseKey, len(items))
	for i, it := range items {
		keys[i] = relatedro.CaseKey{Location: location, Case: caseOf(keyOf(it).sk)}
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
	err := s.get(ctx, slices.Clone(keys), wholeNow, func(it item) error {
		for _, f := range decodeAll(s, []item{it}, decodeFollowed) {
			stored[keyOf(it).pk] = f
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
	it := followedKey(f.Connection).item()
	it.putTime("since", f.Since)
	it.putTime("syncedAt", f.SyncedAt)
	it.putText("failing", string(f.Failing.Reason))
	it.putTime("failingSince", f.Failing.Since)
	it["seen"] = &types.AttributeValueMemberB{Value: packed(f.Seen)}
	it[attrRevision] = number(f.Revision + 1)
	condition, values := "attribute_not_exists(PK)", item(nil)
	if f.Revision > 0 {
		condition, values = "revision = :revision", item{":revision": number(f.Revision)}
	}
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: it, ConditionExpression: &condition, ExpressionAttributeValues: values,
	})
	if err != nil {
		return fmt.Errorf("save the state of a connection: %w", stale(err))
	}
	return nil
}

// SaveChecked records that at the given time each location's cases agreed with the DMS or were
// queued for a refresh.
func (s *Store) SaveChecked(ctx context.Context, locations []string, at time.Time) error {
	for _, location := range locations {
		it := checkedKey(location).item()
		it.putTime(attrCheckedAt, at)
		if _, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it}); err != nil {
			return fmt.Errorf("save when %s was checked: %w", location, err)
		}
	}
	return nil
}

func decodeFollowed(it item) (relatedro.Followed, error) {
	r := &reader{item: it}
	f := relatedro.Followed{
		Since:    r.time("since"),
		SyncedAt: r.time("syncedAt"),
		Seen:     unpacked(r.bytes("seen")),
		Failing:  relatedro.Failing{Reason: relatedro.Reason(r.text("failing")), Since: r.time("failingSince")},
		Revision: r.number(attrRevision),
	}
	if r.err != nil {
		return relatedro.Followed{}, fmt.Errorf("state of a connection: %w", r.err)
	}
	return f, nil
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
