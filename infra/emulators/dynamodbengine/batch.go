package dynamodbengine

import (
	"maps"
	"slices"
)

// Amazon's limits of a batch.
const (
	maxBatchGets     = 100
	maxBatchWrites   = 25
	maxBatchGetBytes = 16 << 20 // of one answer; keys beyond it stay unprocessed
)

// keysAndAttributes is the part of a BatchGetItem request for one table.
type keysAndAttributes struct {
	Keys                     []map[string]any
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     string            `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

type batchGet struct {
	RequestItems           map[string]keysAndAttributes
	ReturnConsumedCapacity string `json:",omitempty"`
}

func (e *Engine) batchGetItem(body []byte) (any, error) {
	request, err := decode[batchGet](body)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, k := range request.RequestItems {
		total += len(k.Keys)
	}
	if total < 1 || total > maxBatchGets {
		return nil, invalid("Too many items requested for the BatchGetItem call: 1 to %d", maxBatchGets)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	got := make(map[string][]item)
	unprocessed := make(map[string]keysAndAttributes)
	costs := make(map[string]float64)
	room := maxBatchGetBytes
	for _, name := range slices.Sorted(maps.Keys(request.RequestItems)) {
		asked := request.RequestItems[name]
		items, cost, done, err := e.getAll(name, asked, &room)
		if err != nil {
			return nil, err
		}
		got[name], costs[name] = items, cost
		if done < len(asked.Keys) {
			asked.Keys = asked.Keys[done:]
			unprocessed[name] = asked
		}
	}
	response := map[string]any{"Responses": got, "UnprocessedKeys": unprocessed}
	return withCosts(response, costs, request.ReturnConsumedCapacity), nil
}

// getAll reads the keys of one table until the answer is full. It subtracts each item's size from
// room and returns the number of keys processed in done.
func (e *Engine) getAll(name string, asked keysAndAttributes, room *int) (items []item, cost float64, done int, err error) {
	t, err := e.table(name)
	if err != nil {
		return nil, cost, 0, err
	}
	part, err := onlyProjection(asked.ProjectionExpression, asked.ExpressionAttributeNames)
	if err != nil {
		return nil, cost, 0, err
	}
	keys, err := t.parseKeys(asked.Keys)
	if err != nil {
		return nil, cost, 0, err
	}
	items = []item{}
	for i, key := range keys {
		size := 0
		r := t.main.get(key)
		if r != nil {
			size = r.size
		}
		if *room -= size; *room < 0 {
			return items, cost, i, nil
		}
		if r != nil {
			items = append(items, part.of(r.item))
		}
		cost += readUnits(size, asked.ConsistentRead)
	}
	return items, cost, len(keys), nil
}

// parseKeys parses the keys and returns a ValidationException if a key occurs twice.
func (t *table) parseKeys(raw []map[string]any) ([]item, error) {
	keys := make([]item, len(raw))
	seen := make(map[string]bool)
	for i, r := range raw {
		key, err := t.parseKey(r)
		if err != nil {
			return nil, err
		}
		if seen[t.identity(key)] {
			return nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[t.identity(key)] = true
		keys[i] = key
	}
	return keys, nil
}

// batchEntry is one write of a BatchWriteItem. Exactly one field is set.
type batchEntry struct {
	PutRequest    *struct{ Item map[string]any }
	DeleteRequest *struct{ Key map[string]any }
}

type batchWrite struct {
	RequestItems                map[string][]batchEntry
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

func (e *Engine) batchWriteItem(body []byte) (any, error) {
	request, err := decode[batchWrite](body)
	if err != nil {
		return nil, err
	}
	writes, err := request.parse()
	if err != nil {
		return nil, err
	}
	if n := len(writes); n < 1 || n > maxBatchWrites {
		return nil, invalid("Too many items requested for the BatchWriteItem call: 1 to %d", maxBatchWrites)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	items := make(map[string]bool)
	for _, w := range writes {
		if err := w.prepare(e); err != nil {
			return nil, err
		}
		id := w.request.TableName + "\x00" + w.table.identity(w.key)
		if items[id] {
			return nil, invalid("Provided list of item keys contains duplicates")
		}
		items[id] = true
	}
	costs := make(map[string]float64)
	for _, w := range writes {
		costs[w.request.TableName] += w.table.cost(w.old, w.new, 1)
		w.commit(e.now())
	}
	response := map[string]any{"UnprocessedItems": map[string]any{}}
	return withCosts(response, costs, request.ReturnConsumedCapacity), nil
}

func (b batchWrite) parse() ([]*write, error) {
	var writes []*write
	for name, entries := range b.RequestItems {
		for _, entry := range entries {
			kind, request := "Put", writeRequest{TableName: name}
			switch {
			case entry.PutRequest != nil && entry.DeleteRequest == nil:
				request.Item = entry.PutRequest.Item
			case entry.PutRequest == nil && entry.DeleteRequest != nil:
				kind, request.Key = "Delete", entry.DeleteRequest.Key
			default:
				return nil, invalid("Supplied write request must contain exactly one of PutRequest and DeleteRequest")
			}
			w, err := parseWrite(kind, request)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	return writes, nil
}
