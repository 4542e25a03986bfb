package boot

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWS returns the client configuration for one service, such as "DYNAMODB", from the variables that
// Lambda sets. It replaces config.LoadDefaultConfig, which links SSO, instance metadata and an ini
// parser that a Lambda function never uses and makes a cold start about a third longer
// (infra/docs/performance.md).
//
// It reads AWS_REGION (or AWS_DEFAULT_REGION), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN, AWS_ENDPOINT_URL_{service} and AWS_ENDPOINT_URL. Env.Err reports missing
// variables.
func (k Kit) AWS(service string) aws.Config {
	env := k.Env
	region := env.Get("AWS_REGION", env.Get("AWS_DEFAULT_REGION", ""))
	if region == "" {
		region = env.Need("AWS_REGION")
	}
	credentials := aws.Credentials{
		AccessKeyID:     env.Need("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: env.Need("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    env.Get("AWS_SESSION_TOKEN", ""),
		Source:          "environment",
	}
	config := aws.Config{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		HTTPClient: &http.Client{Transport: k.Transport, Timeout: attemptTimeout},
	}
	if url := env.Get("AWS_ENDPOINT_URL_"+service, env.Get("AWS_ENDPOINT_URL", "")); url != "" {
		config.BaseEndpoint = aws.String(strings.TrimRight(url, "/"))
	}
	return config
}

// attemptTimeout bounds one attempt of a call, so that a lost connection does not use up an
// invocation. DynamoDB and SQS respond within milliseconds.
const attemptTimeout = 5 * time.Second
