package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"related-ro/infra/checks/sam/samconfig"
)

// promises returns all requirements on the CloudFormation. uses are the functions' AWS calls,
// groups the dimensions of their metrics, runbook the anchors of the runbook.
func promises(uses map[string]use, groups map[string][][]string, runbook map[string]bool) []promise {
	return []promise{
		{"the translator has no warnings", func(f *formation) []string { return f.Warnings }},
		{"parameters are explained and bounded", boundedParameters},
		{"everything is tagged", tagged},
		{"each function may do what it does and no more", func(f *formation) []string { return leastPrivilege(f, uses) }},
		{"each function may use the resources in its environment and no more",
			func(f *formation) []string { return ownResources(f, uses) }},
		{"functions have a log with a retention, JSON lines, and X-Ray where it is asked for", watchedFunctions},
		{"functions have time, and mappings a bound", bounds},
		{"the table is safe", safeTable},
		{"the queues are safe", safeQueues},
		{"what is read of the table's stream outlives trouble and is never dropped unseen", safeStreams},
		{"the bus is the case platform's to subscribe to, and nothing else", busPolicy},
		{"queues take messages from the case platform alone, encrypted", queuePolicies},
		{"the API is logged, throttled and closed", safeAPI},
		{"nothing has a name that forbids a second stack", noFixedNames},
		{"other stacks find what they need", outputs},
		{"alarms have a description and a topic", func(f *formation) []string { return alarms(f, runbook) }},
		{"topics have subscribers", subscribed},
		{"the dashboard shows every function", dashboardShowsFunctions},
		{"alarms look at metrics that there are", func(f *formation) []string { return metricsExist(f, groups) }},
		{"what must be known at once is paged, the rest is a ticket", pagesAndTickets},
		{"every deployment publishes a version of every function", published},
		{"every function but the console is deployed by a canary whose brakes can brake", brakes},
	}
}

// functionProperties are the properties of AWS::Lambda::Function that the promises check.
type functionProperties struct {
	Role                         value
	Timeout                      value
	Environment                  struct{ Variables map[string]value }
	TracingConfig                struct{ Mode string }
	ReservedConcurrentExecutions value
	LoggingConfig                struct {
		LogFormat, ApplicationLogLevel, SystemLogLevel string
		LogGroup                                       value
	}
}

// folder returns the function's directory below functions/.
func folder(id string) string { return strings.ToLower(strings.TrimSuffix(id, "Function")) }

type mappingProperties struct {
	EventSourceArn, FunctionName   value
	DestinationConfig              struct{ OnFailure struct{ Destination value } }
	MaximumBatchingWindowInSeconds value
	ScalingConfig                  struct{ MaximumConcurrency value }
}

type scheduleProperties struct{ Target struct{ Arn value } }

// function returns the logical ID of the mapping's function; the mapping names an alias of it.
func (m mappingProperties) function() string {
	id, _, _ := strings.Cut(string(m.FunctionName), "Alias")
	return id
}

// resources returns the logical IDs of the resources that Lambda uses with the function's role.
func (m mappingProperties) resources() (ids []string) {
	for _, arn := range []value{m.EventSourceArn, m.DestinationConfig.OnFailure.Destination} {
		if id, _, _ := strings.Cut(string(arn), "."); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// actions returns the AWS actions that Lambda performs with the function's role.
func (m mappingProperties) actions() []string {
	if !m.stream() {
		return []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
	}
	actions := []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
	if m.DestinationConfig.OnFailure.Destination != "" {
		actions = append(actions, "sqs:SendMessage")
	}
	return actions
}

// stream reports whether the mapping reads a table's stream.
func (m mappingProperties) stream() bool {
	return strings.HasSuffix(string(m.EventSourceArn), ".StreamArn")
}

type roleProperties struct {
	ManagedPolicyArns values
	Policies          []struct{ PolicyDocument policy }
}

type policy struct{ Statement []statement }

type statement struct {
	Effect           string
	Action, Resource values
	Principal        any
	Condition        any
}

// leastPrivilege compares each function's policy with the AWS calls of its code and of Lambda on
// its behalf.
func leastPrivilege(f *formation, uses map[string]use) (problems []string) {
	byLambda := make(map[string][]string)
	each(f, "AWS::Lambda::EventSourceMapping", func(_ string, _ resource, m mappingProperties) {
		byLambda[m.function()] = append(byLambda[m.function()], m.actions()...)
	})
	roles := make(map[string]roleProperties)
	each(f, "AWS::IAM::Role", func(id string, _ resource, role roleProperties) { roles[id] = role })
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) {
		needed := neededActions(uses[folder(id)], byLambda[id])
		role := roles[strings.TrimSuffix(string(function.Role), ".Arn")]
		if len(role.ManagedPolicyArns) > 0 {
			problems = append(problems, id+" has a managed policy, which knows no resources of ours")
		}
		allowed := make(map[string]bool)
		index := false
		for _, p := range role.Policies {
			for _, s := range p.PolicyDocument.Statement {
				problems = append(problems, wildcards(id, s)...)
				for _, action := range s.Action {
					allowed[string(action)] = true
				}
				index = index || slices.ContainsFunc(s.Resource, func(r value) bool { return strings.Contains(string(r), "/index/") })
			}
		}
		for _, action := range slices.Sorted(maps.Keys(needed)) {
			if !allowed[action] {
				problems = append(problems, id+" needs "+action+", which its role does not allow")
			}
		}
		for _, action := range slices.Sorted(maps.Keys(allowed)) {
			if !needed[action] {
				problems = append(problems, id+" is allowed "+action+", which it never asks")
			}
		}
		if index != uses[folder(id)].index {
			problems = append(problems, fmt.Sprintf("%s queries the index: %t, may do so: %t", id, uses[folder(id)].index, index))
		}
	})
	return problems
}

