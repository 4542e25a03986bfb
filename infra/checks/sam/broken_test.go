package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// formed returns a formation with these resources, for prod.
func formed(t *testing.T, resources string) *formation {
	t.Helper()
	f := &formation{Parameters: map[string]string{"Stage": "prod", "Release": "1", "Tracing": "Active",
		"ProducerPrincipal": "arn:platform"}}
	if err := json.Unmarshal([]byte(resources), &f.Template.Resources); err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	aFunction = `"ReadFunction": {"Type": "AWS::Lambda::Function", "Properties": {
		"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Timeout": "25"}}`
	logs = `{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::GetAtt": ["Logs", "Arn"]}},
		{"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}`
)

func role(statements string) string {
	return `"Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [` + statements + `]}}]}}`
}

// An alarm over Failed as in the template; tests change a part of it.
const brakeAlarm = `"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
	"AlarmName": {"Fn::Sub": "read-${Release}"}, "MetricName": "Failed", "Namespace": "RelatedRO", "Statistic": "Average",
	"Threshold": 0.5, "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Dimensions": [
	{"Name": "Stack", "Value": {"Ref": "AWS::StackName"}}, {"Name": "Function", "Value": "read"},
	{"Name": "Version", "Value": {"Fn::GetAtt": ["ReadFunctionVersion1a", "Version"]}}]}}`

// brakedBy returns a function whose deployment is stopped by both brakes, with replacements.
func brakedBy(change ...string) string {
	return strings.NewReplacer(change...).Replace(aFunction + "," + brakeAlarm + `,
		"B": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": {"Fn::Sub": "read-errors-${Release}"},
		"MetricName": "Errors",
		"Dimensions": [{"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": ["ReadFunctionVersion1a", "Version"]}}]}},
		"ReadFunctionDeploymentGroup": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {
		"DeploymentConfigName": {"Fn::Sub": ["CodeDeployDefault.Lambda${Name}", {"Name": "Canary10Percent5Minutes"}]},
		"AutoRollbackConfiguration": {"Events": ["DEPLOYMENT_STOP_ON_ALARM"]},
		"AlarmConfiguration": {"Alarms": [{"Name": {"Ref": "A"}}, {"Name": {"Ref": "B"}}]}}},
		"ReadFunctionAliaslive": {"Type": "AWS::Lambda::Alias", "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}}}`)
}

// streamOf returns a stream mapping as in the template, with replacements.
func streamOf(change ...string) string {
	return strings.NewReplacer(change...).Replace(`"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
		"EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]}, "FunctionName": {"Ref": "ReadFunctionAliaslive"},
		"StartingPosition": "TRIM_HORIZON", "BisectBatchOnFunctionError": true,
		"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRecordAgeInSeconds": 43200,
		"FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
		"DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Q", "Arn"]}}}}}`)
}

// busPolicyOf returns the bus policy as in the template, with replacements.
func busPolicyOf(change ...string) string {
	return strings.NewReplacer(change...).Replace(`"P": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": {
		"Effect": "Allow", "Principal": {"AWS": "arn:platform"}, "Action": ["events:PutRule"], "Resource": "r",
		"Condition": {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}}}}`)
}

