// Command leanget is a reference: a program that creates a client of DynamoDB, and does nothing
// else. An event may name a call, so that it is linked; the benchmark sends no such event.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	lambda.Start(handler{dynamodb.New(dynamodb.Options{
		Region: os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	})})
}

type handler struct{ tables *dynamodb.Client }

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var err error
	if string(event) == `"get"` {
		_, err = h.tables.GetItem(ctx, &dynamodb.GetItemInput{})
	}
	return []byte("{}"), err
}
