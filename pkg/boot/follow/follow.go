// Package follow builds the function that looks for changes in the DMS.
package follow

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/dms"
	"related-ro/pkg/boot/table"
	"related-ro/pkg/boot/zone"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// Build returns a handler that follows all connections once and ignores its event.
func Build(kit boot.Kit) (lambda.Handler, error) {
	zone, err := zone.Dealers(kit)
	if err != nil {
		return nil, err
	}
	karmak, err := dms.New(kit)
	if err != nil {
		return nil, err
	}
	follower := relatedro.NewFollower(relatedro.FollowConfig{
		Store: table.New(kit), DMS: karmak, Now: time.Now,
		Queue:   sqsbatch.NewRefreshQueue(sqs.NewFromConfig(kit.AWS("SQS")), kit.Env.NeedURL("REFRESH_QUEUE_URL")),
		Night:   func(now time.Time) bool { return relatedro.Night(now.In(zone)) },
		Observe: observe(kit),
	})
	kit.Metrics.Group("FollowRuns", []string{"Stack"})
	failed := kit.CountFailures()
	return lambda.NewHandler(func(ctx context.Context) error {
		err := follower.Run(ctx)
		failed(err != nil)
		if err == nil {
			kit.Metrics.Add("FollowRuns", boot.Count, 1)
		}
		return err
	}), nil
}

// observe counts the changes of each connection in the metrics and logs failures.
func observe(kit boot.Kit) func(relatedro.Follow) {
	metrics := kit.Metrics
	metrics.Group("FollowChanges", []string{"Stack"})
	metrics.Group("FollowRefreshes", []string{"Stack"})
	metrics.Group("FollowBehind", []string{"Stack"})
	return func(f relatedro.Follow) {
		if f.Failure != nil {
			kit.Log.Warn("connection not followed", "locations", f.Locations, "reason", string(f.Failure.Reason),
				"behind", f.Behind.String(), "cause", f.Failure.Err)
		}
		metrics.Add("FollowChanges", boot.Count, float64(f.Changed))
		metrics.Add("FollowRefreshes", boot.Count, float64(f.Refreshes))
		metrics.Add("FollowBehind", boot.Seconds, f.Behind.Seconds())
	}
}
