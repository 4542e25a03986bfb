// Package consume builds the functions that process a queue.
package consume

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/dms"
	"related-ro/pkg/boot/table"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// Queue returns the build function of a Lambda function that processes one queue. The arguments
// name the environment variables with the URLs of the queue and of its dead-letter queue.
// RETENTION_DAYS is how long a case is kept after its last event.
func Queue(queueVariable, deadLetterVariable string) func(boot.Kit) (lambda.Handler, error) {
	return func(kit boot.Kit) (lambda.Handler, error) {
		config := sqsbatch.Config{
			Source:        kit.Function,
			QueueURL:      kit.Env.NeedURL(queueVariable),
			DeadLetterURL: kit.Env.NeedURL(deadLetterVariable),
			Now:           time.Now,
			Log:           kit.Log,
			Observe:       observe(kit),
		}
		store := table.New(kit)
		karmak, err := dms.New(kit)
		if err != nil {
			return nil, err
		}
		retriever := relatedro.NewRetriever(store, karmak, time.Now)
		retriever.Retention = kit.Env.NeedDays("RETENTION_DAYS")
		queue := sqs.NewFromConfig(kit.AWS("SQS"))
		return lambda.NewHandler(watched(kit.Metrics, sqsbatch.NewHandler(config, queue, retriever).Handle)), nil
	}
}

// manyReceives is the lowest receive count that is reported. Temporary failures exceed it too. A
// count above 150 means that more than the retrieval fails, because a retrieval gives up after a
// day.
const manyReceives = 20

// handleFunc handles a batch of messages.
type handleFunc func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// watched reports the highest receive count in the batch before calling handle. Otherwise a message
// that repeatedly ends the process would stay invisible until SQS moves it away.
func watched(metrics *boot.Metrics, handle handleFunc) handleFunc {
	metrics.Group("Receives", []string{"Stack"})
	return func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
		most := 0
		for i := range batch.Records {
			if n, err := strconv.Atoi(batch.Records[i].Attributes["ApproximateReceiveCount"]); err == nil {
				most = max(most, n)
			}
		}
		if most >= manyReceives {
			metrics.Add("Receives", boot.None, float64(most))
			metrics.Flush()
		}
		return handle(ctx, batch)
	}
}

// observe counts the outcomes of messages in the metrics.
func observe(kit boot.Kit) func(sqsbatch.Observation) {
	metrics, failures := kit.Metrics, kit.CountFailures()
	metrics.Group("Messages", []string{"Stack", "Outcome"}, []string{"Stack", "Reason"})
	metrics.Group("EventAge", []string{"Stack", "Function"})
	return func(o sqsbatch.Observation) {
		reason := o.Reason
		if reason == "" {
			reason = "none" // CloudWatch rejects empty dimension values
		}
		metrics.Add("Messages", boot.Count, 1, boot.By("Outcome", string(o.Outcome)), boot.By("Reason", reason))
		switch o.Outcome {
		case relatedro.OutcomeOK, relatedro.OutcomeSkipped, relatedro.OutcomeDisabled:
			metrics.Add("EventAge", boot.Seconds, o.Age.Seconds()) // its sample count is how many were completed
			failures(false)
		case relatedro.OutcomeWaiting:
			failures(false)
		default:
			failures(true)
		}
	}
}
