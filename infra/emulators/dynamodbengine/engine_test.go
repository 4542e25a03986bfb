package dynamodbengine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"related-ro/infra/checks/suite/dynamodbtest"
)

var server *dynamodbtest.Server

func TestMain(m *testing.M) {
	server = dynamodbtest.Start()
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// item builds an item from pairs of name and string value. A value that starts with '=' is a
// number.
func item(pairs ...string) map[string]types.AttributeValue {
	it := make(map[string]types.AttributeValue)
	for i := 0; i < len(pairs); i += 2 {
		if n, ok := strings.CutPrefix(pairs[i+1], "="); ok {
			it[pairs[i]] = &types.AttributeValueMemberN{Value: n}
		} else {
			it[pairs[i]] = &types.AttributeValueMemberS{Value: pairs[i+1]}
		}
	}
	return it
}

// text returns a scalar attribute of an item as text, or its Go type for other types.
func text(it map[string]types.AttributeValue, name string) string {
	switch v := it[name].(type) {
	case nil:
		return ""
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	default:
		return fmt.Sprintf("%T", v)
	}
}

func put(t testing.TB, client *sdk.Client, table string, it map[string]types.AttributeValue) {
	t.Helper()
	if _, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: it}); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, client *sdk.Client, table, pk, sk string) map[string]types.AttributeValue {
	t.Helper()
	out, err := client.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: item("PK", pk, "SK", sk),
		ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

// code returns the error code of an API error, or "" if err is nil.
func code(err error) string {
	var e smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.ErrorCode()
	}
	return err.Error()
}

func TestConditions(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	stored := item("PK", "p", "SK", "s", "word", "hello", "count", "=5")
	stored["seq"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "x"},
		&types.AttributeValueMemberN{Value: "2"}}}
	stored["tree"] = &types.AttributeValueMemberM{Value: item("leaf", "green")}
	stored["yes"] = &types.AttributeValueMemberBOOL{Value: true}
	put(t, client, table, stored)
	values := item(":hello", "hello", ":a", "a", ":he", "he", ":five", "=5.0", ":six", "=6", ":ten", "=10", ":green", "green", ":x", "x")
	values[":list"] = stored["seq"]
	values[":shorter"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "x"}}}
	values[":yes"] = stored["yes"]
	tests := []struct {
		condition string
		want      bool
	}{
		{"word = :hello", true},
		{"word <> :hello", false},
		{"word = :five", false},
		{"gone = :hello", false},
		{"gone <> :hello", true},
		{"gone < :hello", false},
		{"word > :a AND word >= :hello AND word <= :hello", true},
		{"#count = :five", true},
		{"#count < :ten", true}, // as numbers, not as text
		{"#count BETWEEN :five AND :six", true},
		{"seq = :list", true},
		{"seq = :shorter", false},
		{"yes = :yes", true},
		{"tree.leaf = :green", true},
		{"tree.gone = :green", false},
		{"seq[0] = :x", true},
		{"seq[7] = :x", false},
		{"attribute_exists(tree.leaf)", true},
		{"attribute_exists(tree.gone)", false},
		{"attribute_not_exists(gone)", true},
		{"begins_with(word, :he)", true},
		{"begins_with(word, :a)", false},
		{"contains(word, :he)", true},
		{"contains(seq, :x)", true},
		{"contains(seq, :a)", false},
		{"word = :a OR word = :hello AND #count = :six", false},
		{"word = :hello OR word = :a AND #count = :six", true},
		{"(word = :hello OR word = :a) AND #count = :six", false},
		{"NOT word = :a AND NOT (#count = :six)", true},
		{"not attribute_exists(gone) and word = :hello", true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			in := &sdk.PutItemInput{TableName: &table, Item: stored, ConditionExpression: &tt.condition}
			in.ExpressionAttributeNames, in.ExpressionAttributeValues = usedIn(tt.condition, map[string]string{"#count": "count"}, values)
			_, err := client.PutItem(t.Context(), in)
			want := map[bool]string{false: "ConditionalCheckFailedException"}[tt.want]
			if code(err) != want {
				t.Errorf("got %q (%v), want %q", code(err), err, want)
			}
		})
	}
}