// neededActions adds the actions that Lambda performs on the function's behalf.
func neededActions(u use, byLambda []string) map[string]bool {
	needed := map[string]bool{
		"logs:CreateLogStream": true, "logs:PutLogEvents": true,
		"xray:PutTraceSegments": true, "xray:PutTelemetryRecords": true,
	}
	maps.Copy(needed, u.actions)
	for _, action := range byLambda {
		needed[action] = true
	}
	return needed
}

// wildcards returns the wildcards of a statement. The two X-Ray actions do not support resources.
func wildcards(id string, s statement) (problems []string) {
	xray := !slices.ContainsFunc(s.Action, func(action value) bool { return !strings.HasPrefix(string(action), "xray:") })
	for _, action := range s.Action {
		if strings.Contains(string(action), "*") {
			problems = append(problems, id+" has the wildcard action "+string(action))
		}
	}
	for _, r := range s.Resource {
		if strings.Contains(string(r), "*") && !xray {
			problems = append(problems, id+" has a wildcard resource for "+strings.Join(s.Action.names(), ", "))
		}
	}
	return problems
}

// ownResources compares the tables, queues, buses and secrets in each function's policy with those
// in its variables and event source mappings. Variables of a function without AWS calls are
// ignored, because every function gets the global ones.
func ownResources(f *formation, uses map[string]use) (problems []string) {
	roles := make(map[string]roleProperties)
	each(f, "AWS::IAM::Role", func(id string, _ resource, role roleProperties) { roles[id] = role })
	byLambda := make(map[string][]string)
	each(f, "AWS::Lambda::EventSourceMapping", func(_ string, _ resource, m mappingProperties) {
		byLambda[m.function()] = append(byLambda[m.function()], m.resources()...)
	})
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) {
		named, allowed := make(map[string]bool), make(map[string]bool)
		for _, name := range byLambda[id] {
			named[name] = true
		}
		for _, variable := range function.Environment.Variables {
			kind := f.Template.Resources[string(variable)].Type
			ours := kind == "AWS::SQS::Queue" || kind == "AWS::DynamoDB::Table" || kind == "AWS::Events::EventBus" ||
				string(variable) == f.Parameters["KarmakCredentialsSecretArn"]
			if ours && len(uses[folder(id)].actions) > 0 {
				named[string(variable)] = true
			}
		}
		for _, p := range roles[strings.TrimSuffix(string(function.Role), ".Arn")].Policies {
			for _, s := range p.PolicyDocument.Statement {
				for _, r := range s.Resource {
					name, _, _ := strings.Cut(strings.TrimPrefix(string(r), "${"), ".")
					if kind := f.Template.Resources[name].Type; kind != "AWS::Logs::LogGroup" && name != "*" {
						allowed[name] = true
					}
				}
			}
		}
		if !maps.Equal(named, allowed) {
			problems = append(problems, fmt.Sprintf("%s has %v in its environment and is allowed %v", id,
				slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(allowed))))
		}
	})
	return problems
}

// boundedParameters checks that every parameter has a description and a constraint.
func boundedParameters(f *formation) (problems []string) {
	for id, p := range f.Template.Parameters {
		if p.Description == "" {
			problems = append(problems, "parameter "+id+" is not explained")
		}
		bounded := len(p.AllowedValues) > 0 || p.AllowedPattern != "" || p.MinLength != "" || p.MinValue != "" && p.MaxValue != ""
		if !bounded {
			problems = append(problems, "parameter "+id+" takes anything")
		}
	}
	return problems
}

// tagged checks the stack's tags, which CloudFormation applies to every taggable resource.
func tagged(f *formation) (problems []string) {
	for tag, want := range map[string]string{"application": "related-ro", "stage": f.Parameters["Stage"]} {
		if f.Tags[tag] != want {
			problems = append(problems, fmt.Sprintf("tag %s is %q, want %q", tag, f.Tags[tag], want))
		}
	}
	return problems
}

