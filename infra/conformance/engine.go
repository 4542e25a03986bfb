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

	"related-ro/infra/local/dynamodb/dynamodbtest"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/sqs/sqstest"
	"related-ro/infra/tools"
)

// embedded names the engines that are part of infra/local: nothing to install or to start.
const embedded = "embedded"

// service is a wire protocol.
type service string

const (
	dynamoDB service = "DynamoDB"
	sqs      service = "SQS"
	events   service = "EventBridge"
)

// engine is a program that plays one or more AWS services.
type engine struct {
	name, version, origin string
	services              []service
	install               tools.Installer
	// command is what to run so that it serves at 127.0.0.1 and the port; directory is where it was installed.
	command func(directory string, port int) []string
	// variables are added to its environment.
	variables []string
	// mixesUp is set for an engine that does not keep requests apart that come at the same time: DynamoDB is then asked for one
	// thing at a time.
	mixesUp bool
}

// engines returns all that are known, in the order of the report.
func engines() []engine {
	return []engine{
		{name: embedded, version: "", origin: "infra/local", services: []service{dynamoDB, sqs, events}},
		{
			name: "moto", version: "5.2.5", origin: "PyPI moto[server]", services: []service{dynamoDB, sqs, events},
			install: tools.Python("moto[server]==5.2.5"),
			command: func(directory string, port int) []string {
				return []string{filepath.Join(directory, "bin", "moto_server"), "-H", "127.0.0.1", "-p", strconv.Itoa(port)}
			},
			// The account that the embedded queues have, so that ARNs written for them fit.
			variables: []string{"MOTO_ACCOUNT_ID=000000000000"},
			// Its threads share tables without a lock, and a transaction that fails puts the whole table back as it was before.
			mixesUp: true,
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

// choose returns the engines of the names, separated by spaces; all if there are none.
func choose(names string) ([]engine, error) {
	all := engines()
	if strings.TrimSpace(names) == "" {
		return all, nil
	}
	var chosen []engine
	for _, name := range strings.Fields(names) {
		i := slices.IndexFunc(all, func(e engine) bool { return e.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no engine %s, only %s", name, strings.Join(engineNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// serves says whether the engine has a service that the suite is about.
func (e engine) serves(s suite) bool {
	return slices.ContainsFunc(e.services, func(has service) bool { return slices.Contains(s.services, has) })
}

// environment tells tests where the engine is; what it does not serve stays with the embedded engines.
func (e engine) environment(url string) []string {
	if e.name == embedded {
		return nil
	}
	variables := map[service]string{dynamoDB: dynamodbtest.EndpointVariable, sqs: sqstest.EndpointVariable, events: platform.EndpointVariable}
	var environment []string
	for _, s := range e.services {
		environment = append(environment, variables[s]+"="+url)
	}
	return environment
}

// start installs the engine if it is not there, starts it, and returns when it answers. An *unavailableError says that it
// cannot be had on this machine.
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

// unavailableError is why an engine cannot be had.
type unavailableError struct{ err error }

// Error implements error.
func (e *unavailableError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *unavailableError) Unwrap() error { return e.err }

// only returns an tools.Installer that works on one platform, say linux/amd64.
func only(platform string, install tools.Installer) tools.Installer {
	return func(ctx context.Context, directory string) error {
		if here := runtime.GOOS + "/" + runtime.GOARCH; here != platform {
			return errors.New("it exists for " + platform + ", not for " + here)
		}
		return install(ctx, directory)
	}
}
