package eventengine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

// world is an engine behind an HTTP server, together with the events that it delivers.
type world struct {
	*eventbridge.Client
	mu        sync.Mutex
	delivered []string // target and event of each delivery
	fault     Fault
	down      bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	engine := New(Config{Region: "us-east-1", Account: "000000000000", Deliver: func(_ context.Context, arn string, event []byte) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.down {
			return errors.New("down")
		}
		w.delivered = append(w.delivered, arn[strings.LastIndexByte(arn, ':')+1:]+" "+string(event))
		return nil
	}})
	server := httptest.NewServer(Faults(engine, func() Fault {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.fault
	}))
	t.Cleanup(server.Close)
	w.Client = eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	if _, err := w.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("bus")}); err != nil {
		t.Fatal(err)
	}
	return w
}

// rule creates a rule with a queue as its target.
func (w *world) rule(t *testing.T, name, pattern string) {
	t.Helper()
	_, err := w.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: aws.String("bus"), EventPattern: &pattern})
	if err == nil {
		_, err = w.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
			Rule: &name, EventBusName: aws.String("arn:aws:events:us-east-1:000000000000:event-bus/bus"),
			Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:" + name)}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func event(detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		EventBusName: aws.String("bus"), Source: aws.String("test"), DetailType: aws.String("Tried"), Detail: &detail,
		Time: aws.Time(time.Date(2026, 11, 24, 16, 5, 9, 0, time.UTC)),
	}
}

func (w *world) put(t *testing.T, entries ...types.PutEventsRequestEntry) (*eventbridge.PutEventsOutput, error) {
	t.Helper()
	return w.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestEventsGoToTheRulesThatWantThem(t *testing.T) {
	w := newWorld(t)
	w.rule(t, "all", `{"source":["test"]}`)
	w.rule(t, "one", `{"detail":{"locationId":["loc-100"]}}`)
	output, err := w.put(t, event(`{"locationId":"loc-100"}`), event(`{"locationId":"loc-200"}`))
	if err != nil || output.FailedEntryCount != 0 || len(output.Entries) != 2 || len(*output.Entries[0].EventId) != 36 {
		t.Fatalf("%+v, %v", output, err)
	}
	var queues []string
	for _, d := range w.delivered {
		queue, text, _ := strings.Cut(d, " ")
		queues = append(queues, queue)
		if !strings.Contains(text, `"detail-type":"Tried"`) || !strings.Contains(text, `"time":"2026-11-24T16:05:09Z"`) ||
			!strings.Contains(text, `"resources":[]`) {
			t.Errorf("delivered %s", text)
		}
	}
	slices.Sort(queues)
	if !slices.Equal(queues, []string{"all", "all", "one"}) {
		t.Errorf("delivered to %q", queues)
	}
}

func TestEntriesAreRefusedOneByOne(t *testing.T) {
	w := newWorld(t)
	w.rule(t, "all", `{"source":["test"]}`)
	nowhere, nothing := event(`{}`), event(`{}`)
	nowhere.EventBusName, nothing.Detail = aws.String("another"), nil
	output, err := w.put(t, event(`{}`), event(`[1]`), event(`{`), nowhere, nothing)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range output.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if want := []string{"", "MalformedDetail", "MalformedDetail", "InvalidArgument", "InvalidArgument"}; !slices.Equal(codes, want) ||
		output.FailedEntryCount != 4 {
		t.Errorf("%q, %d failed", codes, output.FailedEntryCount)
	}
}

func TestCallsOverTheLimitsAreRefused(t *testing.T) {
	w := newWorld(t)
	if _, err := w.put(t, slices.Repeat([]types.PutEventsRequestEntry{event(`{}`)}, 11)...); code(err) != "ValidationException" {
		t.Errorf("11 entries: %v", err)
	}
	if _, err := w.put(t, event(`{"x":"`+strings.Repeat("x", 256<<10)+`"}`)); code(err) != "ValidationException" {
		t.Errorf("256 KB: %v", err)
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat(" ", maxRequest+1)))
	request.Header.Set("X-Amz-Target", targetPrefix+"PutEvents")
	response := httptest.NewRecorder()
	New(Config{}).ServeHTTP(response, request)
	if response.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", response.Code)
	}
}

func TestATargetThatIsAwayFailsTheEntry(t *testing.T) {
	w := newWorld(t)
	w.rule(t, "all", `{"source":["test"]}`)
	w.down = true
	if output, err := w.put(t, event(`{}`)); err != nil || output.FailedEntryCount != 1 ||
		*output.Entries[0].ErrorCode != "InternalFailure" {
		t.Errorf("%+v, %v", output, err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for name, try := range map[string]func() error{
		"ResourceAlreadyExistsException": func() error {
			_, err := w.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("bus")})
			return err
		},
		"InvalidEventPatternException": func() error {
			_, err := w.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventBusName: aws.String("bus"),
				EventPattern: aws.String(`{"a":[{"cidr":"10.0.0.0/24"}]}`)})
			return err
		},
		"ResourceNotFoundException": func() error {
			_, err := w.PutTargets(ctx, &eventbridge.PutTargetsInput{
				Rule: aws.String("none"), EventBusName: aws.String("bus"),
				Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String("arn:aws:sqs:r:1:q")}}})
			return err
		},
		"SerializationException": func() error {
			_, err := w.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventBusName: aws.String("bus"),
				ScheduleExpression: aws.String("rate(1 day)")})
			return err
		},
		"UnknownOperationException": func() error { _, err := w.ListArchives(ctx, &eventbridge.ListArchivesInput{}); return err },
	} {
		if err := try(); code(err) != name {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

func TestFaults(t *testing.T) {
	for fault, want := range map[Fault]int{None: 3, Whole: 0, HangUp: 0, AnswerLost: 3, Some: 2} {
		w := newWorld(t)
		w.rule(t, "all", `{"source":["test"]}`)
		w.mu.Lock()
		w.fault = fault
		w.mu.Unlock()
		output, err := w.put(t, event(`{}`), event(`{}`), event(`{}`))
		w.mu.Lock()
		if failed := err != nil; failed != (fault == Whole || fault == HangUp || fault == AnswerLost) || len(w.delivered) != want {
			t.Errorf("fault %d: %d delivered, %v", fault, len(w.delivered), err)
		}
		if fault == Some && (output.FailedEntryCount != 1 || output.Entries[0].EventId == nil || output.Entries[1].ErrorCode == nil) {
			t.Errorf("some: %+v", output)
		}
		w.mu.Unlock()
	}
}
