package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/serve"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/karmak"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// reader is function read without the Lambda runtime. It formats its log and metrics as in
// production, but the output is discarded.
type reader struct {
	handler *httpapi.Handler
	metrics *boot.Metrics
}

// newReader returns function read over a store, as functions/read makes it.
func newReader(tb testing.TB, store *dynamo.Store) *reader {
	tb.Helper()
	kit := boot.Kit{
		Function: "read", Env: boot.NewEnv(), Log: logger(), Metrics: boot.NewMetrics(io.Discard, time.Now, boot.By("Function", "read")),
	}
	handler, err := httpapi.NewRead(serve.Config(kit), relatedro.NewReader(store, time.Now))
	if err != nil {
		tb.Fatal(err)
	}
	return &reader{handler, kit.Metrics}
}

// get answers a request and discards the answer. Any status other than 200 is an error.
func (r *reader) get(ctx context.Context, request []byte) error {
	_, err := r.answer(ctx, request)
	return err
}

func (r *reader) answer(ctx context.Context, request []byte) ([]byte, error) {
	defer r.metrics.Flush()
	text, err := r.handler.Invoke(ctx, request)
	// Decoding the answer would count in the measurement.
	if err == nil && !bytes.HasPrefix(text, []byte(`{"statusCode":200,`)) {
		err = fmt.Errorf("answer is no 200: %.300s", text)
	}
	return text, err
}

// size answers a request and returns the size of the body sent to the client, in bytes.
func (r *reader) size(tb testing.TB, request []byte) int {
	tb.Helper()
	text, err := r.answer(tb.Context(), request)
	if err != nil {
		tb.Fatal(err)
	}
	var out events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(text, &out); err != nil {
		tb.Fatal(err)
	}
	if out.IsBase64Encoded {
		return base64.StdEncoding.DecodedLen(len(out.Body))
	}
	return len(out.Body)
}

func (e *engines) karmak() *karmak.Client {
	return karmak.New(karmak.Config{
		BaseURL: e.KarmakURL, Credentials: karmak.Static(karmakClientID, karmakClientSecret),
		Transport: boot.NewTransport(), Logger: logger(),
	})
}

// newConsumer returns function export over a store, as functions/export makes it. It has no queue,
// and returns an error for a failed message.
func newConsumer(store *dynamo.Store, e *engines) func(context.Context, events.SQSEvent) error {
	metrics := boot.NewMetrics(io.Discard, time.Now, boot.By("Function", "export"))
	config := sqsbatch.Config{
		Source: "export", QueueURL: "http://127.0.0.1:9/export", DeadLetterURL: "http://127.0.0.1:9/export-dlq", Now: time.Now,
		Log: logger(),
		Observe: func(o sqsbatch.Observation) {
			metrics.Add("Messages", boot.Count, 1, boot.By("Outcome", string(o.Outcome)))
		},
	}
	handler := sqsbatch.NewHandler(config, nowhere{}, relatedro.NewRetriever(store, e.karmak(), time.Now))
	return func(ctx context.Context, batch events.SQSEvent) error {
		response, err := handler.Handle(ctx, batch)
		if n := len(response.BatchItemFailures); err == nil && n > 0 {
			err = fmt.Errorf("%d of %d messages failed, such as %s", n, len(batch.Records), response.BatchItemFailures[0].ItemIdentifier)
		}
		return err
	}
}

// newFollower returns a run of function follow over a store. The refreshes that it sends are
// discarded. A connection that cannot be followed is an error.
func newFollower(store *dynamo.Store, e *engines) func(context.Context) error {
	client := e.karmak()
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

func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(io.Discard, nil)) }

// nowhere is the queue of a consumer whose messages never fail, and of a follower.
type nowhere struct{}

var errNowhere = errors.New("there is no queue here")

// SendMessageBatch implements sqsbatch.Queue.
func (nowhere) SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	return nil, errNowhere
}

// ChangeMessageVisibilityBatch implements sqsbatch.Queue.
func (nowhere) ChangeMessageVisibilityBatch(
	context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options),
) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	return nil, errNowhere
}

// SendRefreshes implements relatedro.Refresher.
func (nowhere) SendRefreshes(context.Context, []relatedro.Event) error { return nil }
