package dynamodbengine

import "math"

// capacity is the cost of a request in capacity units, by Amazon's published rules: a consistent
// read costs one unit per 4 KB and any other read half of that; a write costs one unit per 1 KB of
// the larger of the old and new item, plus as much for each index that changes; transactions cost
// double.
type capacity struct {
	table   float64
	indexes map[string]float64
}

// readUnits returns the units for reading the given number of bytes at once, at least 1 for a
// consistent read and 0.5 otherwise.
func readUnits(bytes int, consistent bool) float64 {
	units := math.Max(1, math.Ceil(float64(bytes)/4096))
	if consistent {
		return units
	}
	return units / 2
}

// writeUnits returns the units for one write to a table or an index, at least 1.
func writeUnits(old, new *record) float64 {
	bytes := 0
	for _, r := range []*record{old, new} {
		if r != nil {
			bytes = max(bytes, r.size)
		}
	}
	return math.Max(1, math.Ceil(float64(bytes)/1024))
}

// cost returns the cost of replacing old by new. times is 2 in a transaction.
func (t *table) cost(old, new *record, times float64) capacity {
	c := capacity{table: times * writeUnits(old, new), indexes: make(map[string]float64)}
	for name, x := range t.indexes {
		if units := x.cost(old, new); units > 0 {
			c.indexes[name] = units
		}
	}
	return c
}

// cost returns the cost for one index: 0 if its entry does not change, a delete plus a put if the
// index key changes.
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

// report returns the ConsumedCapacity of an answer in the requested detail, TOTAL or INDEXES. For
// any other detail it returns nil.
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

// addTo adds the consumed capacity to an answer if the request asked for it.
func (c capacity) addTo(answer map[string]any, table, detail string) map[string]any {
	if r := c.report(table, detail); r != nil {
		answer["ConsumedCapacity"] = r
	}
	return answer
}
