package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/gateway"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/emulators/template"
	"related-ro/pkg/boot"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// All tests share these, because they take long to create.
var (
	tables   *dynamodbtest.Server
	platform *issuer.Key
)

func TestMain(m *testing.M) {
	var err error
	if platform, err = issuer.NewKey(); err != nil {
		panic(err)
	}
	tables = dynamodbtest.Start()
	code := m.Run()
	tables.Close()
	os.Exit(code)
}

// noon is the time at the start of every test.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is the running API: the routes and the authorizer of template.yaml in front of the
// functions' handlers, with DynamoDB and SQS engines and a Karmak simulator behind them.
type world struct {
	*testing.T
	url    string
	store  *dynamo.Store
	calls  *calls // from the read function to DynamoDB
	karmak *karmaktest.Server
	queue  *sdksqs.Client
	queues map[relatedro.QueueName]sqsbatch.QueueURLs
	clock  *clock
	log    *logBuffer
	table  string
}

// clock is a clock that only tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer is a log for concurrent requests.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func anyCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{now: noon}, log: &logBuffer{}}
	w.karmak = karmaktest.Start(karmaktest.Config{ClientID: "client", ClientSecret: "secret", SubscriptionKey: "key"})
	t.Cleanup(w.karmak.Close)
	w.startQueues()

	w.table = tables.Table(t)
	w.store = dynamo.New(tables.Client(), w.table)
	w.calls = &calls{next: boot.NewTransport()}
	w.restart()
	return w
}

// restart replaces the handlers with new ones, whose caches are empty.
func (w *world) restart() {
	w.Helper()
	config := httpapi.Config{Sentence: sentence.For, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Version: "1a2b3c4", Now: w.clock.Now}
	read, err := httpapi.NewRead(config, relatedro.NewReader(dynamo.New(w.calls.client(), w.table), w.clock.Now))
	if err != nil {
		w.Fatal(err)
	}
	keys := func(context.Context) (karmak.Credentials, error) {
		return karmak.Credentials{ClientID: "client", ClientSecret: "secret", SubscriptionKey: "key"}, nil
	}
	dms := karmak.New(karmak.Config{BaseURL: w.karmak.URL, Credentials: keys, RetryDelay: time.Millisecond})
	w.Cleanup(dms.Close)
	refreshes := sqsbatch.NewRefreshQueue(w.queue, w.queues[relatedro.RefreshQueue].Source)
	letters := sqsbatch.NewDeadLetters(w.queue, w.queues, time.Now)
	admin, err := httpapi.NewAdmin(config, relatedro.NewAdmin(w.store, dms, refreshes, w.clock.Now), letters)
	if err != nil {
		w.Fatal(err)
	}
	w.startGateway(map[string]*httpapi.Handler{"ReadFunction": read, "AdminFunction": admin})
}

func (w *world) startQueues() {
	w.Helper()
	engine, client, endpoint := sqstest.Start(w.T, sqsengine.Config{})
	w.queue = client
	w.queues = make(map[relatedro.QueueName]sqsbatch.QueueURLs)
	for _, name := range []relatedro.QueueName{relatedro.ExportQueue, relatedro.CloseQueue, relatedro.RefreshQueue} {
		source, dead := string(name), string(name)+"-dlq"
		for _, queue := range []string{source, dead} {
			if err := engine.CreateQueue(queue, nil); err != nil {
				w.Fatal(err)
			}
		}
		w.queues[name] = sqsbatch.QueueURLs{Source: endpoint + engine.QueueURL(source), DeadLetters: endpoint + engine.QueueURL(dead)}
	}
}

