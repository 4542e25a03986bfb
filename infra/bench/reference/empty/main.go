// Command empty is the limit that a function's start is measured against: a handler
// that answers {} and links nothing else.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handler{}) }

type handler struct{}

// Invoke implements lambda.Handler.
func (handler) Invoke(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil }
