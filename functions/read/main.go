// Command read is the Lambda function behind API Gateway that serves the UI's reads.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/serve"
	"related-ro/pkg/boot/table"
	"related-ro/pkg/boot/zone"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/relatedro"
)

func main() { boot.Start("read", build) }

func build(kit boot.Kit) (lambda.Handler, error) {
	zone, err := zone.Dealers(kit)
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return time.Now().In(zone) }
	return httpapi.NewRead(serve.Config(kit), relatedro.NewReader(table.New(kit), now))
}
