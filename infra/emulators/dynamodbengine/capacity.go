package dynamodbengine

import "math"

// Amazon publishes the price of a request in capacity units: a consistent read costs one unit per
// 4 KB and any other read half of that; a write costs one unit per 1 KB of the larger of the old and
// new item, plus as much for each index that changes; a transaction doubles the units of the table.

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

// cost returns the units for replacing old by new. Either may be nil. times is 2 in a transaction;
// it does not apply to indexes.
func (t *table) cost(old, new *record, times float64) float64 {
	units := times * writeUnits(old, new)
	for _, x := range t.indexes {
		units += x.cost(old, new)
	}
	return units
}

// cost returns the units for one index: 0 if its entry does not change, a delete plus a put if the
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
	return r
}

// withCost adds the consumed units to an answer if the request asked for them. This engine reports
// only the total.
func withCost(response map[string]any, table string, units float64, detail string) map[string]any {
	if detail != "" && detail != "NONE" {
		response["ConsumedCapacity"] = consumed(table, units)
	}
	return response
}

// withCosts is withCost for a request to several tables.
func withCosts(response map[string]any, units map[string]float64, detail string) map[string]any {
	if detail != "" && detail != "NONE" {
		var reports []any
		for table, n := range units {
			reports = append(reports, consumed(table, n))
		}
		response["ConsumedCapacity"] = reports
	}
	return response
}

func consumed(table string, units float64) any {
	return map[string]any{"TableName": table, "CapacityUnits": units}
}
