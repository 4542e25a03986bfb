package dynamodb

import "math"

// capacity is what a request costs in capacity units, by Amazon's published rules:
// a read unit is 4 KB read consistently, half of one otherwise; a write unit is 1 KB of
// the larger of the item before and after, and as much again for each index that
// changes; transactions cost double.
type capacity struct {
	table   float64
	indexes map[string]float64
}

// readUnits returns the units of reading so many bytes at once, one at least.
func readUnits(bytes int, consistent bool) float64 {
	units := math.Max(1, math.Ceil(float64(bytes)/4096))
	if consistent {
		return units
	}
	return units / 2
}

// writeUnits returns the units of a write of a table or an index, one at least.
func writeUnits(old, new *record) float64 {
	bytes := 0
	for _, r := range []*record{old, new} {
		if r != nil {
			bytes = max(bytes, r.size)
		}
	}
	return math.Max(1, math.Ceil(float64(bytes)/1024))
}

// cost returns what replacing old by new costs; times is 2 in a transaction.
func (t *table) cost(old, new *record, times float64) capacity {
	c := capacity{table: times * writeUnits(old, new), indexes: make(map[string]float64)}
	for name, x := range t.indexes {
		if units := x.cost(old, new); units > 0 {
			c.indexes[name] = units
		}
	}
	return c
}

// cost is that of one index: nothing when what it holds stays, a delete and a put when
// the index key changes.
func (x *index) cost(old, new *record) float64 {
	before, after := x.held(old), x.held(new)
	switch {
	case before == nil && after == nil:
		return 0
	case before != nil && after != nil && before.item.equal(after.item):
		return 0
	case before != nil && after != nil && !x.keys.of(before.item).equal(x.keys.of(after.item)):
		return writeUnits(before, nil) + writeUnits(nil, after)
	}
	return writeUnits(before, after)
}

func (x *index) held(r *record) *record {
	if r == nil || !x.keys.has(r.item) {
		return nil
	}
	return newRecord(x.project(r.item))
}

func (c *capacity) add(o capacity) {
	c.table += o.table
	for name, units := range o.indexes {
		if c.indexes == nil {
			c.indexes = make(map[string]float64)
		}
		c.indexes[name] += units
	}
}

// report returns the ConsumedCapacity of an answer in the detail asked for: TOTAL,
// INDEXES, or nothing (nil).
func (c capacity) report(table, detail string) any {
	type units struct{ CapacityUnits float64 }
	total := c.table
	indexes := make(map[string]units)
	for name, n := range c.indexes {
		total += n
		indexes[name] = units{n}
	}
	switch detail {
	case "TOTAL":
		return map[string]any{"TableName": table, "CapacityUnits": total}
	case "INDEXES":
		return map[string]any{"TableName": table, "CapacityUnits": total, "Table": units{c.table}, "GlobalSecondaryIndexes": indexes}
	}
	return nil
}

// addTo adds the capacity to an answer if the request asked for it.
func (c capacity) addTo(answer map[string]any, table, detail string) map[string]any {
	if r := c.report(table, detail); r != nil {
		answer["ConsumedCapacity"] = r
	}
	return answer
}
