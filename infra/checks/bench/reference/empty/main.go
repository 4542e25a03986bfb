// Command empty is the lower bound for the start of a function: a handler that answers {} and links
// no more than the Lambda runtime.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handler{}) }

type handler struct{}

// Invoke implements lambda.Handler.
func (handler) Invoke(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil }
