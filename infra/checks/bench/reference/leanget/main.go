// Command leanget is a reference: the smallest function that reads one item through the SDK. It
// makes its client from the environment and does one GetItem per invocation.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	options := dynamodb.Options{
		Region: os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}
	if url := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); url != "" {
		options.BaseEndpoint = &url
	}
	lambda.Start(handler{dynamodb.New(options), os.Getenv("TABLE_NAME")})
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
