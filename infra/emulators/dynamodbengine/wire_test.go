package dynamodbengine_test

import (
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"related-ro/infra/emulators/dynamodbengine"
)

// send posts a request body to an engine and returns the answer.
func send(engine *dynamodbengine.Engine, operation, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	response := httptest.NewRecorder()
	engine.ServeHTTP(response, request)
	return response
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, operation, body string
		status                int
		code                  string
	}{
		{"a result", "ListTables", `{}`, 200, ""},
		{"an error", "DescribeTable", `{"TableName":"gone"}`, 400, "ResourceNotFoundException"},
		{"an unsupported operation", "ExecuteStatement", `{}`, 400, "UnknownOperationException"},
		{"no JSON", "GetItem", `{`, 400, "SerializationException"},
		{"a set", "PutItem", `{"TableName":"gone","Item":{"PK":{"SS":["a"]}}}`, 400, "SerializationException"},
		{"a key that is a number", "CreateTable", `{"TableName":"table","BillingMode":"PAY_PER_REQUEST",` +
			`"KeySchema":[{"AttributeName":"PK",` +
			`"KeyType":"HASH"}],` +
			`"AttributeDefinitions":[{"AttributeName":"PK","AttributeType":"N"}]}`, 400, "ValidationException"},
		{"an unknown parameter", "GetItem", `{"TableName":"gone","AttributesToGet":["a"]}`, 400, "SerializationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			response := send(dynamodbengine.New(), tt.operation, tt.body)
			var e struct {
				Type string `json:"__type"`
			}
			if err := json.Unmarshal(response.Body.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			if response.Code != tt.status || !strings.HasSuffix(e.Type, tt.code) {
				t.Errorf("status %d, type %q", response.Code, e.Type)
			}
			want := strconv.FormatUint(uint64(crc32.ChecksumIEEE(response.Body.Bytes())), 10)
			if got := response.Header().Get("X-Amz-Crc32"); got != want {
				t.Errorf("checksum %q, want %q", got, want)
			}
		})
	}
}

// withTable returns an engine with a table named table, whose key is PK.
func withTable() *dynamodbengine.Engine {
	engine := dynamodbengine.New()
	send(engine, "CreateTable", `{"TableName":"table","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"PK",`+
		`"KeyType":"HASH"}],`+
		`"AttributeDefinitions":[{"AttributeName":"PK","AttributeType":"S"}]}`)
	return engine
}
func TestMessageOfACancelledTransactionNamesTheReasons(t *testing.T) {
	engine := withTable()
	got := send(engine, "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"table","Item":{"PK":{"S":"a"}}}},`+
		`{"Put":{"TableName":"table",`+
		`"Item":{"PK":{"S":"b"}},"ConditionExpression":"attribute_exists(PK)"}}]}`).Body.String()
	if want := "for specific reasons [None, ConditionalCheckFailed]"; !strings.Contains(got, want) {
		t.Errorf("answered %s, want %s", got, want)
	}
}

func TestOtherProtocolsAreTurnedAway(t *testing.T) {
	response := httptest.NewRecorder()
	dynamodbengine.New().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", nil))
	if response.Code != http.StatusBadRequest {
		t.Errorf("status %d", response.Code)
	}
}

func TestTransactionDoublesTheUnitsOfTheTableOnly(t *testing.T) {
	engine := dynamodbengine.New()
	send(engine, "CreateTable", `{"TableName":"table","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"PK",`+
		`"KeyType":"HASH"}],`+
		`"AttributeDefinitions":[{"AttributeName":"PK","AttributeType":"S"},{"AttributeName":"G","AttributeType":"S"}],`+
		`"GlobalSecondaryIndexes":[{"IndexName":"index","KeySchema":[{"AttributeName":"G","KeyType":"HASH"}],`+
		`"Projection":{"ProjectionType":"ALL"}}]}`)
	got := send(engine, "TransactWriteItems", `{"ReturnConsumedCapacity":"TOTAL","TransactItems":[{"Put":{"TableName":"table",`+
		`"Item":{"PK":{"S":"a"},"G":{"S":"g"}}}}]}`).Body.String()
	if want := `{"ConsumedCapacity":[{"CapacityUnits":3,"TableName":"table"}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
