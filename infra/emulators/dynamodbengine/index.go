package dynamodbengine

import (
	"cmp"
	"slices"
	"sort"
)

// record is a stored item. Writes replace the record instead of changing it, so readers may keep a
// reference.
type record struct {
	item item
	size int
}

func newRecord(it item) *record { return &record{item: it, size: it.size()} }

// keySchema holds the names of the key attributes of a table or an index, which are strings. The
// sort key is optional.
type keySchema struct{ hash, sort string }

// names returns the names of the key attributes.
func (k keySchema) names() []string {
	if k.sort == "" {
		return []string{k.hash}
	}
	return []string{k.hash, k.sort}
}

// of returns the key attributes of the item.
func (k keySchema) of(it item) item {
	key := make(item, 4) // two for the table and two for an index
	for _, name := range k.names() {
		if v, ok := it[name]; ok {
			key[name] = v
		}
	}
	return key
}

// has reports whether the item has the complete key and therefore belongs to the index.
func (k keySchema) has(it item) bool {
	return it[k.hash].kind == kindString && (k.sort == "" || it[k.sort].kind == kindString)
}

// index groups records by hash key and sorts each group by sort key. It is either the table itself
// or one of its global secondary indexes.
type index struct {
	keys       keySchema
	table      keySchema // of the table: breaks ties, since index keys need not be unique
	partitions map[string][]*record
}

// compare orders two items of the same partition.
func (x *index) compare(a, b item) int {
	order, _ := a[x.keys.sort].compare(b[x.keys.sort])
	if order != 0 || x.keys == x.table {
		return order
	}
	hash, _ := a[x.table.hash].compare(b[x.table.hash])
	rng, _ := a[x.table.sort].compare(b[x.table.sort])
	return cmp.Or(hash, rng)
}

// find returns the position of the item with the key, or the position at which to insert it.
func (x *index) find(key item) (partition []*record, position int, found bool) {
	partition = x.partitions[key[x.keys.hash].text]
	position, found = slices.BinarySearchFunc(partition, key, func(r *record, key item) int { return x.compare(r.item, key) })
	return partition, position, found
}

func (x *index) get(key item) *record {
	if partition, position, found := x.find(key); found {
		return partition[position]
	}
	return nil
}

// replace removes old and inserts new. Either may be nil. An item without the index's key is not
// inserted.
func (x *index) replace(old, new *record) {
	if old != nil && x.keys.has(old.item) {
		partition, position, _ := x.find(old.item)
		hash := old.item[x.keys.hash].text
		if partition = slices.Delete(partition, position, position+1); len(partition) == 0 {
			delete(x.partitions, hash)
		} else {
			x.partitions[hash] = partition
		}
	}
	if new != nil && x.keys.has(new.item) {
		partition, position, _ := x.find(new.item)
		x.partitions[new.item[x.keys.hash].text] = slices.Insert(partition, position, new)
	}
}

// span returns the records of a partition whose sort key lies in a range. position returns a
// negative number for a sort key below the range, 0 within it and a positive number above it.
func (x *index) span(hash string, position func(value) int) []*record {
	partition := x.partitions[hash]
	where := func(i int) int { return position(partition[i].item[x.keys.sort]) }
	low := sort.Search(len(partition), func(i int) bool { return where(i) >= 0 })
	high := sort.Search(len(partition), func(i int) bool { return where(i) > 0 })
	return partition[low:high]
}
