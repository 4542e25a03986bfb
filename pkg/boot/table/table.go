// Package table builds the store of a function.
package table

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
)

// New returns the store on the table TABLE_NAME. Each item of it that cannot be read is
// logged by its key, and counted.
func New(kit boot.Kit, options ...dynamo.Option) *dynamo.Store {
	kit.Metrics.Group("UnreadableItems", []string{"Stack"})
	unreadable := dynamo.OnUnreadable(func(item string, err error) {
		kit.Log.Error("unreadable item skipped", "item", item, "error", err)
		kit.Metrics.Add("UnreadableItems", boot.Count, 1)
	})
	return dynamo.New(dynamodb.NewFromConfig(kit.AWS("DYNAMODB")), kit.Env.Need("TABLE_NAME"), append(options, unreadable)...)
}
