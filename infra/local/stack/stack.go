// Package stack runs the whole system on one machine from template.yaml: the functions' own
// binaries, the HTTP API, the queues with their event source mappings, the table and a simulated
// Karmak, each behind the wire protocol that it has on AWS. Tests start it the same way as `go run
// ./infra/local`.
package stack

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/gateway"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/emulators/template"
	"related-ro/infra/local/near"
	"related-ro/pkg/boot"
	"related-ro/pkg/karmak/karmaktest"
)

const (
	// Name is AWS::StackName here, and so the prefix of the queues' names: case-export, case-close.
	Name = "case"
	// Region is the stack's simulated region.
	Region = "us-east-1"
	// tokenLifetime covers a working day.
	tokenLifetime = 12 * time.Hour
)

// Stack is a running system. Create one with Start and end it with Close.
type Stack struct {
	// APIURL, SQSURL, DynamoDBURL, EventsURL and KarmakURL are the engines' addresses, without a
	// trailing slash.
	APIURL, SQSURL, DynamoDBURL, EventsURL, KarmakURL string
	// Template is the resolved template of the stack.
	Template *template.Stack
	// Queues, Tables and Karmak are the embedded engines, for access that no wire protocol offers.
	Queues *sqsengine.Engine
	Tables *dynamodbengine.Engine
	Karmak *karmaktest.Simulator

	options   Options
	key       *issuer.Key
	http      *http.Client                      // shared by the engines' clients
	functions map[string]*lambdaengine.Function // by logical ID
	beside    *http.ServeMux                    // handlers added by Handle
	servers   []*http.Server
	listeners map[Engine]net.Listener
	// mappings cancels the context up, which ends the event source mappings and everything started
	// by Beside; running waits for them and for the servers.
	mappings context.CancelFunc
	up       context.Context
	running  sync.WaitGroup
	// binaries is the functions' directory; scratch is the same directory if Start built them, and
	// empty otherwise.
	binaries, scratch string
}

// Start starts a stack and returns when everything in it is ready. ctx bounds only the start. After
// an error nothing is left running.
func Start(ctx context.Context, options Options) (*Stack, error) {
	up, down := context.WithCancel(context.Background())
	s := &Stack{
		up: up, mappings: down, options: options, key: options.Key, http: &http.Client{Transport: boot.NewTransport()},
		functions: map[string]*lambdaengine.Function{}, beside: http.NewServeMux(),
		listeners: map[Engine]net.Listener{},
	}
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("start local stack: %w", err)
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if s.key == nil {
		key, err := issuer.NewKey()
		if err != nil {
			return err
		}
		s.key = key
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	if err := s.findBinaries(ctx); err != nil {
		return err
	}
	if err := s.serveEngines(); err != nil {
		return err
	}
	if err := s.createTables(ctx); err != nil {
		return err
	}
	if err := s.createQueues(ctx); err != nil {
		return err
	}
	if err := s.createBuses(ctx); err != nil {
		return err
	}
	s.makeFunctions()
	s.serveAPI()
	return s.startMappings(ctx)
}

// listen opens all ports before any engine needs their numbers. The error names every unavailable
// port.
func (s *Stack) listen(ctx context.Context) error {
	var problems []error
	take := func(engine Engine, port int, url *string) {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(s.options.host(), strconv.Itoa(port)))
		if err != nil {
			problems = append(problems, fmt.Errorf("listen for %s: %w", engine, err))
			return
		}
		s.listeners[engine] = listener
		*url = "http://" + listener.Addr().String()
	}
	ports := s.options.Ports
	take(API, ports.API, &s.APIURL)
	take(SQS, ports.SQS, &s.SQSURL)
	take(DynamoDB, ports.DynamoDB, &s.DynamoDBURL)
	take(Events, ports.Events, &s.EventsURL)
	take(Karmak, ports.Karmak, &s.KarmakURL)
	return errors.Join(problems...)
}

func (s *Stack) load() error {
	// Parameters without a default in the template, which a deployment has to set.
	parameters := map[string]string{
		"KarmakBaseUrl":              s.KarmakURL,
		"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:" + Region + ":" + sqsengine.Account + ":secret:karmak",
		"ProducerPrincipal":          "arn:aws:iam::" + sqsengine.Account + ":root",
		"JwtIssuer":                  issuer.Issuer,
		"JwtAudience":                issuer.Audience,
	}
	maps.Copy(parameters, s.options.Parameters)
	loaded, err := template.Load(filepath.Join(s.options.Root, "template.yaml"), template.Config{
		Parameters: parameters, StackName: Name, Region: Region, AccountID: sqsengine.Account,
		QueueBaseURL: s.SQSURL + "/" + sqsengine.Account,
	})
	if err != nil {
		return err
	}
	if len(loaded.APIs) != 1 {
		return fmt.Errorf("the template has %d APIs, but the local stack serves exactly one", len(loaded.APIs))
	}
	s.Template = loaded
	return nil
}

