package stack_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

const root = "../../.."

// binaries is the directory into which TestMain builds the functions, once for all stacks.
var binaries string

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "stack-test-")
	if err == nil {
		err = stack.Build(context.Background(), root, directory)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = directory
	code := m.Run()
	os.RemoveAll(directory)
	http.DefaultClient.CloseIdleConnections()
	// A server may keep a connection for half a second after its last answer, longer than goleak looks.
	if err := goleak.Find(goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait")); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// watcher passes on the events that tests wait for.
type watcher struct {
	batches chan poller.Batch
	queue   chan sqsengine.Event
}

func newWatcher() *watcher {
	return &watcher{batches: make(chan poller.Batch, 1000), queue: make(chan sqsengine.Event, 1000)}
}

// observe returns the watcher's hooks.
func (w *watcher) observe() stack.Observe {
	return stack.Observe{SQS: func(e sqsengine.Event) { w.queue <- e }, Batch: w.batch}
}

// batch passes on the batches of queues only: the table's stream can produce one at any time.
func (w *watcher) batch(source string, b poller.Batch) {
	if source != "case-Table" {
		w.batches <- b
	}
}

// await returns the next event of the kind in the queue.
func (w *watcher) await(kind sqsengine.Kind, queue string) sqsengine.Event {
	for event := range w.queue {
		if event.Kind == kind && event.Queue == queue {
			return event
		}
	}
	return sqsengine.Event{}
}

// start starts a stack of the project and sets up its locations.
func start(t *testing.T, options stack.Options) (*stack.Stack, *platform.Platform, seed.Data) {
	t.Helper()
	options.Root, options.Binaries = root, binaries
	s, err := stack.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	data, err := seed.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := data.SetUp(t.Context(), s.Platform()); err != nil {
		t.Fatal(err)
	}
	return s, s.Platform(), data
}

func open(t *testing.T, data seed.Data, id string) platform.Case {
	t.Helper()
	c, ok := data.Case(id)
	if !ok {
		t.Fatalf("case %s does not exist", id)
	}
	return c.Case
}

func numbers(answer platform.Answer) string {
	var all []string
	for _, ro := range answer.RelatedROs {
		all = append(all, ro.RONumber)
	}
	return strings.Join(all, " ")
}

func TestSeedCanBePlantedWhole(t *testing.T) {
	_, p, data := start(t, stack.Options{})
	if err := data.Plant(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	answer, err := p.RelatedROs(t.Context(), "loc-200", "case-2001")
	if err != nil {
		t.Fatal(err)
	}
	// Both accounts have an RO 50123; this is the other account's.
	if numbers(answer) != "70010" {
		t.Errorf("related ROs are %s", numbers(answer))
	}
}

func TestPermissionsByRoleAndLocation(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	const address = "/v1/locations/loc-100/cases/case-1001/related-ros"
	token := func(role string, locations ...string) string {
		token, err := s.Token(role, locations...)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	for name, tc := range map[string]struct {
		authorization string
		status        int
		body          string
	}{
		"no token":           {"", 401, `{"message":"Unauthorized"}`},
		"nonsense":           {"Bearer nonsense", 401, `{"message":"Unauthorized"}`},
		"another location":   {token("administrator", "loc-200"), 403, `"status":403`},
		"a case not fetched": {token("service_advisor", "loc-100"), 404, `case-not-retrieved`},
		"all locations":      {token("support", "*"), 404, `case-not-retrieved`},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.APIURL+address, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tc.authorization != "" {
				request.Header.Set("Authorization", tc.authorization)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tc.status || !strings.Contains(string(body), tc.body) {
				t.Errorf("answer is %d %s, want %d with %s", response.StatusCode, body, tc.status, tc.body)
			}
		})
	}
}

func TestBrokenMessageIsDeadLetteredWithoutDelayingOthers(t *testing.T) {
	w := newWatcher()
	s, p, data := start(t, stack.Options{Observe: w.observe()})
	client := s.SQSClient()
	queueURL, deadLetterURL := s.QueueURL("ExportQueue"), s.QueueURL("ExportDeadLetterQueue")
	if _, err := client.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: &queueURL, MessageBody: aws.String(`{"version":1,"id":"half"}`),
	}); err != nil {
		t.Fatal(err)
	}
	c := open(t, data, "case-1001")
	id, err := p.Export(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Await(t.Context(), c, id); err != nil {
		t.Fatal(err)
	}
	w.await(sqsengine.Sent, "case-export-dlq")
	output, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &deadLetterURL, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(output.Messages) != 1 {
		t.Fatalf("%d dead letters, want 1", len(output.Messages))
	}
	letter := output.Messages[0]
	if aws.ToString(letter.Body) != `{"version":1,"id":"half"}` {
		t.Errorf("its body is %s", *letter.Body)
	}
	if code := aws.ToString(letter.MessageAttributes["errorCode"].StringValue); code != "invalid_field" {
		t.Errorf("its errorCode is %q", code)
	}
}

func TestKilledInTheMiddleOfABatchLosesNothing(t *testing.T) {
	now := clock.NewManual(time.Now())
	w := newWatcher()
	asked, release := make(chan struct{}, 100), make(chan struct{})
	s, p, data := start(t, stack.Options{
		Queues: sqsengine.Config{Clock: now},
		// Until then the lease of the killed process blocks the account.
		Parameters: map[string]string{"FunctionTimeout": "2", "VisibilityTimeout": "13"},
		Observe:    w.observe(),
		Wrap: func(engine stack.Engine, handler http.Handler) http.Handler {
			if engine != stack.Karmak {
				return handler
			}
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/RepairOrderHeader") && r.URL.Query().Get("filter") != "" &&
					strings.Contains(r.URL.RawQuery, "50123") {
					asked <- struct{}{}
					<-release
				}
				handler.ServeHTTP(w, r)
			})
		},
	})
	c := open(t, data, "case-1001")
	id, err := p.Export(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	if n := s.Kill("export"); n != 1 {
		t.Errorf("killed %d processes, want 1", n)
	}
	close(release)
	if batch := <-w.batches; batch.Failed != 1 || batch.Err == nil {
		t.Errorf("batch is %+v, want its only message failed", batch)
	}
	for failed := true; failed; {
		now.Advance(time.Minute) // past the visibility timeout and every wait for the account
		failed = (<-w.batches).Failed > 0
	}
	answer, err := p.Await(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	if numbers(answer) != "50124 50125 50126" {
		t.Errorf("related ROs are %s", numbers(answer))
	}
	if event := w.await(sqsengine.Deleted, "case-export"); event.ReceiveCount < 2 {
		t.Errorf("the message was received %d times", event.ReceiveCount)
	}
}

func TestHandleServesBesideTheAPI(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	s.Handle("/local/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }))
	response, err := http.Get(s.APIURL + "/local/x")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "here" {
		t.Errorf("answer is %s", body)
	}
}

// A function without reserved concurrency has the account's limit, far above 60, however few
// processes it has here.
func TestManyRequestsAtOnceAreAllAnswered(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			response, err := http.Get(s.APIURL + "/v1/health")
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("status is %d", response.StatusCode)
			}
		})
	}
	all.Wait()
}

