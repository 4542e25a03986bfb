package dynamodbengine

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

const arnPrefix = "arn:aws:dynamodb:local:000000000000:table/"

// tableDefinition is the request of CreateTable.
type tableDefinition struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	GlobalSecondaryIndexes    []indexDefinition
	BillingMode               string
	DeletionProtectionEnabled bool
	StreamSpecification       *streamDefinition
}

type attributeDefinition struct {
	AttributeName string
	AttributeType kind
}

type keyElement struct{ AttributeName, KeyType string }

type indexDefinition struct {
	IndexName  string
	KeySchema  []keyElement
	Projection struct{ ProjectionType string }
}

func (e *Engine) createTable(body []byte) (any, error) {
	def, err := decode[tableDefinition](body)
	if err != nil {
		return nil, err
	}
	t, err := newTable(def, e.now())
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, exists := e.tables[def.TableName]; exists {
		return nil, refused("ResourceInUseException", "Table already exists: %s", def.TableName)
	}
	e.tables[def.TableName] = t
	return map[string]any{"TableDescription": t.describe()}, nil
}

func newTable(def tableDefinition, now time.Time) (*table, error) {
	if n := len(def.TableName); n < 3 || n > 255 || strings.Trim(def.TableName, letters) != "" {
		return nil, invalid("TableName must be 3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'")
	}
	if def.BillingMode != "PAY_PER_REQUEST" {
		return nil, invalid("This engine supports only BillingMode PAY_PER_REQUEST")
	}
	keys, err := def.schema(def.KeySchema)
	if err != nil {
		return nil, err
	}
	stream, err := newStream(def.TableName, def.StreamSpecification, now)
	if err != nil {
		return nil, err
	}
	t := &table{
		definition: def, created: now, stream: stream, indexes: make(map[string]*index),
		main: &index{keys: keys, table: keys, partitions: make(map[string][]*record)},
	}
	used := keys.names()
	for _, gsi := range def.GlobalSecondaryIndexes {
		x, err := t.newIndex(gsi)
		if err != nil {
			return nil, err
		}
		t.indexes[gsi.IndexName] = x
		used = append(used, x.keys.names()...)
	}
	for _, a := range def.AttributeDefinitions {
		if !slices.Contains(used, a.AttributeName) {
			return nil, invalid("One or more parameter values were invalid: Some AttributeDefinitions are not used. "+
				"AttributeDefinitions: [%s]", a.AttributeName)
		}
	}
	return t, nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

func (t *table) newIndex(gsi indexDefinition) (*index, error) {
	keys, err := t.definition.schema(gsi.KeySchema)
	if err != nil {
		return nil, err
	}
	x := &index{keys: keys, table: t.main.keys, partitions: make(map[string][]*record)}
	if gsi.Projection.ProjectionType != "ALL" {
		return nil, invalid("This engine does not support ProjectionType %s", gsi.Projection.ProjectionType)
	}
	if len(gsi.IndexName) < 3 || t.indexes[gsi.IndexName] != nil {
		return nil, invalid("One or more parameter values were invalid: Duplicate or too short index name: %s", gsi.IndexName)
	}
	return x, nil
}

// schema resolves key elements against the attribute definitions.
func (d tableDefinition) schema(elements []keyElement) (keySchema, error) {
	var k keySchema
	if len(elements) == 0 || len(elements) > 2 || elements[0].KeyType != "HASH" || len(elements) == 2 && elements[1].KeyType != "RANGE" {
		return k, invalid("Invalid KeySchema: it must contain one HASH key, then at most one RANGE key")
	}
	for i, element := range elements {
		defined := slices.IndexFunc(d.AttributeDefinitions,
			func(a attributeDefinition) bool { return a.AttributeName == element.AttributeName })
		if defined < 0 {
			return k, invalid("One or more parameter values were invalid: Some index key attributes are not defined in "+
				"AttributeDefinitions. Keys: [%s]", element.AttributeName)
		}
		a := d.AttributeDefinitions[defined]
		if a.AttributeType != kindString {
			return k, invalid("This engine does not support keys of type %s", a.AttributeType)
		}
		if i == 0 {
			k.hash = a.AttributeName
		} else {
			k.sort = a.AttributeName
		}
	}
	return k, nil
}

// describe returns the table description of a DescribeTable answer.
func (t *table) describe() any {
	arn := arnPrefix + t.definition.TableName
	description := map[string]any{
		"TableName":                 t.definition.TableName,
		"TableArn":                  arn,
		"TableStatus":               "ACTIVE",
		"AttributeDefinitions":      t.definition.AttributeDefinitions,
		"KeySchema":                 t.definition.KeySchema,
		"CreationDateTime":          t.created.Unix(),
		"ItemCount":                 t.count,
		"TableSizeBytes":            t.size,
		"DeletionProtectionEnabled": t.definition.DeletionProtectionEnabled,
		"BillingModeSummary":        map[string]string{"BillingMode": t.definition.BillingMode},
		"ProvisionedThroughput":     map[string]int{"ReadCapacityUnits": 0, "WriteCapacityUnits": 0, "NumberOfDecreasesToday": 0},
	}
	if t.stream != nil {
		description["StreamSpecification"] = t.definition.StreamSpecification
		description["LatestStreamArn"], description["LatestStreamLabel"] = t.stream.arn, t.stream.label
	}
	var indexes []any
	for _, gsi := range t.definition.GlobalSecondaryIndexes {
		indexes = append(indexes, map[string]any{
			"IndexName": gsi.IndexName, "IndexArn": arn + "/index/" + gsi.IndexName, "IndexStatus": "ACTIVE",
			"KeySchema": gsi.KeySchema, "Projection": gsi.Projection,
		})
	}
	if indexes != nil {
		description["GlobalSecondaryIndexes"] = indexes
	}
	return description
}

// withTable decodes a request that only names a table, and passes the table to do. The caller must
// hold e.mu.
func (e *Engine) withTable(body []byte, do func(*table) (any, error)) (any, error) {
	request, err := decode[struct{ TableName string }](body)
	if err != nil {
		return nil, err
	}
	t, err := e.table(request.TableName)
	if err != nil {
		return nil, err
	}
	return do(t)
}

func (e *Engine) describeTable(body []byte) (any, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.withTable(body, func(t *table) (any, error) { return map[string]any{"Table": t.describe()}, nil })
}

func (e *Engine) deleteTable(body []byte) (any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.withTable(body, func(t *table) (any, error) {
		if t.definition.DeletionProtectionEnabled {
			return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection " +
				"first.")
		}
		delete(e.tables, t.definition.TableName)
		return map[string]any{"TableDescription": t.describe()}, nil
	})
}

