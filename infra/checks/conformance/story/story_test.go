package story_test

import (
	"context"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/checks/seeded"
	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/local/demo"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

// patience is the time limit of each part of the story: after a crash, messages reappear only after
// the visibility timeout.
const patience = time.Minute

// system is a stack that can run a hook at the next request to Karmak.
type system struct {
	*stack.Stack
	onKarmak atomic.Pointer[func()]
}

// start starts a stack with the engines that the environment names, and loads the seed data.
func start(t *testing.T) (*system, seed.Data) {
	t.Helper()
	s := &system{}
	var data seed.Data
	s.Stack, data = seeded.Start(t, stack.Options{
		Root: "../../../..",
		// A crash is over in seconds: 13 s is 6 times the function's timeout plus the window, as
		// the template requires.
		Parameters: map[string]string{"FunctionTimeout": "2", "VisibilityTimeout": "13"},
		Elsewhere: map[stack.Engine]string{
			stack.DynamoDB: os.Getenv(dynamodbtest.EndpointVariable), stack.SQS: os.Getenv(sqstest.EndpointVariable),
		},
		Wrap: s.wrap,
	})
	return s, data
}

func (s *system) wrap(engine stack.Engine, handler http.Handler) http.Handler {
	if engine != stack.Karmak {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if do := s.onKarmak.Swap(nil); do != nil {
			(*do)()
		}
		handler.ServeHTTP(w, r)
	})
}

func TestSystem(t *testing.T) {
	s, data := start(t)
	t.Run("tells the whole story", func(t *testing.T) {
		if err := demo.Run(t.Context(), s.Platform(), data, t.Output()); err != nil {
			t.Error(err)
		}
	})
	t.Run("a crash in the middle of a batch loses nothing", func(t *testing.T) { crash(t, s, data) })
	t.Run("a broken message becomes a dead letter with its reason", func(t *testing.T) { broken(t, s) })
}

// crash kills the function during a request to Karmak; the message must be redelivered and
// processed.
func crash(t *testing.T, s *system, data seed.Data) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// The story has closed case-1001, so an export right after that would have no effect.
	c, ok := data.Case("case-1003")
	if !ok {
		t.Fatal("the seed data have no case-1003")
	}
	var killed int
	kill := func() { killed = s.Kill("export") }
	s.onKarmak.Store(&kill)
	id, err := s.Platform().Export(ctx, c.Case)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Platform().Await(ctx, c.Case, id)
	if err != nil {
		t.Fatal(err)
	}
	if killed != 1 || answer.Retrieval.Outcome != "ok" {
		t.Errorf("killed %d processes, want 1; then %+v", killed, answer.Retrieval)
	}
}

// broken sends a message without an RO number and expects it as a dead letter.
func broken(t *testing.T, s *system) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := s.Platform().Close(ctx, platform.Case{LocationID: "loc-100", CaseID: "case-1"}, "user"); err != nil {
		t.Fatal(err)
	}
	queue := s.QueueURL("CloseDeadLetterQueue")
	for {
		got, err := s.SQSClient().ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue, WaitTimeSeconds: 5, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			continue
		}
		code := got.Messages[0].MessageAttributes["errorCode"].StringValue
		if code == nil || *code != "invalid_field" {
			t.Errorf("attributes %+v, want errorCode invalid_field", got.Messages[0].MessageAttributes)
		}
		return
	}
}
