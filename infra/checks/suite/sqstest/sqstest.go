// Package sqstest starts an in-memory SQS for tests, and connects clients to any SQS.
package sqstest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/boot"
)

// EndpointVariable is the environment variable that holds the URL of another SQS for the
// conformance tests, such as "http://127.0.0.1:9324".
const EndpointVariable = "CONFORMANCE_SQS_ENDPOINT"

// Start serves a new engine over HTTP until the test ends. It returns the engine, a client for it,
// and its URL.
func Start(t testing.TB, cfg sqsengine.Config) (engine *sqsengine.Engine, client *awssqs.Client, endpoint string) {
	t.Helper()
	engine = sqsengine.New(cfg)
	server := httptest.NewServer(engine)
	t.Cleanup(func() {
		engine.Close()
		server.Close()
	})
	return engine, NewClient(server.URL), server.URL
}

// NewClient returns an SDK client for an SQS endpoint outside AWS. It uses the transport of the
// Lambda functions, signs with dummy credentials and does not retry.
func NewClient(endpoint string) *awssqs.Client {
	return awssqs.New(awssqs.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   &http.Client{Transport: boot.NewTransport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
		Retryer: aws.NopRetryer{},
	})
}