func watchedFunctions(f *formation) (problems []string) {
	retention := make(map[string]float64)
	each(f, "AWS::Logs::LogGroup", func(id string, _ resource, group struct{ RetentionInDays value }) {
		retention[id] = group.RetentionInDays.number()
		if retention[id] == 0 {
			problems = append(problems, id+" is kept for ever")
		}
	})
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) {
		if function.LoggingConfig.LogFormat != "JSON" || retention[string(function.LoggingConfig.LogGroup)] == 0 {
			problems = append(problems, id+" does not log JSON into a log group of the stack")
		}
		if function.LoggingConfig.ApplicationLogLevel != "DEBUG" {
			problems = append(problems, id+" has lines dropped by Lambda, whatever its LOG_LEVEL")
		}
		if function.LoggingConfig.SystemLogLevel != "WARN" {
			problems = append(problems, id+" pays for Lambda's own lines about what went well")
		}
		if want := f.Parameters["Tracing"]; function.TracingConfig.Mode != want {
			problems = append(problems, fmt.Sprintf("%s has tracing %q, asked for is %q", id, function.TracingConfig.Mode, want))
		}
	})
	return problems
}

// published checks that a function's version is named after the deployment: otherwise a changed
// parameter does not take effect.
func published(f *formation) (problems []string) {
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) {
		if f.Template.Resources[id+"Version"+f.Parameters[samconfig.ReleaseParameter]].Type != "AWS::Lambda::Version" {
			problems = append(problems, id+" is not published by a deployment that changes a parameter alone: set its "+
				"AutoPublishCodeSha256")
		}
		if string(function.Environment.Variables["RELEASE"]) != f.Parameters[samconfig.ReleaseParameter] {
			problems = append(problems, id+" does not change with a deployment, so Lambda publishes no version: set its variable RELEASE")
		}
	})
	return problems
}

// bounds checks timeouts and concurrency limits against each other.
func bounds(f *formation) (problems []string) {
	timeout := make(map[string]float64)
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) { timeout[id] = function.Timeout.number() })
	visibility := make(map[string]float64)
	each(f, "AWS::SQS::Queue", func(id string, _ resource, queue queueProperties) {
		visibility[id+".Arn"] = queue.VisibilityTimeout.number()
	})
	polls := make(map[string]bool) // functions that no user waits for
	each(f, "AWS::Lambda::EventSourceMapping", func(id string, _ resource, m mappingProperties) {
		if m.stream() { // reads one batch per shard, acknowledged by position
			polls[m.function()] = true
			return
		}
		polls[m.function()] = true
		if m.ScalingConfig.MaximumConcurrency.number() == 0 {
			problems = append(problems, id+" has no bound of concurrency")
		}
		if least := 6*timeout[m.function()] + m.MaximumBatchingWindowInSeconds.number(); visibility[string(m.EventSourceArn)] < least {
			problems = append(problems, fmt.Sprintf("%s: visibility must be at least %.0f s", id, least))
		}
	})
	each(f, "AWS::Lambda::Function", func(id string, _ resource, function functionProperties) {
		if id == "AdminFunction" && function.ReservedConcurrentExecutions.number() == 0 {
			problems = append(problems, id+" may ask Karmak for as many people at once as the API lets in")
		}
	})
	each(f, "AWS::Scheduler::Schedule", func(_ string, _ resource, s scheduleProperties) {
		id, _, _ := strings.Cut(string(s.Target.Arn), "Alias")
		polls[id] = true
	})
	for id, seconds := range timeout {
		if !polls[id] && seconds > 25 {
			problems = append(problems, fmt.Sprintf("%s has %.0f s; the gateway gives up after 30", id, seconds))
		}
	}
	return problems
}

// outputs checks that the values that other stacks use are exported.
func outputs(f *formation) (problems []string) {
	for _, name := range []string{
		"ApiUrl", "ApiId", "ExportQueueUrl", "ExportQueueArn", "CloseQueueUrl", "CloseQueueArn", "PageTopicArn", "TicketTopicArn",
		"EventBusName", "EventBusArn",
	} {
		if string(f.Template.Outputs[name].Export.Name) != "${AWS::StackName}-"+name {
			problems = append(problems, name+" is not exported")
		}
	}
	return problems
}

// noFixedNames finds physical names that do not contain the stack's name.
func noFixedNames(f *formation) (problems []string) {
	names := []string{"FunctionName", "QueueName", "TableName", "RoleName", "TopicName", "AlarmName", "DashboardName", "LogGroupName",
		"Name"}
	kinds := map[string]string{
		"FunctionName": "AWS::Lambda::Function", "QueueName": "AWS::SQS::Queue", "TableName": "AWS::DynamoDB::Table",
		"RoleName": "AWS::IAM::Role", "TopicName": "AWS::SNS::Topic", "AlarmName": "AWS::CloudWatch::Alarm",
		"DashboardName": "AWS::CloudWatch::Dashboard", "LogGroupName": "AWS::Logs::LogGroup", "Name": "AWS::Events::EventBus",
	}
	for _, property := range names {
		each(f, kinds[property], func(id string, _ resource, properties map[string]value) {
			if name, ok := properties[property]; ok && !strings.Contains(string(name), "AWS::StackName") {
				problems = append(problems, fmt.Sprintf("%s is named %s in every stack", id, name))
			}
		})
	}
	return problems
}
