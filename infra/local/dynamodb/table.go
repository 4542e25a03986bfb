package dynamodb

import (
	"maps"
	"slices"
	"time"
)

// Amazon's limits of an item and its keys, in bytes.
const (
	maxItemSize = 400 << 10
	maxHashKey  = 2048
	maxSortKey  = 1024
)

// table is one table. The engine's lock guards it.
type table struct {
	definition tableDefinition
	created    time.Time
	main       *index
	indexes    map[string]*index // global secondary ones, by name
	stream     *stream           // nil when off
	ttl        string            // attribute; empty when off
	count      int               // items
	size       int               // bytes
}

// checkItem refuses an item that DynamoDB would not store.
func (t *table) checkItem(it item) error {
	if err := t.checkKey(it); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.indexes)) {
		if err := t.checkIndexKey(name, it); err != nil {
			return err
		}
	}
	if it.size() > maxItemSize {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// checkKey refuses an item without a well-formed primary key.
func (t *table) checkKey(it item) error {
	k := t.main.keys
	for _, name := range k.names() {
		v, ok := it[name]
		want := k.hashKind
		if name == k.sort {
			want = k.sortKind
		}
		switch {
		case !ok:
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", name)
		case v.kind != want:
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, want, v.kind)
		case v.text == "":
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
		}
	}
	return checkKeySizes(k, it)
}

// checkIndexKey refuses an item whose index key is of the wrong type or empty. One
// without an index key is fine: it is not in the index.
func (t *table) checkIndexKey(index string, it item) error {
	k := t.indexes[index].keys
	for _, name := range k.names() {
		v, ok := it[name]
		want := k.hashKind
		if name == k.sort {
			want = k.sortKind
		}
		switch {
		case !ok:
		case v.kind != want:
			return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, want, v.kind, index)
		case v.text == "":
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", index, name)
		}
	}
	return checkKeySizes(k, it)
}

func checkKeySizes(k keySchema, it item) error {
	if len(it[k.hash].text) > maxHashKey {
		return invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of %d bytes", maxHashKey)
	}
	if k.sort != "" && len(it[k.sort].text) > maxSortKey {
		return invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d bytes", maxSortKey)
	}
	return nil
}

// parseKey reads a request's Key: the primary key and nothing else.
func (t *table) parseKey(raw map[string]any) (item, error) {
	key, err := parseItem(raw)
	if err != nil {
		return nil, err
	}
	if len(key) != len(t.main.keys.names()) || len(t.main.keys.of(key)) != len(key) {
		return nil, invalid("The provided key element does not match the schema")
	}
	return key, t.checkKey(key)
}

// identity tells items of a table apart: its key as one string.
func (t *table) identity(key item) string {
	return key[t.main.keys.hash].text + "\x00" + key[t.main.keys.sort].text
}

// replace puts the item new in place of old; either may be nil.
func (t *table) replace(old, new *record, now time.Time) {
	if t.stream != nil {
		t.stream.take(t.main.keys, old, new, now)
	}
	t.main.replace(old, new)
	for _, x := range t.indexes {
		x.replace(old, new)
	}
	if old != nil {
		t.count--
		t.size -= old.size
	}
	if new != nil {
		t.count++
		t.size += new.size
	}
}
