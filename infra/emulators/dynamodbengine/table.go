package dynamodbengine

import (
	"maps"
	"slices"
	"time"
)

// Amazon's limits of items and keys, in bytes.
const (
	maxItemSize = 400 << 10
	maxHashKey  = 2048
	maxSortKey  = 1024
)

// table is one table. It is guarded by the engine's lock.
type table struct {
	definition tableDefinition
	created    time.Time
	main       *index
	indexes    map[string]*index // global secondary indexes by name
	stream     *stream           // nil when off
	ttl        string            // attribute name; empty when off
	count      int               // number of items
	size       int               // bytes
}

// checkItem returns a ValidationException for an item that DynamoDB would not store.
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

// checkKey returns a ValidationException for an item without a well-formed primary key.
func (t *table) checkKey(it item) error {
	for _, name := range t.main.keys.names() {
		switch v, ok := it[name]; {
		case !ok:
			return invalid("One or more parameter values were invalid: Missing the key %s in the item", name)
		case v.kind != kindString:
			return invalid("One or more parameter values were invalid: Type mismatch for key %s expected: S actual: %s", name, v.kind)
		case v.text == "":
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "+
				"string value. Key: %s", name)
		}
	}
	return checkKeySizes(t.main.keys, it)
}

// checkIndexKey returns a ValidationException for an item whose index key is empty or has the wrong
// type. An item without the index key is valid and does not appear in the index.
func (t *table) checkIndexKey(index string, it item) error {
	k := t.indexes[index].keys
	for _, name := range k.names() {
		switch v, ok := it[name]; {
		case !ok:
		case v.kind != kindString:
			return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: S Actual: %s IndexName: %s",
				name, v.kind, index)
		case v.text == "":
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
				"The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", index, name)
		}
	}
	return checkKeySizes(k, it)
}

func checkKeySizes(k keySchema, it item) error {
	if len(it[k.hash].text) > maxHashKey {
		return invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of %d bytes",
			maxHashKey)
	}
	if k.sort != "" && len(it[k.sort].text) > maxSortKey {
		return invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d "+
			"bytes", maxSortKey)
	}
	return nil
}

// parseKey parses the Key parameter of a request: the primary key without other attributes.
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

// identity returns the item's key as one string that is unique within the table.
func (t *table) identity(key item) string {
	return key[t.main.keys.hash].text + "\x00" + key[t.main.keys.sort].text
}

// replace replaces the item old by new. Either may be nil.
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
