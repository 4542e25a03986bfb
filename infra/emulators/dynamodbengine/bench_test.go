package dynamodbengine_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// BenchmarkTable measures requests through the SDK and HTTP on tables of growing size. The time of
// a request must not grow with the table.
func BenchmarkTable(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		client, table := server.Client(), server.Table(b)
		for i := range size {
			put(b, client, table, item("PK", fmt.Sprint("LOC#", i%100), "SK", fmt.Sprint("CASE#", i), "filler", "xxxxxxxxxxxxxxxxxxx"))
		}
		requests := []struct {
			name string
			do   func() error
		}{
			{"Put", func() error {
				_, err := client.PutItem(b.Context(), &sdk.PutItemInput{TableName: &table, Item: item("PK", "LOC#7", "SK", "CASE#7")})
				return err
			}},
			{"Query", func() error {
				_, err := client.Query(b.Context(), &sdk.QueryInput{TableName: &table,
					KeyConditionExpression:    aws.String("PK = :p AND begins_with(SK, :s)"),
					ExpressionAttributeValues: item(":p", "LOC#7", ":s", "CASE#107")})
				return err
			}},
			{"Transact", func() error {
				_, err := client.TransactWriteItems(b.Context(), &sdk.TransactWriteItemsInput{
					TransactItems: []types.TransactWriteItem{putAction(table, item("PK", "LOC#7", "SK", "CASE#7"), "")}})
				return err
			}},
		}
		for _, r := range requests {
			b.Run(fmt.Sprintf("%s/%d", r.name, size), func(b *testing.B) {
				for b.Loop() {
					if err := r.do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
