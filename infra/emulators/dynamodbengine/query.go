package dynamodbengine

import (
	"iter"
	"maps"
	"slices"
)

const maxPageSize = 1 << 20 // bytes read by one Query or Scan, before filtering

// readRequest is a Query or a Scan.
type readRequest struct {
	TableName                string
	IndexName                string
	KeyConditionExpression   string
	FilterExpression         string
	ProjectionExpression     string
	ExclusiveStartKey        map[string]any
	Limit                    *int
	ScanIndexForward         *bool
	ConsistentRead           bool
	Select                   string
	ReturnConsumedCapacity   string
	ExpressionAttributeNames map[string]string

	ExpressionAttributeValues map[string]any
}

// read is a parsed readRequest.
type read struct {
	request readRequest
	keys    condition
	filter  condition
	part    projection
	table   *table
	index   *index
}

func (e *Engine) query(body []byte) (any, error) {
	r, err := parseRead(body)
	if err != nil {
		return nil, err
	}
	if r.keys == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := r.open(e); err != nil {
		return nil, err
	}
	wanted, err := keyRangeOf(r.keys, r.index.keys)
	if err != nil {
		return nil, err
	}
	records := r.index.span(wanted.hash.text, wanted.position)
	forward := r.request.ScanIndexForward == nil || *r.request.ScanIndexForward
	start, err := r.startKey()
	if err != nil {
		return nil, err
	}
	if start != nil {
		if !start[r.index.keys.hash].equal(wanted.hash) || wanted.position(start[r.index.keys.sort]) != 0 {
			return nil, invalid("The provided starting key is outside the range of keys that the key condition selects")
		}
		records = r.beyond(records, start, forward)
	}
	if forward {
		return r.page(slices.All(records)), nil
	}
	return r.page(slices.Backward(records)), nil
}

func (e *Engine) scan(body []byte) (any, error) {
	r, err := parseRead(body)
	if err != nil {
		return nil, err
	}
	if r.keys != nil || r.request.ScanIndexForward != nil {
		return nil, invalid("Scan accepts neither a key condition nor an order")
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if err := r.open(e); err != nil {
		return nil, err
	}
	start, err := r.startKey()
	if err != nil {
		return nil, err
	}
	hashOfStart := start[r.index.keys.hash].text
	var records []*record
	for _, hash := range slices.Sorted(maps.Keys(r.index.partitions)) {
		switch {
		case start == nil || hash > hashOfStart:
			records = append(records, r.index.partitions[hash]...)
		case hash == hashOfStart:
			records = append(records, r.beyond(r.index.partitions[hash], start, true)...)
		}
	}
	return r.page(slices.All(records)), nil
}

func parseRead(body []byte) (*read, error) {
	request, err := decode[readRequest](body)
	if err != nil {
		return nil, err
	}
	if request.Limit != nil && *request.Limit < 1 {
		return nil, invalid("1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value greater " +
			"than or equal to 1")
	}
	ph, err := newPlaceholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	r := &read{request: request}
	if request.KeyConditionExpression != "" {
		if r.keys, err = parse("KeyConditionExpression", request.KeyConditionExpression, ph, (*parser).condition); err != nil {
			return nil, err
		}
	}
	if r.filter, err = optionalCondition("FilterExpression", request.FilterExpression, ph); err != nil {
		return nil, err
	}
	if r.part, err = optionalProjection(request.ProjectionExpression, ph); err != nil {
		return nil, err
	}
	return r, ph.leftOver()
}

// open looks up the table and the index. The caller must hold the engine's lock.
func (r *read) open(e *Engine) error {
	var err error
	if r.table, err = e.table(r.request.TableName); err != nil {
		return err
	}
	r.index = r.table.main
	if name := r.request.IndexName; name != "" {
		if r.index = r.table.indexes[name]; r.index == nil {
			return invalid("The table does not have the specified index: %s", name)
		}
		if r.request.ConsistentRead {
			return invalid("Consistent reads are not supported on global secondary indexes")
		}
	}
	return nil
}

// startKey parses ExclusiveStartKey: the key of the table, plus the key of the index if the request
// reads one.
func (r *read) startKey() (item, error) {
	if r.request.ExclusiveStartKey == nil {
		return nil, nil
	}
	start, err := parseItem(r.request.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	if len(start) != len(r.keyOf(start)) || !r.table.main.keys.has(start) || !r.index.keys.has(start) {
		return nil, invalid("The provided starting key is invalid")
	}
	return start, nil
}

// keyOf returns the attributes that determine an item's position: the keys of the table and the
// index.
func (r *read) keyOf(it item) item {
	key := r.table.main.keys.of(it)
	maps.Copy(key, r.index.keys.of(it))
	return key
}

// beyond returns the records after start in read order. start itself need not exist.
func (r *read) beyond(records []*record, start item, forward bool) []*record {
	position, found := slices.BinarySearchFunc(records, start, func(rec *record, key item) int { return r.index.compare(rec.item, key) })
	if !forward {
		return records[:position]
	}
	if found {
		position++
	}
	return records[position:]
}

// page returns the records up to the limit or 1 MB, whichever comes first. If either ends the page,
// the answer contains the last key read, even if no records follow.
func (r *read) page(records iter.Seq2[int, *record]) any {
	items := []item{}
	var last item
	scanned, size := 0, 0
	for _, rec := range records {
		scanned++
		size += rec.size
		if r.filter.holds(rec.item) {
			items = append(items, r.part.of(rec.item))
		}
		if size >= maxPageSize || r.request.Limit != nil && scanned == *r.request.Limit {
			last = r.keyOf(rec.item)
			break
		}
	}
	response := map[string]any{"Count": len(items), "ScannedCount": scanned}
	if r.request.Select != "COUNT" {
		response["Items"] = items
	}
	if last != nil {
		response["LastEvaluatedKey"] = last
	}
	return withCost(response, r.request.TableName, readUnits(size, r.request.ConsistentRead), r.request.ReturnConsumedCapacity)
}
