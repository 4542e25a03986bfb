package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/emulators/template"
)

// createQueues creates the template's queues over the wire protocol, dead-letter queues before the
// queues that name them.
func (s *Stack) createQueues(ctx context.Context) error {
	queues := slices.Clone(s.Template.Queues)
	slices.SortStableFunc(queues, func(a, b template.Queue) int {
		return cmp.Compare(len(a.Attributes["RedrivePolicy"]), len(b.Attributes["RedrivePolicy"]))
	})
	client := s.SQSClient()
	for _, queue := range queues {
		_, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: &queue.Name, Attributes: queue.Attributes})
		if err != nil {
			return fmt.Errorf("create queue %s: %w", queue.LogicalID, err)
		}
	}
	return nil
}

// createTables creates the template's tables over the wire protocol.
func (s *Stack) createTables(ctx context.Context) error {
	client := s.DynamoDBClient()
	for _, table := range s.Template.Tables {
		_, err := client.CreateTable(ctx, table.Definition)
		if exists := (*types.ResourceInUseException)(nil); errors.As(err, &exists) {
			continue // created by an earlier run in the external engine
		}
		if err != nil {
			return fmt.Errorf("create table %s: %w", table.LogicalID, err)
		}
		if table.TimeToLive != nil {
			_, err := client.UpdateTimeToLive(ctx, &awsdynamodb.UpdateTimeToLiveInput{TableName: &table.Name,
				TimeToLiveSpecification: table.TimeToLive})
			if err != nil {
				return fmt.Errorf("set time to live of table %s: %w", table.LogicalID, err)
			}
		}
	}
	return nil
}