// stack returns the resources in template.yaml.
func stack(t testing.TB) *template.Stack {
	t.Helper()
	stack, err := template.Load("../../template.yaml", template.Config{
		StackName: "test", Region: "us-east-1", AccountID: "000000000000", QueueBaseURL: "http://127.0.0.1/000000000000",
		Parameters: map[string]string{
			"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak-AbCdEf",
			"ProducerPrincipal":          "arn:aws:iam::000000000000:root",
			"JwtIssuer":                  issuer.Issuer,
			"JwtAudience":                issuer.Audience,
			// The clock does not advance, so the rate limit would never be replenished.
			"ApiRateLimit": "10000", "ApiBurstLimit": "10000",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func (w *world) startGateway(handlers map[string]*httpapi.Handler) {
	w.Helper()
	id, public := platform.Public()
	server := httptest.NewServer(gateway.New(gateway.Config{
		API: stack(w).APIs[0], Keys: map[string]*rsa.PublicKey{id: public}, AccountID: "000000000000", Now: w.clock.Now,
		Invoke: func(ctx context.Context, function string, event []byte) (lambdaengine.Result, error) {
			handler, ok := handlers[function]
			if !ok {
				return lambdaengine.Result{}, fmt.Errorf("unknown function %s", function)
			}
			payload, err := handler.Invoke(ctx, event)
			return lambdaengine.Result{Payload: payload}, err
		},
	}))
	w.Cleanup(server.Close)
	w.url = server.URL
}

// calls counts the requests of an SDK client by operation.
type calls struct {
	next http.RoundTripper
	mu   sync.Mutex
	made map[string]int
}

// RoundTrip counts the request and forwards it.
func (c *calls) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.mu.Lock()
	if c.made == nil {
		c.made = make(map[string]int)
	}
	c.made[operation]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// take returns the counts since the previous call.
func (c *calls) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.made
	c.made = nil
	return made
}

func (c *calls) client() *sdkdynamodb.Client {
	return sdkdynamodb.New(sdkdynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(tables.URL()), HTTPClient: &http.Client{Transport: c},
		Credentials: aws.CredentialsProviderFunc(anyCredentials),
	})
}

// caller is a client with or without a token.
type caller struct {
	*world
	token string
}

// as returns a caller with one role at the given locations.
func (w *world) as(role relatedro.Role, locations ...string) caller {
	w.Helper()
	return w.claiming(map[string]any{"sub": "user-7", "roles": []string{string(role)}, "locations": locations})
}

// claiming returns a caller with a token of the given claims that is valid for an hour.
func (w *world) claiming(claims map[string]any) caller {
	w.Helper()
	all := map[string]any{"iss": issuer.Issuer, "aud": issuer.Audience, "iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	token, err := platform.Sign(all)
	if err != nil {
		w.Fatal(err)
	}
	return caller{w, token}
}

// stranger returns a caller without a token.
func (w *world) stranger() caller { return caller{world: w} }

// response is a response of the API.
type response struct {
	status  int
	header  http.Header
	body    string
	gzipped bool // in transit
}

// send sends a request and validates the response against the contract. headers contains
// alternating names and values.
func (c caller) send(method, path, body string, headers ...string) response {
	c.Helper()
	return c.sendTo(c.url, method, path, body, headers...)
}

func (c caller) sendTo(url, method, path, body string, headers ...string) response {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Fatal(err)
	}
	if ours := answer.Header.Get("Referrer-Policy") != ""; ours && len(text) > 0 && !answer.Uncompressed &&
		!bytes.HasSuffix(text, []byte("\n")) {
		c.Errorf("%s %s: the response does not end with a newline", method, path)
	}
	r := response{answer.StatusCode, answer.Header, strings.TrimSuffix(string(text), "\n"), answer.Uncompressed}
	holdAgainstContract(c, request, body, r)
	return r
}

func (c caller) get(path string, headers ...string) response {
	c.Helper()
	return c.send("GET", path, "", headers...)
}

// want fails the test immediately unless the response has this status.
func (r response) want(t testing.TB, status int) response {
	t.Helper()
	if r.status != status {
		t.Fatalf("got status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// problem fails the test immediately unless the response is this problem with these fields.
func (r response) problem(t testing.TB, status int, kind string, fields ...string) {
	t.Helper()
	var p struct {
		Type, Instance string
		Status         int
		Fields         []struct{ Field string }
	}
	r.decode(t, &p)
	var named []string
	for _, f := range p.Fields {
		named = append(named, f.Field)
	}
	if r.status != status || p.Status != status || p.Type != kind || strings.Join(named, " ") != strings.Join(fields, " ") {
		t.Fatalf("got %d %s, want %d %s with fields %v", r.status, r.body, status, kind, fields)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("unexpected content type %q", got)
	}
	if p.Instance == "" || p.Instance != r.header.Get("X-Request-Id") {
		t.Errorf("instance is %q, but the request id is %q", p.Instance, r.header.Get("X-Request-Id"))
	}
}

func (r response) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
}
