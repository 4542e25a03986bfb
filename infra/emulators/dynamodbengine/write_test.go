package dynamodbengine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/infra/emulators/dynamodbengine"
)

// fatal holds the methods common to testing.T and rapid.T.
type fatal interface {
	Context() context.Context
	Fatalf(format string, args ...any)
}

func putAction(table string, it map[string]types.AttributeValue, condition string) types.TransactWriteItem {
	put := &types.Put{TableName: &table, Item: it}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}

func deleteAction(table, sk string) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{TableName: &table, Key: item("PK", "p", "SK", sk)}}
}

func TestTransactions(t *testing.T) {
	const exists, missing = "attribute_exists(PK)", "attribute_not_exists(PK)"
	hundred := func(table string, n int) (actions []types.TransactWriteItem) {
		for i := range n {
			actions = append(actions, putAction(table, item("PK", "p", "SK", fmt.Sprint("many-", i)), ""))
		}
		return actions
	}
	tests := []struct {
		name    string
		actions func(table string) []types.TransactWriteItem
		code    string
		reasons string
		after   string // sort keys stored afterwards
	}{
		{"all hold", func(table string) []types.TransactWriteItem {
			return []types.TransactWriteItem{putAction(table, item("PK", "p", "SK", "old"), exists),
				putAction(table, item("PK", "p", "SK", "new"), missing)}
		}, "", "", "new old"},
		{"put and delete", func(table string) []types.TransactWriteItem {
			return []types.TransactWriteItem{putAction(table, item("PK", "p", "SK", "new"), ""), deleteAction(table, "old")}
		}, "", "", "new"},
		{"the last fails", func(table string) []types.TransactWriteItem {
			return []types.TransactWriteItem{putAction(table, item("PK", "p", "SK", "new"), ""),
				putAction(table, item("PK", "p", "SK", "gone"), exists)}
		}, "TransactionCanceledException", "None ConditionalCheckFailed", "old"},
		{"two fail", func(table string) []types.TransactWriteItem {
			return []types.TransactWriteItem{putAction(table, item("PK", "p", "SK", "old"), missing),
				putAction(table, item("PK", "p", "SK", "new"), exists)}
		}, "TransactionCanceledException", "ConditionalCheckFailed ConditionalCheckFailed", "old"},
		{"one item twice", func(table string) []types.TransactWriteItem {
			return []types.TransactWriteItem{putAction(table, item("PK", "p", "SK", "old"), exists), deleteAction(table, "old")}
		}, "ValidationException", "", "old"},
		{"101 actions", func(table string) []types.TransactWriteItem { return hundred(table, 101) }, "ValidationException", "", "old"},
		{"more than 4 MB", func(table string) []types.TransactWriteItem {
			actions := hundred(table, 11)
			for _, a := range actions {
				a.Put.Item["filler"] = &types.AttributeValueMemberS{Value: strings.Repeat("x", 390<<10)}
			}
			return actions
		}, "ValidationException", "", "old"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, table := server.Client(), server.Table(t)
			put(t, client, table, item("PK", "p", "SK", "old"))
			_, err := client.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: tt.actions(table)})
			if code(err) != tt.code {
				t.Fatalf("got %v, want %q", err, tt.code)
			}
			var cancelled *types.TransactionCanceledException
			if errors.As(err, &cancelled) {
				var reasons []string
				for _, r := range cancelled.CancellationReasons {
					reasons = append(reasons, *r.Code)
				}
				if got := strings.Join(reasons, " "); got != tt.reasons {
					t.Errorf("reasons %s, want %s", got, tt.reasons)
				}
			}
			found, _ := readAll(t, client, sdk.QueryInput{TableName: &table, KeyConditionExpression: aws.String("PK = :p"),
				ExpressionAttributeValues: item(":p", "p")})
			if got := strings.Join(found, " "); got != tt.after {
				t.Errorf("stored %q, want %q", got, tt.after)
			}
		})
	}
}

func TestTransactionIsDoneOncePerToken(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	request := func(sk string) *sdk.TransactWriteItemsInput {
		return &sdk.TransactWriteItemsInput{ClientRequestToken: &table, TransactItems: []types.TransactWriteItem{
			putAction(table, item("PK", "p", "SK", sk), "attribute_not_exists(PK)"),
		}}
	}
	for i, tt := range []struct{ sk, code string }{{"a", ""}, {"a", ""}, {"b", "IdempotentParameterMismatchException"}} {
		if _, err := client.TransactWriteItems(t.Context(), request(tt.sk)); code(err) != tt.code {
			t.Errorf("call %d: %v, want %q", i, err, tt.code)
		}
	}
}

func TestBatchLimits(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	keys := func(n int) (keys []map[string]types.AttributeValue) {
		for i := range n {
			keys = append(keys, item("PK", "p", "SK", fmt.Sprint(i)))
		}
		return keys
	}
	read := func(keys []map[string]types.AttributeValue) error {
		_, err := client.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys}}})
		return err
	}
	write := func(keys []map[string]types.AttributeValue) error {
		var requests []types.WriteRequest
		for _, k := range keys {
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: k}})
		}
		_, err := client.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{table: requests}})
		return err
	}
	tests := []struct {
		name string
		err  error
		code string
	}{
		{"25 writes", write(keys(25)), ""},
		{"26 writes", write(keys(26)), "ValidationException"},
		{"one write twice", write(append(keys(2), keys(1)...)), "ValidationException"},
		{"100 reads", read(keys(100)), ""},
		{"101 reads", read(keys(101)), "ValidationException"},
		{"one read twice", read(append(keys(2), keys(1)...)), "ValidationException"},
		{"no reads", read([]map[string]types.AttributeValue{}), "ValidationException"},
	}
	for _, tt := range tests {
		if code(tt.err) != tt.code {
			t.Errorf("%s: %v, want %q", tt.name, tt.err, tt.code)
		}
	}
}

