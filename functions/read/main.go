// Command read is the Lambda function that answers what the UI reads, behind API
// Gateway.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/serve"
	"related-ro/pkg/boot/table"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/relatedro"
)

func main() { boot.Start("read", build) }

func build(kit boot.Kit) (lambda.Handler, error) {
	store := table.New(kit)
	return httpapi.NewRead(serve.Config(kit), relatedro.NewReader(store, time.Now))
}