func TestPromises(t *testing.T) {
	uses := map[string]use{"read": {actions: map[string]bool{"dynamodb:Query": true}, index: true}}
	query := func(action, resource string) string {
		return `{"Effect": "Allow", "Action": "` + action + `", "Resource": ` + resource + `}`
	}
	const index = `{"Fn::Sub": "${Table.Arn}/index/GSI1"}`
	privilege := func(f *formation) []string { return leastPrivilege(f, uses) }
	own := func(f *formation) []string { return ownResources(f, uses) }
	exist := func(f *formation) []string {
		return metricsExist(f, map[string][][]string{"Failed": {{"Function", "Stack", "Version"}}})
	}
	explained := func(f *formation) []string { return alarms(f, map[string]bool{"aalarm": true, "oldalarm": true}) }
	for _, tt := range []struct {
		name, resources string
		broken          func(*formation) []string
		want            string // part of a problem; empty for none
	}{
		{"what is needed is allowed", aFunction + "," + role(logs+","+query("dynamodb:Query", index)), privilege, ""},
		{"an action is missing", aFunction + "," + role(logs), privilege, "needs dynamodb:Query"},
		{"an action is not used", aFunction + "," + role(logs+","+query("dynamodb:Query", index)+","+query("dynamodb:PutItem", index)),
			privilege, "allowed dynamodb:PutItem"},
		{"any action", aFunction + "," + role(logs+","+query("dynamodb:*", index)), privilege, "wildcard action"},
		{"any resource", aFunction + "," + role(logs+","+query("dynamodb:Query", `"*"`)), privilege, "wildcard resource"},
		{"the index is forgotten", aFunction + "," + role(logs+","+query("dynamodb:Query", `{"Fn::GetAtt": ["Table", "Arn"]}`)), privilege,
			"queries the index: true"},

		{"a queue of another function", aFunction + `,"Q": {"Type": "AWS::SQS::Queue"},` +
			role(query("sqs:SendMessage", `{"Fn::GetAtt": ["Q", "Arn"]}`)), own, "has [] in its environment and is allowed [Q]"},
		{"a table that it may not touch", `"Table": {"Type": "AWS::DynamoDB::Table"},` + strings.Replace(aFunction, `"Timeout"`,
			`"Environment": {"Variables": {"TABLE_NAME": {"Ref": "Table"}}}, "Timeout"`, 1), own,
			"has [Table] in its environment and is allowed []"},
		{"the index of its table", `"Table": {"Type": "AWS::DynamoDB::Table"},` + strings.Replace(aFunction, `"Timeout"`,
			`"Environment": {"Variables": {"TABLE_NAME": {"Ref": "Table"}}}, "Timeout"`, 1) + "," +
			role(logs+","+query("dynamodb:Query", index)) +
			`,"Logs": {"Type": "AWS::Logs::LogGroup"}`, own, ""},

		{"a parameter without bounds", ``, func(f *formation) []string {
			f.Template.Parameters = map[string]parameter{"P": {Description: "What it is.", MinValue: "1"}}
			return boundedParameters(f)
		}, "P takes anything"},
		{"a tag that is missing", ``, tagged, `tag stage is ""`},
		{"an output for us alone", ``, outputs, "ApiUrl is not exported"},

		{"visibility too short", `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 150}}, ` + aFunction + `,
			"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
			"EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}, "FunctionName": {"Ref": "ReadFunctionAliaslive"},
			"MaximumBatchingWindowInSeconds": 1, "ScalingConfig": {"MaximumConcurrency": 2}}}`, bounds, "at least 151 s"},
		{"no bound of batches", `"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}}`, bounds, "no bound of concurrency"},
		{"a stream needs no bound of batches", streamOf(), bounds, ""},
		{"a stream that is read safely", streamOf(), safeStreams, ""},
		{"a stream read from its end", streamOf("TRIM_HORIZON", "LATEST"), safeStreams, "in the middle"},
		{"a stream that one record holds up", streamOf("true", "false"), safeStreams, "for one record"},
		{"a stream that drops records unseen", streamOf("Destination", "Nowhere"), safeStreams, "unseen"},
		{"a stream that gives up soon", streamOf("43200", "60"), safeStreams, "6 hours"},
		{"a stream that leaves no time", streamOf("43200", "86400"), safeStreams, "6 hours"},
		{"a stream of every write", streamOf("Filters", "None"), safeStreams, "every write"},
		{"the function of a stream", aFunction + "," + streamOf() +
			`,"Table": {"Type": "AWS::DynamoDB::Table"}, "Q": {"Type": "AWS::SQS::Queue"},` +
			role(logs), privilege, "needs dynamodb:GetRecords"},
		{"a bus that the platform may subscribe to", busPolicyOf(), busPolicy, ""},
		{"a bus for all", busPolicyOf("arn:platform", "*"), busPolicy, "platform alone"},
		{"a bus on which others put events", busPolicyOf("events:PutRule", "events:PutEvents"), busPolicy, "put no events"},
		{"a bus whose rules others change", busPolicyOf("creatorAccount", "creator"), busPolicy, "none but its own"},
		{"a bus without subscribers", ``, busPolicy, "no subscriber is allowed"},

		{"longer than the gateway", strings.Replace(aFunction, "25", "26", 1), bounds, "gives up after 30"},

		{"a table without a net", `"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}}`, safeTable, "can be deleted in prod"},
		{"a log kept for ever", `"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}}`, watchedFunctions, "kept for ever"},
		{"a function that is not traced when that is asked for", aFunction, watchedFunctions, `tracing "", asked for is "Active"`},
		{"a function whose good ends Lambda writes down", aFunction, watchedFunctions, "about what went well"},
		{"a function that Lambda silences", aFunction, watchedFunctions, "lines dropped by Lambda"},
		{"a queue in the clear", `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}}`, safeQueues,
			"not encrypted"},
		{"a queue for all", `"P": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [
			{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "q"}]}}}`, queuePolicies, "lets * do"},
		{"an open route", `"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
			"Body": {"paths": {"/v1/search": {"get": {"security": [{"NONE": []}]}}}}}}`, safeAPI, "asks for a token: false"},
		{"a token in the log", `"S": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"AccessLogSettings": {
			"DestinationArn": "a", "Format": "$context.requestId $context.authorization"}}}`, safeAPI, "may hold a token"},
		{"a fixed name", `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "case-export"}}`, noFixedNames, "in every stack"},

		{"an alarm without a topic", `"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
			"AlarmDescription": "infra/docs/runbook.md#aalarm"}}`, explained, "does not notify one topic"},
		{"an alarm that is not explained", `"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
			"AlarmDescription": "infra/docs/runbook.md#newalarm"}}`, explained, "runbook does not have"},
		{"an explanation of no alarm", ``, explained, "which is no alarm"},
		{"a metric that there is", brakeAlarm, exist, ""},
		{"a metric by other dimensions", strings.Replace(brakeAlarm, `"Function"`, `"Route"`, 1), exist, "do not keep Failed by"},
		{"a metric of all stacks", strings.Replace(brakeAlarm, `{"Ref": "AWS::StackName"}`, `"prod"`, 1), exist, "mixes stacks"},
		{"an outage without a page", ``, pagesAndTickets, "no alarm notifies PageTopic"},

		{"a function that no deployment publishes", aFunction, published, "set its AutoPublishCodeSha256"},
		{"a function that is the same after a deployment", aFunction + `, "ReadFunctionVersion1": {"Type": "AWS::Lambda::Version"}`,
			published, "set its variable RELEASE"},
		{"a function with brakes", brakedBy(), brakes, ""},
		{"a brake that nothing can pull", brakedBy("0.5", "1.5"), brakes, "own failures: false"},
		{"a brake that always pulls", brakedBy("0.5", "0"), brakes, "own failures: false"},
		{"a brake that is too slow", brakedBy(`"Period": 60`, `"Period": 300`), brakes, "own failures: false"},
		{"a brake of another version", brakedBy(`"Version", "Value": {"Fn::GetAtt": ["Read`, `"Version", "Value": {"Fn::GetAtt": ["Close`),
			brakes, "own failures: false"},
		{"a brake of the deployment before", brakedBy("read-${Release}", "read"), brakes, "same alarm in the next deployment"},
		{"a topic without subscribers", `"T": {"Type": "AWS::SNS::Topic"}`, subscribed, "has no subscription"},
		{"a dashboard without a function", aFunction + `, "D": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {
			"DashboardBody": "{}"}}`, dashboardShowsFunctions, "Throttles of ReadFunction"},
		{"a function deployed at once", brakedBy("Canary10Percent5Minutes", "AllAtOnce"), brakes, "AllAtOnce"},
		{"a function without deployment", aFunction, brakes, "no deployment group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(tt.broken(formed(t, "{"+tt.resources+"}")), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("problems:\n%s\nwant one with %q", got, tt.want)
			}
		})
	}
}
