// Command console is the Lambda function that serves the console and the embeddable related-ro
// elements through the HTTP API. It calls no other service.
package main

import (
	"context"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"related-ro/pkg/boot"
	"related-ro/pkg/console"
)

func main() { boot.Start("console", build) }

func build(kit boot.Kit) (lambda.Handler, error) {
	handler, err := console.New(console.Config{
		DashboardURL: kit.Env.Get("CONSOLE_DASHBOARD_URL", ""),
		Extension:    kit.Env.Get("CONSOLE_EXTENSION", ""),
	})
	if err != nil {
		return nil, err
	}
	failed := kit.CountFailures()
	return lambda.NewHandler(func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		response, err := handler.Serve(ctx, request)
		failed(response.StatusCode >= http.StatusInternalServerError)
		return response, err
	}), nil
}
