// Package dynamodbtest provides a DynamoDB for the tests of a package. It serves the embedded
// engine over HTTP, or forwards to the server at CONFORMANCE_DYNAMODB_ENDPOINT, so that the same
// tests show that both agree.
//
// Start one in TestMain, and create a fresh table in each test. Run with -count=1 against another
// server, because go test caches results without regard to the server.
package dynamodbtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/forward"
	"related-ro/pkg/boot"
)

// EndpointVariable is the environment variable that holds the URL of another DynamoDB, such as
// "http://127.0.0.1:8000".
const EndpointVariable = "CONFORMANCE_DYNAMODB_ENDPOINT"

// Server is a DynamoDB for the tests of one package.
type Server struct {
	faults *dynamodbengine.Faults
	http   *httptest.Server
	client *http.Client
	tables atomic.Int64
}

// Start starts a Server. It panics if EndpointVariable is not a URL. The caller must Close it when
// the tests are done.
func Start() *Server {
	var engine http.Handler = dynamodbengine.New()
	if other := os.Getenv(EndpointVariable); other != "" {
		target, err := url.Parse(other)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", EndpointVariable, err))
		}
		engine = forward.To(target)
	}
	s := &Server{faults: dynamodbengine.NewFaults(engine), client: &http.Client{Transport: boot.NewTransport()}}
	s.http = httptest.NewServer(s.faults)
	return s
}

// Close stops the Server and closes its connections.
func (s *Server) Close() { s.http.Close() }

// URL returns the base URL of the Server.
func (s *Server) URL() string { return s.http.URL }

// Client returns a client with the transport of the Lambda functions, which retries without a
// delay.
func (s *Server) Client() *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.http.URL),
		HTTPClient:   s.client,
		Credentials:  credentials{},
		Retryer:      impatient{sdk.New(sdk.Options{}).Options().Retryer},
	})
}

// Streams returns a client for the Streams API, which has the same address.
func (s *Server) Streams() *dynamodbstreams.Client {
	return dynamodbstreams.New(dynamodbstreams.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.http.URL), HTTPClient: s.client, Credentials: credentials{},
	})
}

// credentials are fixed dummy credentials: no engine checks them.
type credentials struct{}

// Retrieve implements aws.CredentialsProvider.
func (credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
}

// Table creates a table with the product's schema, without its stream, and returns its name. The
// table is deleted when the test ends. Streams are left out because an engine may keep a copy of
// every image: moto holds 18 GB after the tests of the store.
func (s *Server) Table(t testing.TB) string {
	t.Helper()
	return s.table(t, false)
}

// StreamTable is like Table, with the stream enabled.
func (s *Server) StreamTable(t testing.TB) string {
	t.Helper()
	return s.table(t, true)
}

func (s *Server) table(t testing.TB, stream bool) string {
	t.Helper()
	name := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), s.tables.Add(1))
	client, definition := s.Client(), Definition(name)
	if !stream {
		definition.StreamSpecification = nil
	}
	if _, err := client.CreateTable(t.Context(), definition); err != nil {
		t.Fatalf("create table: %v", err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: &name}); err != nil {
			t.Errorf("delete table: %v", err)
		}
	})
	return name
}

// Faults makes f choose the fault of every request until the test ends.
func (s *Server) Faults(t testing.TB, f dynamodbengine.FaultFunc) {
	s.faults.Set(f)
	t.Cleanup(func() { s.faults.Set(nil) })
}

// Definition returns the product's table as defined in template.yaml.
func Definition(name string) *sdk.CreateTableInput {
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	keys := func(hash, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash},
			{AttributeName: &sort, KeyType: types.KeyTypeRange}}
	}
	return &sdk.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("PK"), attribute("SK"), attribute("GSI1PK"), attribute("GSI1SK")},
		KeySchema:            keys("PK", "SK"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("GSI1"), KeySchema: keys("GSI1PK", "GSI1SK"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	}
}

// impatient retries as often as the SDK does, without waiting.
type impatient struct{ aws.Retryer }

// RetryDelay returns no delay.
func (impatient) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
