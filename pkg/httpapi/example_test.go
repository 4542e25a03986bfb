package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/httpapi"
	"related-ro/pkg/relatedro"
)

// A handler takes an API Gateway request in payload format 2.0 and returns the response.
func ExampleNewRead() {
	config := httpapi.Config{Log: slog.New(slog.DiscardHandler), Now: time.Now, Version: "1a2b3c4"}
	var store relatedro.CaseReader // such as a dynamo.Store; the health check does not read it
	handler, err := httpapi.NewRead(config, relatedro.NewReader(store, time.Now))
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, err := handler.Invoke(context.Background(), []byte(`{"routeKey":"GET /v1/health"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var response events.APIGatewayV2HTTPResponse
	fmt.Println(json.Unmarshal(payload, &response), response.StatusCode, response.Body)
	// Output:
	// <nil> 200 {"status":"ok","version":"1a2b3c4"}
}
