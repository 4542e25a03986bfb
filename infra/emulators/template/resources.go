package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	typeFunction = "AWS::Serverless::Function"
	typeAPI      = "AWS::Serverless::HttpApi"
	typeQueue    = "AWS::SQS::Queue"
	typeMapping  = "AWS::Lambda::EventSourceMapping"
	typeTable    = "AWS::DynamoDB::Table"
	typeBus      = "AWS::Events::EventBus"
	typeSchedule = "AWS::Scheduler::Schedule"
)

// nameProperties are the properties that set a resource's physical name.
var nameProperties = map[string]string{
	typeFunction: "FunctionName", typeQueue: "QueueName", typeTable: "TableName", typeBus: "Name", "AWS::Logs::LogGroup": "LogGroupName",
}

var arnFormats = map[string]string{
	typeFunction:          "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
	typeQueue:             "arn:aws:sqs:REGION:ACCOUNT:NAME",
	typeTable:             "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME",
	typeBus:               "arn:aws:events:REGION:ACCOUNT:event-bus/NAME",
	"AWS::IAM::Role":      "arn:aws:iam::ACCOUNT:role/NAME",
	"AWS::Logs::LogGroup": "arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*",
}

// notRun are the types that have no function on a local machine: permissions, notifications, logs
// and alarms.
var notRun = []string{
	"AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy",
	"AWS::Events::EventBusPolicy",
	"AWS::SNS::Subscription", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard",
}

// build processes the resources in alphabetical order and returns the typed view.
func build(r *resolver) (*Stack, error) {
	stack := &Stack{Parameters: r.parameters}
	b := &builder{resolver: r, stack: stack, apis: map[string]*API{}, defaultAuthorizer: map[string]string{}}
	resources := r.document.Resources
	if err := b.globals(); err != nil {
		return nil, err
	}
	// APIs come first because functions attach their routes to them.
	for _, wanted := range []string{typeAPI, ""} {
		for _, id := range slices.Sorted(maps.Keys(resources)) {
			if (wanted == typeAPI) != (resources[id].Type == typeAPI) {
				continue
			}
			if err := b.add(id, resources[id]); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b.apis)) {
		stack.APIs = append(stack.APIs, *b.apis[id])
	}
	return stack, b.check()
}

type builder struct {
	*resolver
	stack  *Stack
	global map[string]any
	apis   map[string]*API
	// defaultAuthorizer is keyed by the API's logical ID.
	defaultAuthorizer map[string]string
}

// globals resolves Globals.Function, the only supported section of Globals.
func (b *builder) globals() error {
	for section, node := range b.document.Globals {
		if section != "Function" {
			return fmt.Errorf("section Globals.%s is not supported by the local stack", section)
		}
		value, err := b.resolve(&node, "Globals.Function")
		if err != nil {
			return err
		}
		b.global, _ = value.(map[string]any)
	}
	return nil
}

func (b *builder) add(id string, resource resource) error {
	if resource.Condition != "" {
		if holds, err := b.condition(resource.Condition); err != nil || !holds {
			return err
		}
	}
	if slices.Contains(notRun, resource.Type) {
		return nil
	}
	adders := map[string]func(string, map[string]any) error{
		typeAPI: b.addAPI, typeFunction: b.addFunction, typeQueue: b.addQueue, typeMapping: b.addMapping, typeTable: b.addTable,
		typeBus: b.addBus, typeSchedule: b.addSchedule,
	}
	add, ok := adders[resource.Type]
	if !ok {
		return fmt.Errorf("%s: the local stack does not support resources of type %s", id, resource.Type)
	}
	value, err := b.resolve(&resource.Properties, id)
	if err != nil {
		return err
	}
	properties, _ := value.(map[string]any)
	if err := add(id, properties); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

func (b *builder) addQueue(id string, properties map[string]any) error {
	name, err := b.physicalName(id)
	if err != nil {
		return err
	}
	attributes := map[string]string{}
	for property, value := range properties {
		switch property {
		case "QueueName":
		case "VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "DelaySeconds",
			"MaximumMessageSize", "SqsManagedSseEnabled":
			attributes[property] = scalarText(value)
		case "RedrivePolicy", "RedriveAllowPolicy":
			text, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("%s: %w", property, err)
			}
			attributes[property] = string(text)
		default:
			return fmt.Errorf("the local stack does not support property %s", property)
		}
	}
	b.stack.Queues = append(b.stack.Queues, Queue{
		LogicalID: id, Name: name, Attributes: attributes,
		URL: b.config.QueueBaseURL + "/" + name, ARN: b.arn(typeQueue, name),
	})
	return nil
}

