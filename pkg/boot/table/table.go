// Package table builds a function's store.
package table

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
)

// New returns the store on the table named by TABLE_NAME. It logs and counts each unreadable item,
// by its key.
func New(kit boot.Kit, options ...dynamo.Option) *dynamo.Store {
	kit.Metrics.Group("UnreadableItems", []string{"Stack"})
	unreadable := dynamo.OnUnreadable(func(item string, err error) {
		kit.Log.Error("unreadable item skipped", "item", item, "error", err)
		kit.Metrics.Add("UnreadableItems", boot.Count, 1)
	})
	return dynamo.New(dynamodb.NewFromConfig(kit.AWS("DYNAMODB")), kit.Env.Need("TABLE_NAME"), append(options, unreadable)...)
}
