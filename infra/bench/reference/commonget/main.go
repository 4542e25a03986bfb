// Command commonget is a reference: the usual Lambda function in Go that reads one item. It makes
// its client from config.LoadDefaultConfig and does one GetItem per invocation.
package main

import (
	"context"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler{dynamodb.NewFromConfig(cfg), os.Getenv("TABLE_NAME")})
}

type handler struct {
	client *dynamodb.Client
	table  string
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	_, err := h.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &h.table,
		Key: map[string]types.AttributeValue{
			"PK": &types.AttributeValueMemberS{Value: os.Getenv("BENCH_PK")},
			"SK": &types.AttributeValueMemberS{Value: os.Getenv("BENCH_SK")},
		},
	})
	return []byte("{}"), err
}