func (b *builder) addMapping(id string, properties map[string]any) error {
	if isStream(properties) {
		return b.addStreamMapping(id, properties)
	}
	var p struct {
		EventSourceArn                 string
		FunctionName                   string
		BatchSize                      whole
		MaximumBatchingWindowInSeconds whole
		FunctionResponseTypes          []string
		ScalingConfig                  struct{ MaximumConcurrency whole }
	}
	p.BatchSize = 10 // Lambda's default for SQS
	if err := decode(properties, &p); err != nil {
		return err
	}
	reports, err := reportsFailures(p.FunctionResponseTypes)
	if err != nil {
		return err
	}
	mapping := EventSourceMapping{
		LogicalID: id, BatchSize: int(p.BatchSize), Window: seconds(p.MaximumBatchingWindowInSeconds),
		MaximumConcurrency: int(p.ScalingConfig.MaximumConcurrency), ReportBatchItemFailures: reports,
	}
	// EventSourceArn and FunctionName are resolved to physical names; check maps them back to
	// logical IDs.
	mapping.Queue, mapping.Function = p.EventSourceArn, p.FunctionName
	b.stack.Mappings = append(b.stack.Mappings, mapping)
	return nil
}

func (b *builder) addTable(id string, properties map[string]any) error {
	name, err := b.physicalName(id)
	if err != nil {
		return err
	}
	// CloudFormation names the properties as DynamoDB's API does.
	var p struct {
		dynamodb.CreateTableInput
		TimeToLiveSpecification *types.TimeToLiveSpecification
	}
	// These affect how the table is operated, not its structure.
	drop(properties, "TableName", "DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification",
		"ContributorInsightsSpecification", "OnDemandThroughput", "WarmThroughput", "Tags")
	if err := decode(properties, &p); err != nil {
		return err
	}
	p.TableName = &name
	if p.StreamSpecification != nil {
		p.StreamSpecification.StreamEnabled = aws.Bool(true)
	}
	b.stack.Tables = append(b.stack.Tables, Table{
		LogicalID: id, Name: name, ARN: b.arn(typeTable, name), Definition: &p.CreateTableInput, TimeToLive: p.TimeToLiveSpecification,
	})
	return nil
}

// check links mappings to their queues and functions and rejects the mappings that Lambda rejects
// when it creates them.
func (b *builder) check() error {
	problems := append(b.checkStreams(), b.checkSchedules()...)
	for i := range b.stack.Mappings {
		m := &b.stack.Mappings[i]
		queue := slices.IndexFunc(b.stack.Queues, func(q Queue) bool { return q.ARN == m.Queue })
		function := b.functionOf(m.Function)
		if queue < 0 || function < 0 {
			problems = append(problems, fmt.Errorf("%s: no queue %s or no function %s", m.LogicalID, m.Queue, m.Function))
			continue
		}
		q, f := b.stack.Queues[queue], b.stack.Functions[function]
		m.Queue, m.Function = q.LogicalID, f.LogicalID
		var visibility whole = 30 // SQS's default
		if text, ok := q.Attributes["VisibilityTimeout"]; ok {
			if err := visibility.UnmarshalJSON([]byte(text)); err != nil {
				problems = append(problems, fmt.Errorf("%s: VisibilityTimeout: %w", q.LogicalID, err))
			}
		}
		if time.Duration(visibility)*time.Second < f.Timeout {
			problems = append(problems, fmt.Errorf("%s: visibility timeout of %s, %d s, is less than the timeout of %s, %s",
				m.LogicalID, q.LogicalID, visibility, f.LogicalID, f.Timeout))
		}
		if m.BatchSize > 10 && m.Window < time.Second {
			problems = append(problems, fmt.Errorf("%s: a batch size over 10 needs a window of at least 1 s", m.LogicalID))
		}
	}
	return errors.Join(problems...)
}

// decode decodes resolved properties into a struct; the error names the first property that the
// struct does not have.
func decode(properties map[string]any, into any) error {
	text, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fmt.Errorf("the local stack does not support property %s", strings.Trim(name, `"`))
		}
		return err
	}
	return nil
}

func drop(properties map[string]any, names ...string) {
	for _, name := range names {
		delete(properties, name)
	}
}
