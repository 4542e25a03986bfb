// Package template reads the SAM template and returns the resources that a local stack runs:
// functions, routes, queues, event source mappings and tables, with every parameter, condition and
// reference resolved. It rejects unsupported features by name, so that the local stack never
// silently differs from AWS.
package template

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"gopkg.in/yaml.v3"
)

// Config holds the values that AWS has when it creates the stack.
type Config struct {
	// Parameters override the template's defaults. A parameter that the template does not declare
	// is an error.
	Parameters map[string]string
	// StackName is AWS::StackName, the prefix of physical names.
	StackName string
	// Region and AccountID are AWS::Region and AWS::AccountId.
	Region, AccountID string
	// QueueBaseURL is the part of a queue's URL before its name, for example
	// http://127.0.0.1:9324/000000000000.
	QueueBaseURL string
}

// Stack holds the template's resources that a local stack runs.
type Stack struct {
	Functions []Function
	APIs      []API
	Queues    []Queue
	Mappings  []EventSourceMapping
	Tables    []Table
	Buses     []EventBus
	// StreamMappings are the event source mappings of tables' streams.
	StreamMappings []StreamMapping
	// Schedules are the enabled schedules.
	Schedules []Schedule
	// Parameters are the effective values, including defaults.
	Parameters map[string]string
}

// Function is one AWS::Serverless::Function with the template's Globals applied.
type Function struct {
	LogicalID string
	// Name is the physical name: stack name plus logical ID.
	Name string
	ARN  string
	// Package is the function's directory under functions/ (export for ExportFunction) and the name
	// of its native binary under bin/.
	Package     string
	Timeout     time.Duration
	MemoryMB    int
	Environment map[string]string
	// Reserved is ReservedConcurrentExecutions; 0 if the template sets none.
	Reserved int
}

// API is one AWS::Serverless::HttpApi and the routes that functions' events attach to it.
type API struct {
	LogicalID   string
	Authorizers map[string]Authorizer
	Routes      []Route
	// CORS is nil if the API has none.
	CORS *CORS
	// Rate and Burst are the default route's throttling limits: requests per second, and requests
	// at once. 0 means no limit.
	Rate  float64
	Burst int
}

// Route is one route of an API.
type Route struct {
	// Method is in upper case; ANY matches every method.
	Method string
	// Path may contain {name} for one segment and, at its end, {name+} for the rest.
	Path string
	// Function is the logical ID of the function that serves the route.
	Function string
	// Authorizer names one of the API's authorizers; it is empty for an open route.
	Authorizer string
}

// Authorizer is one JWT authorizer.
type Authorizer struct {
	IdentitySource string
	Issuer         string
	Audience       []string
}

// CORS is the API's CORS configuration; lists are as written in the template.
type CORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	AllowCredentials                                        bool
	// MaxAge is in seconds; 0 sends none.
	MaxAge int
}

// Queue is one AWS::SQS::Queue.
type Queue struct {
	LogicalID string
	Name      string
	URL       string
	ARN       string
	// Attributes are the attributes of CreateQueue, by its names: VisibilityTimeout, RedrivePolicy
	// as JSON text, and so on.
	Attributes map[string]string
}

// EventSourceMapping is one AWS::Lambda::EventSourceMapping from a queue to a function.
type EventSourceMapping struct {
	LogicalID string
	// Queue and Function are logical IDs.
	Queue, Function string
	BatchSize       int
	Window          time.Duration
	// ReportBatchItemFailures means that the function's response names the failed messages.
	ReportBatchItemFailures bool
	// MaximumConcurrency is the maximum number of concurrent batches; 0 means that the mapping sets
	// no limit.
	MaximumConcurrency int
}

// Table is one AWS::DynamoDB::Table.
type Table struct {
	LogicalID string
	Name      string
	ARN       string
	// Definition is the request that creates the table.
	Definition *dynamodb.CreateTableInput
	// TimeToLive is nil if the table has none.
	TimeToLive *types.TimeToLiveSpecification
}

// Load reads the template at path and resolves it. The error names every missing or invalid
// parameter, or the first part of the template that a local stack cannot run.
func Load(path string, config Config) (*Stack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	stack, err := Parse(text, config)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", path, err)
	}
	return stack, nil
}

// Parse is Load for a template's text.
func Parse(text []byte, config Config) (*Stack, error) {
	var document document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	parameters, err := parameterValues(document.Parameters, config.Parameters)
	if err != nil {
		return nil, err
	}
	r := &resolver{config: config, document: &document, parameters: parameters}
	if err := r.checkRules(); err != nil {
		return nil, err
	}
	return build(r)
}

// document is the unresolved template.
type document struct {
	Version     string               `yaml:"AWSTemplateFormatVersion"`
	Transform   string               `yaml:"Transform"`
	Description string               `yaml:"Description"`
	Metadata    yaml.Node            `yaml:"Metadata"`
	Parameters  map[string]parameter `yaml:"Parameters"`
	Rules       map[string]rule      `yaml:"Rules"`
	Conditions  map[string]yaml.Node `yaml:"Conditions"`
	Globals     map[string]yaml.Node `yaml:"Globals"`
	Resources   map[string]resource  `yaml:"Resources"`
	Outputs     yaml.Node            `yaml:"Outputs"`
}

type resource struct {
	Type       string    `yaml:"Type"`
	Condition  string    `yaml:"Condition"`
	Properties yaml.Node `yaml:"Properties"`
	// Only relevant on AWS.
	DependsOn           yaml.Node `yaml:"DependsOn"`
	DeletionPolicy      yaml.Node `yaml:"DeletionPolicy"`
	UpdateReplacePolicy yaml.Node `yaml:"UpdateReplacePolicy"`
	Metadata            yaml.Node `yaml:"Metadata"`
}

// Queue returns the queue with the logical ID.
func (s *Stack) Queue(logicalID string) (Queue, bool) {
	for _, q := range s.Queues {
		if q.LogicalID == logicalID {
			return q, true
		}
	}
	return Queue{}, false
}

// Table returns the table with the logical ID.
func (s *Stack) Table(logicalID string) (Table, bool) {
	for _, t := range s.Tables {
		if t.LogicalID == logicalID {
			return t, true
		}
	}
	return Table{}, false
}

// packageOf returns the package of a function: functions/export for ExportFunction.
func packageOf(logicalID string) string {
	return strings.ToLower(strings.TrimSuffix(logicalID, "Function"))
}
