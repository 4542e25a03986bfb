package stack

import (
	"context"
	"fmt"
	"strings"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/emulators/template"
)

// newBus returns the engine of event buses. It delivers events to queues over the SQS wire
// protocol.
func (s *Stack) newBus() *eventengine.Engine {
	client := s.SQSClient()
	return eventengine.New(eventengine.Config{
		Region: Region, Account: sqsengine.Account, Observe: s.options.Observe.Event,
		Deliver: func(ctx context.Context, arn string, event []byte) error {
			url := s.SQSURL + "/" + sqsengine.Account + "/" + arn[strings.LastIndexByte(arn, ':')+1:]
			body := string(event)
			_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
			return err
		},
	})
}

// EventsClient returns a client of the event buses.
func (s *Stack) EventsClient() *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{Region: Region, BaseEndpoint: &s.EventsURL, Credentials: credentials{}, HTTPClient: s.http})
}

// BusName is the name of the template's event bus; empty if there is none.
func (s *Stack) BusName() string {
	for _, bus := range s.Template.Buses {
		return bus.Name
	}
	return ""
}

// createBuses creates the template's event buses over the wire protocol.
func (s *Stack) createBuses(ctx context.Context) error {
	client := s.EventsClient()
	for _, bus := range s.Template.Buses {
		if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &bus.Name}); err != nil {
			return fmt.Errorf("create event bus %s: %w", bus.LogicalID, err)
		}
	}
	return nil
}

// startStreams starts every event source mapping of a stream; they run until Close.
func (s *Stack) startStreams(ctx context.Context) error {
	for _, m := range s.Template.StreamMappings {
		config, err := s.StreamConfig(ctx, m)
		if err != nil {
			return fmt.Errorf("start mapping %s: %w", m.LogicalID, err)
		}
		s.running.Go(func() { poller.RunStream(s.up, config) })
	}
	return nil
}

// StreamConfig returns the mapping's configuration. Running another reader with it replays the
// stream.
func (s *Stack) StreamConfig(ctx context.Context, m template.StreamMapping) (poller.StreamConfig, error) {
	table, _ := s.Template.Table(m.Table)
	described, err := s.DynamoDBClient().DescribeTable(ctx, &awsdynamodb.DescribeTableInput{TableName: &table.Name})
	if err != nil {
		return poller.StreamConfig{}, err
	}
	arn := described.Table.LatestStreamArn
	if arn == nil {
		return poller.StreamConfig{}, fmt.Errorf("table %s has no stream; it was created before the template defined one", table.Name)
	}
	config := poller.StreamConfig{
		Client: dynamodbstreams.New(dynamodbstreams.Options{
			Region: Region, BaseEndpoint: &s.DynamoDBURL, Credentials: credentials{}, HTTPClient: s.http,
		}),
		StreamARN: *arn, Region: Region, StartingPosition: m.StartingPosition,
		BatchSize: m.BatchSize, Window: m.Window, Filters: m.Filters, Bisect: m.Bisect,
		MaximumRetryAttempts: m.MaximumRetryAttempts, MaximumRecordAge: m.MaximumRecordAge,
		ReportBatchItemFailures: m.ReportBatchItemFailures,
		Invoke:                  s.invoker(m.Function),
		Observe:                 s.options.Observe.batch(table.Name),
	}
	if m.OnFailure != "" {
		client, url := s.SQSClient(), s.QueueURL(m.OnFailure)
		config.Discard = func(ctx context.Context, notice []byte) error {
			body := string(notice)
			_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
			return err
		}
	}
	return config, nil
}

// invoker returns the Invoke function of a mapping for the function with the logical ID.
func (s *Stack) invoker(function string) func(context.Context, []byte) ([]byte, string, error) {
	f := s.functions[function]
	return func(ctx context.Context, event []byte) ([]byte, string, error) {
		result, err := f.Invoke(ctx, event)
		return result.Payload, result.FunctionError, err
	}
}