func TestPathReachesTheAPIAsItIs(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	s.Handle("/local/", http.NotFoundHandler())
	for path, want := range map[string]string{
		// ANY /v1/{proxy+}
		"/v1/locations//cases/case-1001/related-ros": "application/problem+json",
		"/v1/locations/../health":                    "application/problem+json",
		"//v1/health":                                "application/json", // no route
	} {
		t.Run(path, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.APIURL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusNotFound || got != want {
				t.Errorf("answer is %d of type %s, want 404 of %s", response.StatusCode, got, want)
			}
		})
	}
}

func TestFunctionOfATakenPortIsNotStarted(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	var port int
	if _, err := fmt.Sscanf(s.SQSURL, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	_, err := stack.Start(t.Context(), stack.Options{Root: root, Binaries: binaries, Ports: stack.Ports{SQS: port}})
	if err == nil || !strings.Contains(err.Error(), "listen for sqs") {
		t.Errorf("error is %v, want one that names sqs", err)
	}
}

func TestMissingBinaryIsNamedAtTheStart(t *testing.T) {
	s, err := stack.Start(t.Context(), stack.Options{Root: root, Binaries: t.TempDir()})
	if err == nil {
		t.Fatal("the stack started", s.Close())
	}
	if !strings.Contains(err.Error(), "make build") {
		t.Errorf("error is %v", err)
	}
}

// The Makefile builds the deployed binaries; the tested ones must be built the same way.
func TestMakefileBuildsWithTheSameFlags(t *testing.T) {
	makefile, err := os.ReadFile(root + "/Makefile")
	if err != nil {
		t.Fatal(err)
	}
	const flags = "-tags lambda.norpc -trimpath -ldflags '-s -w -X related-ro/pkg/boot.Version=$(VERSION)'"
	if !strings.Contains(string(makefile), "BUILD_FLAGS = "+flags+"\n") {
		t.Errorf("the Makefile's BUILD_FLAGS are not %s", flags)
	}
}

// TestEnginesServeThisMachineAlone sends each engine the request that a page of another site would
// make a browser send.
func TestEnginesServeThisMachineAlone(t *testing.T) {
	s, _, _ := start(t, stack.Options{})
	for engine, address := range map[stack.Engine]string{
		stack.SQS: s.SQSURL, stack.DynamoDB: s.DynamoDBURL, stack.Karmak: s.KarmakURL + "/control/state",
	} {
		refused := func(change func(*http.Request)) bool {
			r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			return answer.StatusCode == http.StatusForbidden
		}
		if refused(func(*http.Request) {}) {
			t.Errorf("%s refuses a program on this machine", engine)
		}
		if !refused(func(r *http.Request) { r.Host = "evil.example" }) ||
			!refused(func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }) {
			t.Errorf("%s serves other sites", engine)
		}
	}
}
