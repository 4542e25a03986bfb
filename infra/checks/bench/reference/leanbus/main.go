// Command leanbus is a reference: a program that creates a client of EventBridge and links the
// client of DynamoDB, which function notify needs for the items of the table's stream. An event may
// name a call of EventBridge, so that it is linked; the benchmark sends no such event.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	_ "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

func main() {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	lambda.Start(handler{eventbridge.NewFromConfig(aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	})})
}

type handler struct{ bus *eventbridge.Client }

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var err error
	if string(event) == `"put"` {
		_, err = h.bus.PutEvents(ctx, &eventbridge.PutEventsInput{})
	}
	return []byte("{}"), err
}
