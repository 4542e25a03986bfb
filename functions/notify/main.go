// Command notify is the Lambda function that reads the table's stream and publishes events on the
// stack's bus when a case's related ROs or a location's settings change.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/eventbus"
)

func main() { boot.Start("notify", build) }

func build(kit boot.Kit) (lambda.Handler, error) {
	bus := eventbus.New(eventbridge.NewFromConfig(kit.AWS("EVENTBRIDGE")), kit.Env.Need("EVENT_BUS_NAME"))
	stream := dynamo.NewStream(dynamo.StreamConfig{Now: time.Now, Log: kit.Log, Observe: kit.CountFailures()}, bus)
	return lambda.NewHandler(stream.Handle), nil
}
