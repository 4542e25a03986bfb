package dynamodbengine

import (
	"net/http"
	"slices"
	"time"
)

func (e *Engine) getItem(body []byte) (any, error) {
	request, err := decode[struct {
		TableName                string
		Key                      map[string]any
		ProjectionExpression     string
		ExpressionAttributeNames map[string]string
		ConsistentRead           bool
		ReturnConsumedCapacity   string
	}](body)
	if err != nil {
		return nil, err
	}
	part, err := onlyProjection(request.ProjectionExpression, request.ExpressionAttributeNames)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	t, err := e.table(request.TableName)
	if err != nil {
		return nil, err
	}
	key, err := t.parseKey(request.Key)
	if err != nil {
		return nil, err
	}
	response := make(map[string]any)
	size := 0
	if r := t.main.get(key); r != nil {
		response["Item"] = part.of(r.item)
		size = r.size
	}
	return withCost(response, request.TableName, readUnits(size, request.ConsistentRead), request.ReturnConsumedCapacity), nil
}

// writeRequest is a PutItem, UpdateItem or DeleteItem request, or the same as an action of a
// transaction. Key and Item are mutually exclusive.
type writeRequest struct {
	TableName                           string
	Item                                map[string]any
	Key                                 map[string]any
	UpdateExpression                    string
	ConditionExpression                 string
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           map[string]any
}

// write is a parsed writeRequest. prepare fills in the table and the old and new record.
type write struct {
	request   writeRequest
	kind      string // Put, Update or Delete
	condition condition
	update    update
	item      item // the item to put
	key       item // unset until prepare

	table    *table
	old, new *record
}

func parseWrite(kind string, request writeRequest) (*write, error) {
	ph, err := newPlaceholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	w := &write{request: request, kind: kind}
	if w.condition, err = optionalCondition("ConditionExpression", request.ConditionExpression, ph); err != nil {
		return nil, err
	}
	if request.UpdateExpression != "" {
		if w.update, err = parse("UpdateExpression", request.UpdateExpression, ph, (*parser).update); err != nil {
			return nil, err
		}
	}
	if w.item, err = parseItem(request.Item); err != nil {
		return nil, err
	}
	if err := w.checkParameters(); err != nil {
		return nil, err
	}
	return w, ph.leftOver()
}

func (w *write) checkParameters() error {
	r := w.request
	switch {
	case (w.kind == "Put") != (r.Item != nil) || (w.kind == "Put") == (r.Key != nil):
		return invalid("%s requires the parameter of its operation: Item for a put, Key otherwise", w.kind)
	case w.kind != "Update" && r.UpdateExpression != "":
		return invalid("%s does not accept an UpdateExpression", w.kind)
	case w.kind != "Update" && r.ReturnValues != "" && r.ReturnValues != "NONE" && r.ReturnValues != "ALL_OLD":
		return invalid("ReturnValues can only be ALL_OLD or NONE")
	case !slices.Contains(returnValues, r.ReturnValues):
		return invalid("Unknown ReturnValues: %s", r.ReturnValues)
	}
	return nil
}

// returnValues are the values of ReturnValues that an update accepts; empty is NONE.
var returnValues = []string{"", "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_NEW"}

// prepare looks up the old record and computes the new one without changing anything. The caller
// must hold the lock from this call until commit.
func (w *write) prepare(e *Engine) error {
	var err error
	if w.table, err = e.table(w.request.TableName); err != nil {
		return err
	}
	if w.kind == "Put" {
		if err := w.table.checkItem(w.item); err != nil {
			return err
		}
		w.key = w.table.main.keys.of(w.item)
	} else if w.key, err = w.table.parseKey(w.request.Key); err != nil {
		return err
	}
	w.old = w.table.main.get(w.key)
	if !w.condition.holds(w.before()) {
		return w.conditionFailed()
	}
	switch w.kind {
	case "Put":
		w.new = newRecord(w.item)
	case "Update":
		return w.updateItem()
	}
	return nil
}

func (w *write) before() item {
	if w.old == nil {
		return nil
	}
	return w.old.item
}

func (w *write) conditionFailed() error {
	failed := &apiError{status: http.StatusBadRequest, code: "ConditionalCheckFailedException", message: "The conditional request failed"}
	if w.request.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
		failed.item = w.before()
	}
	return failed
}

func (w *write) updateItem() error {
	for _, a := range w.update.actions {
		if _, isKey := w.key[a.path[0].name]; isKey {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key",
				a.path[0].name)
		}
	}
	before := w.before()
	if before == nil {
		before = w.key
	}
	after, err := w.update.apply(before)
	if err != nil {
		return err
	}
	w.new = newRecord(after)
	return w.table.checkItem(after)
}

func (w *write) commit(now time.Time) { w.table.replace(w.old, w.new, now) }

func (e *Engine) putItem(body []byte) (any, error)    { return e.writeOne("Put", body) }
func (e *Engine) updateItem(body []byte) (any, error) { return e.writeOne("Update", body) }
func (e *Engine) deleteItem(body []byte) (any, error) { return e.writeOne("Delete", body) }

func (e *Engine) writeOne(kind string, body []byte) (any, error) {
	request, err := decode[writeRequest](body)
	if err != nil {
		return nil, err
	}
	w, err := parseWrite(kind, request)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := w.prepare(e); err != nil {
		return nil, err
	}
	cost := w.table.cost(w.old, w.new, 1)
	w.commit(e.now())
	return withCost(w.returned(), request.TableName, cost, request.ReturnConsumedCapacity), nil
}

// returned builds the answer with the attributes requested by ReturnValues.
func (w *write) returned() map[string]any {
	response := make(map[string]any)
	var values item
	switch w.request.ReturnValues {
	case "ALL_OLD":
		values = w.before()
	case "ALL_NEW":
		values = w.new.item
	case "UPDATED_NEW":
		values = make(item)
		for _, a := range w.update.actions {
			if v, ok := w.new.item[a.path[0].name]; ok {
				values[a.path[0].name] = v
			}
		}
	}
	if len(values) > 0 {
		response["Attributes"] = values
	}
	return response
}
