package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/checks/tools"
	"related-ro/infra/local/platform"
)

// embedded is the name of the engines in infra/local: they need no installation or process.
const embedded = "embedded"

// service is an AWS service, by its wire protocol.
type service string

const (
	dynamoDB service = "DynamoDB"
	sqs      service = "SQS"
	events   service = "EventBridge"
)

// engine is a program that emulates one or more AWS services.
type engine struct {
	name, version, origin string
	services              []service
	install               tools.Installer
	// command returns the command that serves at 127.0.0.1 on the port; directory is the
	// installation directory.
	command func(directory string, port int) []string
	// variables are additional environment variables of the command.
	variables []string
	// mixesUp is set for an engine that does not isolate concurrent requests; DynamoDB requests are
	// then sent one at a time.
	mixesUp bool
	// skips are the suites that the engine is too slow for: its answers outlast the SDK's patience,
	// and it does not know a repeated transaction by its token.
	skips []string
}

// engines returns all known engines, in the order of the report.
func engines() []engine {
	return []engine{
		{name: embedded, version: "", origin: "infra/local", services: []service{dynamoDB, sqs, events}},
		{
			name: "moto", version: "5.2.5", origin: "PyPI moto[server]", services: []service{dynamoDB, sqs, events},
			install: tools.Python("moto[server]==5.2.5"),
			command: func(directory string, port int) []string {
				return []string{filepath.Join(directory, "bin", "moto_server"), "-H", "127.0.0.1", "-p", strconv.Itoa(port)}
			},
			// The account of the embedded queues, so that ARNs written for them match.
			variables: []string{"MOTO_ACCOUNT_ID=000000000000"},
			// Its threads share tables without a lock, and a failed transaction restores the whole
			// table.
			mixesUp: true,
			skips:   []string{"end to end", "story"},
		},
		{
			name: "dynamodb-local", version: "3.1.0", origin: "Maven software.amazon.dynamodb:DynamoDBLocal",
			services: []service{dynamoDB},
			install:  tools.Maven("software.amazon.dynamodb", "DynamoDBLocal", "3.1.0"),
			command: func(directory string, port int) []string {
				return []string{
					"java", "-Djava.library.path=" + directory, "-cp", filepath.Join(directory, "*"),
					"software.amazon.dynamodb.services.local.main.ServerRunner",
					"-inMemory", "-disableTelemetry", "-port", strconv.Itoa(port),
				}
			},
			variables: []string{"DDB_LOCAL_TELEMETRY=0"},
		},
		{
			name: "dynoxide", version: "1.2.1", origin: "npm @dynoxide/linux-x64", services: []service{dynamoDB},
			install: only("linux/amd64", tools.NPM("@dynoxide/linux-x64@1.2.1")),
			command: func(directory string, port int) []string {
				binary := filepath.Join(directory, "node_modules", "@dynoxide", "linux-x64", "dynoxide")
				return []string{binary, "serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port)}
			},
		},
		{
			name: "elasticmq", version: "1.6.14", origin: "Maven org.elasticmq:elasticmq-server_2.13", services: []service{sqs},
			install: tools.Maven("org.elasticmq", "elasticmq-server_2.13", "1.6.14"),
			command: func(directory string, port int) []string {
				return []string{
					"java", "-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-sqs.bind-port=" + strconv.Itoa(port),
					"-Drest-stats.enabled=false", "-cp", filepath.Join(directory, "*"), "org.elasticmq.server.Main",
				}
			},
		},
	}
}

func engineNames() []string {
	var names []string
	for _, e := range engines() {
		names = append(names, e.name)
	}
	return names
}

// choose returns the engines with the given names, separated by spaces; an empty list selects all.
func choose(names string) ([]engine, error) {
	all := engines()
	if strings.TrimSpace(names) == "" {
		return all, nil
	}
	var chosen []engine
	for _, name := range strings.Fields(names) {
		i := slices.IndexFunc(all, func(e engine) bool { return e.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no engine %s; the engines are %s", name, strings.Join(engineNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// serves reports whether the engine has a service that the suite tests.
func (e engine) serves(s suite) bool {
	return !slices.Contains(e.skips, s.name) && slices.ContainsFunc(e.services,
		func(has service) bool { return slices.Contains(s.services, has) })
}

// environment returns the variables that point tests at the engine. The embedded engines provide
// all other services.
func (e engine) environment(url string) []string {
	if e.name == embedded {
		return nil
	}
	variables := map[service]string{dynamoDB: dynamodbtest.EndpointVariable, sqs: sqstest.EndpointVariable,
		events: platform.EndpointVariable}
	var environment []string
	for _, s := range e.services {
		environment = append(environment, variables[s]+"="+url)
	}
	return environment
}

// start installs the engine if necessary, starts it, and returns when it responds. An
// *unavailableError means that it is not available on this machine.
func (e engine) start(ctx context.Context, cache string) (*process, error) {
	if e.name == embedded {
		return &process{}, nil
	}
	directory := filepath.Join(cache, e.name+"-"+e.version)
	if err := tools.Once(ctx, directory, e.install); err != nil {
		return nil, &unavailableError{fmt.Errorf("install %s: %w", e.origin, err)}
	}
	port, err := tools.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	running, err := startProcess(ctx, e.command(directory, port), e.variables, port, filepath.Join(cache, e.name+".log"))
	if err != nil || !e.mixesUp {
		return running, err
	}
	if running.url, running.front, err = gate(ctx, running.url); err != nil {
		return nil, errors.Join(err, running.stop())
	}
	return running, nil
}

// unavailableError explains why an engine is not available.
type unavailableError struct{ err error }

// Error implements error.
func (e *unavailableError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *unavailableError) Unwrap() error { return e.err }

// only returns a tools.Installer that supports a single platform, for example linux/amd64.
func only(platform string, install tools.Installer) tools.Installer {
	return func(ctx context.Context, directory string) error {
		if machine := runtime.GOOS + "/" + runtime.GOARCH; machine != platform {
			return errors.New("available for " + platform + ", not for " + machine)
		}
		return install(ctx, directory)
	}
}