// usedIn selects the placeholders that an expression uses, because DynamoDB rejects unused ones.
func usedIn(
	expression string, names map[string]string, values map[string]types.AttributeValue,
) (map[string]string, map[string]types.AttributeValue) {
	words := strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune(" (),.[]=<>+-", r) })
	var usedNames map[string]string
	var usedValues map[string]types.AttributeValue
	for _, w := range words {
		if name, ok := names[w]; ok {
			if usedNames == nil {
				usedNames = make(map[string]string)
			}
			usedNames[w] = name
		}
		if v, ok := values[w]; ok {
			if usedValues == nil {
				usedValues = make(map[string]types.AttributeValue)
			}
			usedValues[w] = v
		}
	}
	return usedNames, usedValues
}

func TestUpdates(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	values := item(":one", "=1", ":half", "=0.5", ":new", "new")
	tests := []struct {
		update string
		want   string // attributes after the update, as JSON
		code   string
	}{
		{"SET word = :new", `{"n":"5","seq":["x"],"tree":{"leaf":"green"},"word":"new"}`, ""},
		{"SET n = n + :one, m = n + :half", `{"m":"5.5","n":"6","seq":["x"],"tree":{"leaf":"green"},"word":"w"}`, ""},
		{"SET gone = if_not_exists(gone, :new), word = if_not_exists(word, :new)",
			`{"gone":"new","n":"5","seq":["x"],"tree":{"leaf":"green"},"word":"w"}`, ""},
		{"SET tree.leaf = :new, seq[0] = :new", `{"n":"5","seq":["new"],"tree":{"leaf":"new"},"word":"w"}`, ""},
		{"REMOVE word, tree.leaf, seq[0], gone", `{"n":"5","seq":[],"tree":{}}`, ""},
		{"ADD n :one, visits :one", `{"n":"6","seq":["x"],"tree":{"leaf":"green"},"visits":"1","word":"w"}`, ""},
		{"SET word = :new REMOVE n", `{"seq":["x"],"tree":{"leaf":"green"},"word":"new"}`, ""},
		{"SET word = gone", "", "ValidationException"},
		{"SET word = word + :one", "", "ValidationException"},
		{"SET gone.leaf = :new", "", "ValidationException"},
		{"SET tree = :new, tree.leaf = :new", "", "ValidationException"},
		{"SET SK = :new", "", "ValidationException"},
		{"SET word = :new SET n = :one", "", "ValidationException"},
		{"ADD word :one", "", "ValidationException"},
	}
	for i, tt := range tests {
		t.Run(tt.update, func(t *testing.T) {
			key := item("PK", "p", "SK", strconv.Itoa(i))
			it := item("PK", "p", "SK", strconv.Itoa(i), "word", "w", "n", "=5")
			it["seq"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "x"}}}
			it["tree"] = &types.AttributeValueMemberM{Value: item("leaf", "green")}
			put(t, client, table, it)
			in := &sdk.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: &tt.update, ReturnValues: types.ReturnValueAllNew}
			_, in.ExpressionAttributeValues = usedIn(tt.update, nil, values)
			out, err := client.UpdateItem(t.Context(), in)
			if code(err) != tt.code {
				t.Fatalf("got %v, want %q", err, tt.code)
			}
			if err == nil && plain(out.Attributes) != tt.want {
				t.Errorf("got  %s\nwant %s", plain(out.Attributes), tt.want)
			}
		})
	}
}

func TestARefusedUpdateChangesNothing(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	_, err := client.UpdateItem(t.Context(), &sdk.UpdateItemInput{TableName: &table, Key: item("PK", "p", "SK", "s"),
		ReturnValues: "SOME_NEW"})
	if code(err) != "ValidationException" {
		t.Errorf("got %v, want ValidationException", err)
	}
	found, err := client.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: item("PK", "p", "SK", "s")})
	if err != nil || len(found.Item) > 0 {
		t.Errorf("the table holds %v, %v", found.Item, err)
	}
}

