// Command leanthree is a reference: leanget with additional clients of SQS and Secrets Manager,
// which functions export, close and admin need. An event may name one of their calls, so that they
// are linked; the benchmark sends no such event.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
	}
	config := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}
	lambda.Start(handler{dynamodb.NewFromConfig(config), sqs.NewFromConfig(config), secretsmanager.NewFromConfig(config)})
}

type handler struct {
	tables  *dynamodb.Client
	queues  *sqs.Client
	secrets *secretsmanager.Client
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	var err error
	switch string(event) {
	case `"send"`:
		_, err = h.queues.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{})
	case `"hide"`:
		_, err = h.queues.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{})
	case `"secret"`:
		_, err = h.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{})
	case `"get"`:
		_, err = h.tables.GetItem(ctx, &dynamodb.GetItemInput{})
	}
	return []byte("{}"), err
}
