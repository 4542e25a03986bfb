package dynamodb

import (
	"cmp"
	"slices"
	"sort"
)

// record is a stored item. A write replaces it, so that a read may hold on to it.
type record struct {
	item item
	size int
}

func newRecord(it item) *record { return &record{item: it, size: it.size()} }

// keySchema names the key attributes of a table or an index, with their types. The
// sort key may be missing.
type keySchema struct {
	hash, sort         string
	hashKind, sortKind kind
}

// names returns the key attributes' names.
func (k keySchema) names() []string {
	if k.sort == "" {
		return []string{k.hash}
	}
	return []string{k.hash, k.sort}
}

// of returns the part of the item that is its key.
func (k keySchema) of(it item) item {
	key := make(item, 4) // two of the table and two of an index
	for _, name := range k.names() {
		if v, ok := it[name]; ok {
			key[name] = v
		}
	}
	return key
}

// has reports whether the item carries the whole key, and so belongs to the index.
func (k keySchema) has(it item) bool {
	return it[k.hash].kind == k.hashKind && it[k.sort].kind == k.sortKind
}

// index keeps records by hash key, and in order of sort key within it: the table
// itself, or a global secondary index of it.
type index struct {
	keys       keySchema
	table      keySchema // of the table: breaks ties of an index, which need not be unique
	attributes []string  // projected besides the keys; nil is all
	partitions map[string][]*record
}

// compare orders two items of one partition.
func (x *index) compare(a, b item) int {
	order, _ := a[x.keys.sort].compare(b[x.keys.sort])
	if order != 0 || x.keys == x.table {
		return order
	}
	hash, _ := a[x.table.hash].compare(b[x.table.hash])
	rng, _ := a[x.table.sort].compare(b[x.table.sort])
	return cmp.Or(hash, rng)
}

// find returns where the item with that key is, or would be.
func (x *index) find(key item) (partition []*record, at int, found bool) {
	partition = x.partitions[key[x.keys.hash].text]
	at, found = slices.BinarySearchFunc(partition, key, func(r *record, key item) int { return x.compare(r.item, key) })
	return partition, at, found
}

func (x *index) get(key item) *record {
	if partition, at, found := x.find(key); found {
		return partition[at]
	}
	return nil
}

// replace takes old out, if there is one, and puts new in, if there is one and it
// carries the index's key.
func (x *index) replace(old, new *record) {
	if old != nil && x.keys.has(old.item) {
		partition, at, _ := x.find(old.item)
		hash := old.item[x.keys.hash].text
		if partition = slices.Delete(partition, at, at+1); len(partition) == 0 {
			delete(x.partitions, hash)
		} else {
			x.partitions[hash] = partition
		}
	}
	if new != nil && x.keys.has(new.item) {
		partition, at, _ := x.find(new.item)
		x.partitions[new.item[x.keys.hash].text] = slices.Insert(partition, at, new)
	}
}

// project returns what the index holds of an item.
func (x *index) project(it item) item {
	if x.attributes == nil {
		return it
	}
	part := x.keys.of(it)
	for _, name := range slices.Concat(x.table.names(), x.attributes) {
		if v, ok := it[name]; ok {
			part[name] = v
		}
	}
	return part
}

// span returns the records of a partition whose sort key lies in the range. position
// says where a sort key lies: below the range (negative), in it (0), or above.
func (x *index) span(hash string, position func(value) int) []*record {
	partition := x.partitions[hash]
	where := func(i int) int { return position(partition[i].item[x.keys.sort]) }
	low := sort.Search(len(partition), func(i int) bool { return where(i) >= 0 })
	high := sort.Search(len(partition), func(i int) bool { return where(i) > 0 })
	return partition[low:high]
}