// plain encodes an item as JSON without its key and without types.
func plain(it map[string]types.AttributeValue) string {
	delete(it, "PK")
	delete(it, "SK")
	b, err := json.Marshal(untyped(&types.AttributeValueMemberM{Value: it}))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func untyped(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		m := make(map[string]any)
		for name, member := range v.Value {
			m[name] = untyped(member)
		}
		return m
	case *types.AttributeValueMemberL:
		l := []any{}
		for _, member := range v.Value {
			l = append(l, untyped(member))
		}
		return l
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return fmt.Sprintf("%T", v)
}

func TestUpdateMakesItemThatIsNotThere(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	_, err := client.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table, Key: item("PK", "p", "SK", "s"), UpdateExpression: aws.String("ADD visits :one"),
		ExpressionAttributeValues: item(":one", "=1"),
	})
	if got := text(get(t, client, table, "p", "s"), "visits"); err != nil || got != "1" {
		t.Errorf("visits %q, %v", got, err)
	}
}

func TestReturnsOldItemOfFailedCondition(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	put(t, client, table, item("PK", "p", "SK", "s", "word", "old"))
	_, err := client.PutItem(t.Context(), &sdk.PutItemInput{
		TableName: &table, Item: item("PK", "p", "SK", "s"), ConditionExpression: aws.String("attribute_not_exists(PK)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || text(failed.Item, "word") != "old" {
		t.Errorf("got %v", err)
	}
}

func TestNumbers(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	tests := []struct{ given, stored string }{
		{"1", "1"}, {"1.0", "1"}, {"-0", "0"}, {"+5", "5"}, {"007", "7"}, {"0.50", "0.5"}, {"1e3", "1000"}, {"12E-1", "1.2"},
		{"-1.5e-3", "-0.0015"},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
		{"123456789012345678901234567890123456789", ""}, {"1e126", ""}, {"1e-131", ""}, {"1e99999999999", ""},
		{"", ""}, {"-", ""}, {"--1", ""}, {"1.2.3", ""}, {"0x1", ""}, {"NaN", ""}, {"Infinity", ""}, {"1 ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.given, func(t *testing.T) {
			_, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: item("PK", "p", "SK", "s", "n", "="+tt.given)})
			if want := map[bool]string{true: "ValidationException"}[tt.stored == ""]; code(err) != want {
				t.Fatalf("got %v, want %q", err, want)
			}
			if tt.stored == "" {
				return
			}
			if got := text(get(t, client, table, "p", "s"), "n"); got != tt.stored {
				t.Errorf("stored %s, want %s", got, tt.stored)
			}
		})
	}
}

func TestTables(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	ctx := context.Background()
	described, err := client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &table})
	if err != nil || described.Table.TableStatus != types.TableStatusActive || len(described.Table.GlobalSecondaryIndexes) != 1 {
		t.Errorf("describe: %+v, %v", described, err)
	}
	if _, err := client.CreateTable(ctx, dynamodbtest.Definition(table)); code(err) != "ResourceInUseException" {
		t.Errorf("create again: %v", err)
	}
	listed, err := client.ListTables(ctx, &sdk.ListTablesInput{})
	if err != nil || !strings.Contains(strings.Join(listed.TableNames, " "), table) {
		t.Errorf("list: %+v, %v", listed, err)
	}
	server.Table(t)
	if first, err := client.ListTables(ctx, &sdk.ListTablesInput{Limit: aws.Int32(1)}); err != nil || len(first.TableNames) != 1 ||
		first.LastEvaluatedTableName == nil {
		t.Errorf("first page: %+v, %v", first, err)
	}
	if _, err := client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: aws.String("other")}); code(
		err) != "ResourceNotFoundException" {
		t.Errorf("describe another: %v", err)
	}
	spec := &types.TimeToLiveSpecification{AttributeName: aws.String("expiresAt"), Enabled: aws.Bool(true)}
	if _, err := client.UpdateTimeToLive(ctx, &sdk.UpdateTimeToLiveInput{TableName: &table, TimeToLiveSpecification: spec}); err != nil {
		t.Error(err)
	}
	ttl, err := client.DescribeTimeToLive(ctx, &sdk.DescribeTimeToLiveInput{TableName: &table})
	if err != nil || ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled ||
		*ttl.TimeToLiveDescription.AttributeName != "expiresAt" {
		t.Errorf("time to live: %+v, %v", ttl, err)
	}
}
