package dynamodbengine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// streamARN returns the ARN of a table's stream.
func streamARN(t *testing.T, table string) *string {
	t.Helper()
	described, err := server.Client().DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &table})
	if err != nil || described.Table.LatestStreamArn == nil {
		t.Fatalf("the table has no stream: %v", err)
	}
	return described.Table.LatestStreamArn
}

// shard returns the first shard of a stream.
func shard(t *testing.T, arn *string) *string {
	t.Helper()
	described, err := server.Streams().DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	if err != nil || len(described.StreamDescription.Shards) == 0 {
		t.Fatalf("no shard: %v", err)
	}
	return described.StreamDescription.Shards[0].ShardId
}

// records returns the records after a position and the iterator for the next ones.
func records(t *testing.T, input dynamodbstreams.GetShardIteratorInput) ([]streamtypes.Record, *string) {
	t.Helper()
	iterator, err := server.Streams().GetShardIterator(t.Context(), &input)
	if err != nil {
		t.Fatal(err)
	}
	output, err := server.Streams().GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: iterator.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	return output.Records, output.NextShardIterator
}

// changeOf formats a record: event name, sort key, and attribute v before and after.
func changeOf(r streamtypes.Record) string {
	v := func(image map[string]streamtypes.AttributeValue) string {
		s, ok := image["v"].(*streamtypes.AttributeValueMemberS)
		if !ok {
			return "-"
		}
		return s.Value
	}
	sk, _ := r.Dynamodb.Keys["SK"].(*streamtypes.AttributeValueMemberS)
	return fmt.Sprintf("%s %s %s>%s", r.EventName, sk.Value, v(r.Dynamodb.OldImage), v(r.Dynamodb.NewImage))
}

func TestStreamKeepsEveryChangeInItsOrderAndNothingElse(t *testing.T) {
	client, table := server.Client(), server.StreamTable(t)
	put(t, client, table, item("PK", "a", "SK", "1", "v", "x"))
	put(t, client, table, item("PK", "a", "SK", "1", "v", "x")) // changes nothing
	put(t, client, table, item("PK", "a", "SK", "1", "v", "y"))
	_, err := client.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table, Key: item("PK", "a", "SK", "1"), UpdateExpression: aws.String("SET v = :v"),
		ExpressionAttributeValues: item(":v", "y"), // changes nothing
	})
	if err == nil {
		_, err = client.TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: &table, Item: item("PK", "a", "SK", "2", "v", "z")}},
			{Put: &types.Put{TableName: &table, Item: item("PK", "a", "SK", "1", "v", "y"),
				ConditionExpression: aws.String("attribute_exists(PK)")}}, // changes nothing
		}})
	}
	if err == nil {
		_, err = client.PutItem(t.Context(), &sdk.PutItemInput{
			TableName: &table, Item: item("PK", "a", "SK", "1", "v", "never"), ConditionExpression: aws.String("attribute_not_exists(PK)"),
		})
		if code(err) != "ConditionalCheckFailedException" {
			t.Errorf("the condition holds: %v", err)
		}
		_, err = client.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: item("PK", "a", "SK", "1")})
	}
	if err == nil {
		_, err = client.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table, Key: item("PK", "a", "SK", "nowhere")})
	}
	if err != nil {
		t.Fatal(err)
	}
	arn := streamARN(t, table)
	got, _ := records(t, dynamodbstreams.GetShardIteratorInput{
		StreamArn: arn, ShardId: shard(t, arn), ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
	})
	var all []string
	for i, r := range got {
		all = append(all, changeOf(r))
		if i > 0 && *got[i-1].Dynamodb.SequenceNumber >= *r.Dynamodb.SequenceNumber || *r.EventID == "" ||
			r.Dynamodb.ApproximateCreationDateTime == nil {
			t.Errorf("record %d is numbered %s after %s", i, *r.Dynamodb.SequenceNumber, *got[max(0, i-1)].Dynamodb.SequenceNumber)
		}
	}
	if want := []string{"INSERT 1 ->x", "MODIFY 1 x>y", "INSERT 2 ->z", "REMOVE 1 y>-"}; !slices.Equal(all, want) {
		t.Errorf("the stream has %q, want %q", all, want)
	}
}

func TestStreamIsReadFromAnyPosition(t *testing.T) {
	client, table := server.Client(), server.StreamTable(t)
	for i := range 4 {
		put(t, client, table, item("PK", "a", "SK", fmt.Sprint(i)))
	}
	arn := streamARN(t, table)
	beginning := dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: shard(t, arn),
		ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon}
	all, next := records(t, beginning)
	if len(all) != 4 {
		t.Fatalf("%d records", len(all))
	}
	latest := beginning
	latest.ShardIteratorType = streamtypes.ShardIteratorTypeLatest
	if got, _ := records(t, latest); len(got) != 0 {
		t.Errorf("got %d records after LATEST, want none", len(got))
	}
	behind := beginning
	behind.ShardIteratorType, behind.SequenceNumber = streamtypes.ShardIteratorTypeAfterSequenceNumber, all[1].Dynamodb.SequenceNumber
	if got, _ := records(t, behind); len(got) != 2 {
		t.Errorf("got %d records after the second, want 2", len(got))
	}
	put(t, client, table, item("PK", "a", "SK", "new"))
	output, err := server.Streams().GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: next, Limit: aws.Int32(1)})
	if err != nil || len(output.Records) != 1 || !strings.Contains(changeOf(output.Records[0]), "new") {
		t.Errorf("the next iterator: %d records, %v", len(output.Records), err)
	}
}

func TestStreamIsRefusedWhereThereIsNone(t *testing.T) {
	_, err := server.Streams().DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{
		StreamArn: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/nothing/stream/2026-11-25T00:00:00.000"),
	})
	if code(err) != "ResourceNotFoundException" {
		t.Errorf("%v", err)
	}
}
