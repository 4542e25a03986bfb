// Command admin is the Lambda function behind API Gateway that serves administration: settings,
// refreshes and dead letters.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/dms"
	"related-ro/pkg/boot/serve"
	"related-ro/pkg/boot/table"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

func main() { boot.Start("admin", build) }

func build(kit boot.Kit) (lambda.Handler, error) {
	exports := sqsbatch.QueueURLs{Source: kit.Env.NeedURL("EXPORT_QUEUE_URL"), DeadLetters: kit.Env.NeedURL("EXPORT_DLQ_URL")}
	closes := sqsbatch.QueueURLs{Source: kit.Env.NeedURL("CLOSE_QUEUE_URL"), DeadLetters: kit.Env.NeedURL("CLOSE_DLQ_URL")}
	refreshes := sqsbatch.QueueURLs{Source: kit.Env.NeedURL("REFRESH_QUEUE_URL"), DeadLetters: kit.Env.NeedURL("REFRESH_DLQ_URL")}
	store := table.New(kit)
	karmak, err := dms.New(kit)
	if err != nil {
		return nil, err
	}
	queue := sqs.NewFromConfig(kit.AWS("SQS"))
	refresher := sqsbatch.NewRefreshQueue(queue, refreshes.Source)
	letters := sqsbatch.NewDeadLetters(queue, map[relatedro.QueueName]sqsbatch.QueueURLs{
		relatedro.ExportQueue: exports, relatedro.CloseQueue: closes, relatedro.RefreshQueue: refreshes,
	}, time.Now)
	return httpapi.NewAdmin(serve.Config(kit), relatedro.NewAdmin(store, karmak, refresher, time.Now), letters)
}