func (s *Stack) serveEngines() error {
	queues := s.options.Queues
	queues.Region, queues.BaseURL, queues.Observe = Region, s.SQSURL, s.options.Observe.SQS
	s.Queues = sqsengine.New(queues)
	s.Tables = dynamodbengine.New()
	s.Karmak = karmaktest.New(karmaktest.Config{
		ClientID: KarmakClientID, ClientSecret: KarmakClientSecret, SubscriptionKey: KarmakSubscriptionKey,
		Observe: s.options.Observe.Karmak,
	})
	for engine, embedded := range map[Engine]http.Handler{SQS: s.Queues, DynamoDB: s.Tables, Events: s.newBus(), Karmak: s.Karmak} {
		handler, err := s.options.engine(engine, embedded)
		if err != nil {
			return err
		}
		s.serve(engine, handler)
	}
	return nil
}

func (s *Stack) serveAPI() {
	id, public := s.key.Public()
	api := gateway.New(gateway.Config{
		API: s.Template.APIs[0], Keys: map[string]*rsa.PublicKey{id: public}, AccountID: sqsengine.Account,
		Observe: s.options.Observe.Access,
		Invoke: func(ctx context.Context, function string, event []byte) (lambdaengine.Result, error) {
			return s.functions[function].Invoke(ctx, event)
		},
	})
	s.serve(API, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The API is not a pattern of the mux: the mux would redirect /v1//x, which API Gateway
		// accepts unchanged.
		if _, pattern := s.beside.Handler(r); pattern != "" {
			s.beside.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}))
}

// Handle adds a handler that is not part of the system, such as a console, on the API's port. The
// pattern is one of http.ServeMux.
func (s *Stack) Handle(pattern string, handler http.Handler) { s.beside.Handle(pattern, handler) }

// Beside runs a task that is not part of the system, such as a subscriber to its events, until
// Close.
func (s *Stack) Beside(run func(context.Context)) { s.running.Go(func() { run(s.up) }) }

func (s *Stack) serve(engine Engine, handler http.Handler) {
	handler = s.options.wrap(engine, handler)
	if engine != API { // the API's callers authenticate with tokens
		handler = near.Only(handler)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	listener := s.listeners[engine]
	delete(s.listeners, engine) // the server owns it now
	s.running.Go(func() { _ = server.Serve(listener) })
}

// Token returns a token for a subject with one role at the locations; "*" means all locations.
func (s *Stack) Token(role string, locations ...string) (string, error) {
	return s.key.Token(issuer.Grant{
		Subject: role + "@local", Roles: []string{role}, Locations: locations, Issued: time.Now(), Lifetime: tokenLifetime,
	})
}

// Key returns the key that the API trusts.
func (s *Stack) Key() *issuer.Key { return s.key }

// Kill ends all processes of the function with the package by SIGKILL, as a crash would, and
// returns how many there were.
func (s *Stack) Kill(pkg string) int {
	for _, f := range s.Template.Functions {
		if f.Package == pkg {
			return s.functions[f.LogicalID].Kill()
		}
	}
	return 0
}

// QueueURL returns the queue's URL, as passed to the functions, by the queue's logical ID.
func (s *Stack) QueueURL(logicalID string) string {
	queue, _ := s.Template.Queue(logicalID)
	return queue.URL
}

// SQSClient returns a client of the queues.
func (s *Stack) SQSClient() *awssqs.Client {
	return awssqs.New(awssqs.Options{Region: Region, BaseEndpoint: &s.SQSURL, Credentials: credentials{}, HTTPClient: s.http})
}

// DynamoDBClient returns a client of the tables.
func (s *Stack) DynamoDBClient() *awsdynamodb.Client {
	return awsdynamodb.New(awsdynamodb.Options{Region: Region, BaseEndpoint: &s.DynamoDBURL, Credentials: credentials{},
		HTTPClient: s.http})
}

// Close stops the stack and returns when none of its processes, ports or goroutines is left. Work
// in progress fails.
func (s *Stack) Close() error {
	s.mappings()
	if s.Queues != nil {
		s.Queues.Close()
	}
	var functions sync.WaitGroup
	for _, f := range s.functions {
		functions.Go(f.Close)
	}
	functions.Wait()
	var problems []error
	for _, server := range s.servers {
		problems = append(problems, server.Close())
	}
	for _, listener := range s.listeners {
		problems = append(problems, listener.Close())
	}
	s.running.Wait()
	s.http.CloseIdleConnections()
	if s.scratch != "" {
		problems = append(problems, os.RemoveAll(s.scratch))
	}
	return errors.Join(problems...)
}

// credentials are fake: the engines check no signature.
type credentials struct{}

// Retrieve implements aws.CredentialsProvider.
func (credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, Source: "local stack"}, nil
}
