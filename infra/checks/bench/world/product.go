package world

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/checks/bench/engines"
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/serve"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/karmak"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// Reader is function read without the Lambda runtime. It formats its log and metrics as in
// production, but the output is discarded.
type Reader struct {
	handler *httpapi.Handler
	metrics *boot.Metrics
}

// NewReader returns function read over a store, as functions/read makes it.
func NewReader(store *dynamo.Store) (*Reader, error) {
	kit := boot.Kit{
		Function: "read", Env: boot.NewEnv(), Log: logger(), Metrics: boot.NewMetrics(io.Discard, time.Now, boot.By("Function", "read")),
	}
	handler, err := httpapi.NewRead(serve.Config(kit), relatedro.NewReader(store, time.Now))
	return &Reader{handler, kit.Metrics}, err
}

// Get answers a request and discards the answer. Any status other than 200 is an error.
func (r *Reader) Get(ctx context.Context, request []byte) error {
	_, err := r.get(ctx, request)
	return err
}

func (r *Reader) get(ctx context.Context, request []byte) ([]byte, error) {
	defer r.metrics.Flush()
	text, err := r.handler.Invoke(ctx, request)
	// Decoding the answer would count in the measurement.
	if err == nil && !bytes.HasPrefix(text, []byte(`{"statusCode":200,`)) {
		err = fmt.Errorf("answer is no 200: %.300s", text)
	}
	return text, err
}

// Size answers a request and returns the size of the body sent to the client, in bytes.
func (r *Reader) Size(ctx context.Context, request []byte) (int, error) {
	text, err := r.get(ctx, request)
	if err != nil {
		return 0, err
	}
	var out events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(text, &out); err != nil {
		return 0, err
	}
	if out.IsBase64Encoded {
		return base64.StdEncoding.DecodedLen(len(out.Body)), nil
	}
	return len(out.Body), nil
}

// Consumer handles a batch. It is either the product or the reference that the product is compared
// with.
type Consumer interface {
	Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error)
}

// NewConsumer returns function export over a store, as functions/export makes it. It has no queue,
// so that Work reports each failed message as an error.
func NewConsumer(store *dynamo.Store, e *engines.Engines) Consumer {
	metrics := boot.NewMetrics(io.Discard, time.Now, boot.By("Function", "export"))
	client := karmak.New(karmak.Config{
		BaseURL: e.KarmakURL, Credentials: karmak.Static(engines.KarmakClientID, engines.KarmakClientSecret),
		Transport: boot.NewTransport(), Logger: logger(),
	})
	config := sqsbatch.Config{
		Source: "export", QueueURL: "http://127.0.0.1:9/export", DeadLetterURL: "http://127.0.0.1:9/export-dlq", Now: time.Now, Log: logger(),
		Observe: func(o sqsbatch.Observation) {
			metrics.Add("Messages", boot.Count, 1, boot.By("Outcome", string(o.Outcome)))
		},
	}
	return sqsbatch.NewHandler(config, nowhere{}, relatedro.NewRetriever(store, client, time.Now))
}

// NewFollower returns a run of function follow over a store. The refreshes that it sends are
// discarded. A connection that cannot be followed is an error.
func NewFollower(store *dynamo.Store, e *engines.Engines) func(context.Context) error {
	client := karmak.New(karmak.Config{
		BaseURL: e.KarmakURL, Credentials: karmak.Static(engines.KarmakClientID, engines.KarmakClientSecret),
		Transport: boot.NewTransport(), Logger: logger(),
	})
	return func(ctx context.Context) error {
		failures := make(chan error, 1)
		err := relatedro.NewFollower(relatedro.FollowConfig{
			Store: store, DMS: client, Queue: nowhere{}, Now: time.Now, Night: func(time.Time) bool { return false },
			Observe: func(f relatedro.Follow) {
				if f.Failure != nil {
					select {
					case failures <- f.Failure:
					default:
					}
				}
			},
		}).Run(ctx)
		close(failures)
		return errors.Join(err, <-failures)
	}
}

// SendRefreshes implements relatedro.Refresher.
func (nowhere) SendRefreshes(context.Context, []relatedro.Event) error { return nil }

// Work passes a batch to a consumer. A failed message is an error.
func Work(ctx context.Context, c Consumer, batch events.SQSEvent) error {
	response, err := c.Handle(ctx, batch)
	if err != nil {
		return err
	}
	if n := len(response.BatchItemFailures); n > 0 {
		text, _ := json.Marshal(response.BatchItemFailures[0]) // a string always marshals
		return fmt.Errorf("%d of %d messages failed, such as %s", n, len(batch.Records), text)
	}
	return nil
}

func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(io.Discard, nil)) }

// nowhere is the queue of a consumer whose messages never fail.
type nowhere struct{}

var errNowhere = errors.New("there is no queue here")

// SendMessageBatch implements sqsbatch.Queue.
func (nowhere) SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	return nil, errNowhere
}

// ChangeMessageVisibilityBatch implements sqsbatch.Queue.
func (nowhere) ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return nil, errNowhere
}