func TestItemsRefused(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	itemWith := func(name string, v types.AttributeValue) map[string]types.AttributeValue {
		it := item("PK", "p", "SK", "s")
		it[name] = v
		return it
	}
	deep := types.AttributeValue(&types.AttributeValueMemberS{Value: "x"})
	for range 40 {
		deep = &types.AttributeValueMemberL{Value: []types.AttributeValue{deep}}
	}
	tests := []struct {
		name string
		item map[string]types.AttributeValue
	}{
		{"no sort key", item("PK", "p")},
		{"empty key", item("PK", "", "SK", "s")},
		{"key of another type", item("PK", "=1", "SK", "s")},
		{"index key of another type", item("PK", "p", "SK", "s", "GSI1PK", "=1")},
		{"empty index key", item("PK", "p", "SK", "s", "GSI1PK", "", "GSI1SK", "x")},
		{"hash key too long", item("PK", strings.Repeat("p", 2049), "SK", "s")},
		{"sort key too long", item("PK", "p", "SK", strings.Repeat("s", 1025))},
		{"larger than 400 KB", item("PK", "p", "SK", "s", "x", strings.Repeat("x", 400<<10))},
		{"nested too deep", itemWith("x", deep)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table,
				Item: tt.item}); code(err) != "ValidationException" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestValuesReadBackAsWritten(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	want := item("PK", "p", "SK", "s", "odd text", "\"\\\x00\n\u2028é€😀</script>", "empty", "")
	want["binary"] = &types.AttributeValueMemberB{Value: []byte{0, 255, 10}}
	want["null"] = &types.AttributeValueMemberNULL{Value: true}
	want["no"] = &types.AttributeValueMemberBOOL{}
	want["nested"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: item("a", "=1")},
		&types.AttributeValueMemberL{Value: []types.AttributeValue{}}}}
	put(t, client, table, want)
	got := get(t, client, table, "p", "s")
	for name, v := range want {
		if g, w := fmt.Sprintf("%#v", untypedAll(got[name])), fmt.Sprintf("%#v", untypedAll(v)); g != w {
			t.Errorf("%s: got %s, want %s", name, g, w)
		}
	}
}

// untypedAll extends untyped to the types that it does not convert.
func untypedAll(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return v.Value
	}
	return untyped(v)
}

// Concurrent clients increment a counter with conditional updates. No increment is lost.
func TestConditionalWritesFromManyClients(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	put(t, client, table, item("PK", "p", "SK", "s", "n", "=0"))
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				n := text(get(t, client, table, "p", "s"), "n")
				_, err := client.UpdateItem(t.Context(), &sdk.UpdateItemInput{
					TableName: &table, Key: item("PK", "p", "SK", "s"), UpdateExpression: aws.String("SET n = n + :one"),
					ConditionExpression: aws.String("n = :seen"), ExpressionAttributeValues: item(":one", "=1", ":seen", "="+n),
				})
				switch code(err) {
				case "":
					done++
				case "ConditionalCheckFailedException":
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := text(get(t, client, table, "p", "s"), "n"); got != fmt.Sprint(writers*each) {
		t.Errorf("counted %s, want %d", got, writers*each)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name    string
		fault   *dynamodbengine.Fault
		code    string // error code returned after all retries
		written bool
	}{
		{"throttled", dynamodbengine.Throttled(), "ProvisionedThroughputExceededException", false},
		{"broken", dynamodbengine.Broken(), "InternalServerError", false},
		{"outage", dynamodbengine.Outage(), "EOF", false},
		{"answer lost", dynamodbengine.AnswerLost(), "EOF", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, table := server.Client(), server.Table(t)
			server.Faults(t, func(op string, _ []byte) *dynamodbengine.Fault {
				if op == "PutItem" {
					return tt.fault
				}
				return nil
			})
			_, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: item("PK", "p", "SK", "s")})
			if !strings.Contains(code(err), tt.code) || err == nil {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if written := get(t, client, table, "p", "s") != nil; written != tt.written {
				t.Errorf("written is %v", written)
			}
		})
	}
}

func TestFaultLeavesPartOfBatchUndone(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	var keys []map[string]types.AttributeValue
	for i := range 5 {
		keys = append(keys, item("PK", "p", "SK", fmt.Sprint(i)))
		put(t, client, table, keys[i])
	}
	server.Faults(t, func(string, []byte) *dynamodbengine.Fault { return dynamodbengine.Unprocessed(2) })
	read, err := client.BatchGetItem(t.Context(), &sdk.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{table: {Keys: keys}}})
	if err != nil || len(read.Responses[table]) != 3 || len(read.UnprocessedKeys[table].Keys) != 2 {
		t.Errorf("read %+v, %v", read, err)
	}
}
