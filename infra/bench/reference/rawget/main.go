// Command rawget is a reference: one GetItem per invocation with a request written and signed by
// hand instead of the SDK's DynamoDB package. Its shorter start is the cost of that package.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func main() {
	lambda.Start(handler{
		signer: v4.NewSigner(),
		credentials: aws.Credentials{
			AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		},
	})
}

type handler struct {
	signer      *v4.Signer
	credentials aws.Credentials
}

// Invoke implements lambda.Handler.
func (h handler) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	body := fmt.Appendf(nil, `{"TableName":%q,"Key":{"PK":{"S":%q},"SK":{"S":%q}}}`,
		os.Getenv("TABLE_NAME"), os.Getenv("BENCH_PK"), os.Getenv("BENCH_SK"))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	sum := sha256.Sum256(body)
	err = h.signer.SignHTTP(ctx, h.credentials, request, hex.EncodeToString(sum[:]), "dynamodb", os.Getenv("AWS_REGION"), time.Now())
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GetItem: status %d", response.StatusCode)
	}
	return []byte("{}"), nil
}