func (e *Engine) listTables(body []byte) (any, error) {
	request, err := decode[struct {
		ExclusiveStartTableName string
		Limit                   int
	}](body)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	names := slices.Sorted(maps.Keys(e.tables))
	e.mu.RUnlock()
	first, found := slices.BinarySearch(names, request.ExclusiveStartTableName)
	if found {
		first++
	}
	names = names[first:]
	response := make(map[string]any)
	if limit := cmp.Or(request.Limit, 100); len(names) > limit {
		names = names[:limit]
		response["LastEvaluatedTableName"] = names[limit-1]
	}
	response["TableNames"] = append([]string{}, names...)
	return response, nil
}

type timeToLive struct {
	AttributeName string
	Enabled       bool
}

// updateTimeToLive stores the attribute name. Nothing expires: DynamoDB itself may take days, so
// the product must not rely on expiry.
func (e *Engine) updateTimeToLive(body []byte) (any, error) {
	request, err := decode[struct {
		TableName               string
		TimeToLiveSpecification timeToLive
	}](body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.table(request.TableName)
	if err != nil {
		return nil, err
	}
	switch spec := request.TimeToLiveSpecification; {
	case spec.AttributeName == "":
		return nil, invalid("TimeToLiveSpecification.AttributeName is required")
	case spec.Enabled == (t.ttl != ""):
		return nil, invalid("TimeToLive is already %s", map[bool]string{true: "enabled", false: "disabled"}[spec.Enabled])
	case spec.Enabled:
		t.ttl = spec.AttributeName
	default:
		t.ttl = ""
	}
	return map[string]any{"TimeToLiveSpecification": request.TimeToLiveSpecification}, nil
}

func (e *Engine) describeTimeToLive(body []byte) (any, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.withTable(body, func(t *table) (any, error) {
		description := map[string]string{"TimeToLiveStatus": "DISABLED"}
		if t.ttl != "" {
			description = map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": t.ttl}
		}
		return map[string]any{"TimeToLiveDescription": description}, nil
	})
}
