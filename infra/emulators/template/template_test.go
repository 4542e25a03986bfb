package template

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func config(parameters map[string]string) Config {
	return Config{
		Parameters: parameters, StackName: "case", Region: "us-east-1", AccountID: "000000000000",
		QueueBaseURL: "http://127.0.0.1:9324/000000000000",
	}
}

// required returns values for the parameters of the project's template that have no default.
func required() map[string]string {
	return map[string]string{
		"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak-AbCdEf",
		"ProducerPrincipal":          "arn:aws:iam::000000000000:root",
		"JwtIssuer":                  "https://issuer.invalid",
		"JwtAudience":                "related-ro",
	}
}

func loadProject(t *testing.T, overrides map[string]string) *Stack {
	t.Helper()
	parameters := required()
	for name, value := range overrides {
		parameters[name] = value
	}
	stack, err := Load("../../../template.yaml", config(parameters))
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func functionOf(t *testing.T, stack *Stack, logicalID string) Function {
	t.Helper()
	for _, f := range stack.Functions {
		if f.LogicalID == logicalID {
			return f
		}
	}
	t.Fatalf("no function %s", logicalID)
	return Function{}
}

func TestProjectTemplateNamesTheLocalQueues(t *testing.T) {
	stack := loadProject(t, nil)
	var got []string
	for _, queue := range stack.Queues {
		got = append(got, queue.URL)
	}
	want := []string{
		"http://127.0.0.1:9324/000000000000/case-close-dlq", "http://127.0.0.1:9324/000000000000/case-close",
		"http://127.0.0.1:9324/000000000000/case-export-dlq", "http://127.0.0.1:9324/000000000000/case-export",
		"http://127.0.0.1:9324/000000000000/case-notify-dlq",
		"http://127.0.0.1:9324/000000000000/case-refresh-dlq", "http://127.0.0.1:9324/000000000000/case-refresh",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProjectTemplateQueueRedrivesToItsDeadLetterQueue(t *testing.T) {
	queue, _ := loadProject(t, nil).Queue("ExportQueue")
	want := `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:case-export-dlq","maxReceiveCount":200}`
	if got := queue.Attributes["RedrivePolicy"]; got != want {
		t.Errorf("RedrivePolicy is %s, want %s", got, want)
	}
}

func TestProjectTemplateFunctionHasItsEnvironment(t *testing.T) {
	function := functionOf(t, loadProject(t, map[string]string{"KarmakBaseUrl": "http://127.0.0.1:8085"}), "ExportFunction")
	environment := function.Environment
	function.Environment = nil
	want := Function{
		LogicalID: "ExportFunction", Name: "case-ExportFunction", Package: "export",
		ARN:     "arn:aws:lambda:us-east-1:000000000000:function:case-ExportFunction",
		Timeout: time.Minute, MemoryMB: 128,
	}
	if diff := cmp.Diff(want, function); diff != "" {
		t.Error(diff)
	}
	for variable, want := range map[string]string{
		"LOG_LEVEL": "INFO", "TABLE_NAME": "case-Table", "KARMAK_BASE_URL": "http://127.0.0.1:8085",
		"KARMAK_CREDENTIALS_SECRET_ID": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak-AbCdEf",
		"EXPORT_QUEUE_URL":             "http://127.0.0.1:9324/000000000000/case-export",
		"EXPORT_DLQ_URL":               "http://127.0.0.1:9324/000000000000/case-export-dlq",
	} {
		if environment[variable] != want {
			t.Errorf("%s is %q, want %q", variable, environment[variable], want)
		}
	}
}

func TestProjectTemplateVisibilityCoversSixTimeouts(t *testing.T) {
	stack := loadProject(t, nil)
	for _, mapping := range stack.Mappings {
		queue, _ := stack.Queue(mapping.Queue)
		function := functionOf(t, stack, mapping.Function)
		visibility, err := time.ParseDuration(queue.Attributes["VisibilityTimeout"] + "s")
		if err != nil {
			t.Fatal(err)
		}
		if least := 6*function.Timeout + mapping.Window; visibility < least {
			t.Errorf("%s: visibility is %s, want at least %s", mapping.LogicalID, visibility, least)
		}
	}
}

func TestProjectTemplateRefusesAVisibilityThatIsTooShort(t *testing.T) {
	for _, timeout := range []int{2, 20, 30, 60, 120, 300, 900} {
		for _, visibility := range []int{13, 121, 181, 361, 721, 1801, 5401, 43200} {
			parameters := required()
			parameters["FunctionTimeout"], parameters["VisibilityTimeout"] = fmt.Sprint(timeout), fmt.Sprint(visibility)
			_, err := Load("../../../template.yaml", config(parameters))
			if covers := visibility >= 6*timeout+1; covers != (err == nil) {
				t.Errorf("a timeout of %d s and a visibility of %d s: %v", timeout, visibility, err)
			}
		}
	}
}

func TestProjectTemplateOfProdNeedsRecipientsOfAlarms(t *testing.T) {
	parameters := required()
	parameters["Stage"], parameters["PageEndpoint"] = "prod", "https://paging.test/related-ro"
	if _, err := Load("../../../template.yaml", config(parameters)); err == nil || !strings.Contains(err.Error(), "ProdHasReceivers") {
		t.Errorf("without TicketEndpoint: %v", err)
	}
	parameters["TicketEndpoint"] = "related-ro@desk.test"
	if _, err := Load("../../../template.yaml", config(parameters)); err != nil {
		t.Error(err)
	}
}

func TestProjectTemplateMappings(t *testing.T) {
	want := []EventSourceMapping{
		{LogicalID: "CloseEvents", Queue: "CloseQueue", Function: "CloseFunction", BatchSize: 50, Window: time.Second,
			ReportBatchItemFailures: true, MaximumConcurrency: 20},
		{LogicalID: "ExportEvents", Queue: "ExportQueue", Function: "ExportFunction", BatchSize: 50, Window: time.Second,
			ReportBatchItemFailures: true, MaximumConcurrency: 3},
		{LogicalID: "RefreshEvents", Queue: "RefreshQueue", Function: "RefreshFunction", BatchSize: 10,
			ReportBatchItemFailures: true, MaximumConcurrency: 5},
	}
	got := loadProject(t, map[string]string{"ExportConcurrency": "3"}).Mappings
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProjectTemplateOpenRoutes(t *testing.T) {
	var open []string
	for _, route := range loadProject(t, nil).APIs[0].Routes {
		if route.Authorizer == "" {
			open = append(open, route.Method+" "+route.Path)
		}
	}
	want := []string{
		"HEAD /console/{proxy+}", "HEAD /console", "GET /console/{proxy+}", "GET /console",
		"GET /v1/health", "HEAD /v1/health", "ANY /v1/{proxy+}",
	}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Error(diff)
	}
}

func TestProjectTemplateAPI(t *testing.T) {
	got := loadProject(t, map[string]string{"AllowedOrigins": "https://a.example,https://b.example"}).APIs[0]
	got.Routes = nil
	want := API{
		LogicalID: "Api", Rate: 200, Burst: 400,
		Authorizers: map[string]Authorizer{"Platform": {
			IdentitySource: "$request.header.Authorization", Issuer: "https://issuer.invalid", Audience: []string{"related-ro"},
		}},
		CORS: &CORS{
			AllowOrigins: []string{"https://a.example", "https://b.example"}, AllowMethods: []string{"GET", "POST", "PUT"},
			AllowHeaders:  []string{"authorization", "content-type", "if-match", "if-none-match"},
			ExposeHeaders: []string{"etag", "retry-after", "allow", "apigw-requestid", "x-request-id"}, MaxAge: 600,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProjectTemplateTable(t *testing.T) {
	got := loadProject(t, nil).Tables[0].Definition
	if *got.TableName != "case-Table" || len(got.KeySchema) != 2 || len(got.GlobalSecondaryIndexes) != 1 ||
		*got.GlobalSecondaryIndexes[0].IndexName != "GSI1" {
		t.Errorf("table is %+v", got)
	}
}

// queueNamed returns a template with one queue, whose name is the expression under test.
func queueNamed(expression string) string {
	return `
Parameters:
  Stage: {Type: String, Default: dev}
  Size: {Type: Number, Default: "3", MinValue: 1, MaxValue: 5}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsBig: !Equals [!Ref Size, 5]
  Both: !And [!Equals [!Ref Stage, dev], !Equals [!Ref Size, 5]]
  Either: !Or [!Equals [!Ref Stage, dev], !Equals [!Ref Size, 5]]
  NotDev: !Not [!Equals [!Ref Stage, dev]]
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: ` + expression + `
  Other:
    Type: AWS::SQS::Queue
    Condition: NotDev
`
}

func TestIntrinsics(t *testing.T) {
	for name, tc := range map[string]struct{ expression, want string }{
		"ref of a parameter":     {"!Ref Size", "3"},
		"ref of a pseudo":        {"!Ref AWS::Region", "us-east-1"},
		"ref in long form":       {"{Ref: Stage}", "dev"},
		"sub":                    {"!Sub '${AWS::StackName}-${Stage}'", "case-dev"},
		"sub with an attribute":  {"!Sub '${Other.Arn}'", "arn:aws:sqs:us-east-1:000000000000:case-Other"},
		"getatt in long form":    {"{Fn::GetAtt: Other.Arn}", "arn:aws:sqs:us-east-1:000000000000:case-Other"},
		"if":                     {"!If [IsDev, yes-dev, no]", "yes-dev"},
		"and":                    {"!If [Both, both, not-both]", "not-both"},
		"or":                     {"!If [Either, either, neither]", "either"},
		"not":                    {"!If [NotDev, a, b]", "b"},
		"branch not taken stays": {"!If [IsDev, a, !Nonsense b]", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := Parse([]byte(queueNamed(tc.expression)), config(nil))
			if err != nil {
				t.Fatal(err)
			}
			if len(stack.Queues) != 1 || stack.Queues[0].Name != tc.want {
				t.Errorf("queues are %+v, want one named %q", stack.Queues, tc.want)
			}
		})
	}
}

func TestParseRefusesByName(t *testing.T) {
	queue := func(properties string) string {
		return "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {" + properties + "}}}"
	}
	for name, tc := range map[string]struct {
		text       string
		parameters map[string]string
		want       string
	}{
		"unknown intrinsic":     {queueNamed("!Base64 x"), nil, "Fn::Base64"},
		"unknown resource type": {"Resources: {B: {Type: 'AWS::S3::Bucket'}}", nil, "AWS::S3::Bucket"},
		"unknown property":      {queue("FifoQueue: true"), nil, "FifoQueue"},
		"unknown reference":     {queueNamed("!Ref Nothing"), nil, "Nothing"},
		"alias of a queue":      {queueNamed("!Ref Other.Alias"), nil, "Other has no alias"},
		"unknown attribute":     {queueNamed("!GetAtt Other.Colour"), nil, "Colour"},
		"unknown condition":     {queueNamed("!If [IsMoon, a, b]"), nil, "IsMoon"},
		"alias": {"Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: &a x, DelaySeconds: *a}}}", nil,
			"aliases"},
		"unknown parameter":     {queueNamed("q"), map[string]string{"Speed": "1"}, "Speed"},
		"parameter not allowed": {queueNamed("q"), map[string]string{"Size": "6"}, "Size: 6 is out of range"},
		"parameter not number":  {queueNamed("q"), map[string]string{"Size": "six"}, "not a number"},
		"parameter missing":     {"Parameters: {A: {Type: String}, B: {Type: String}}", nil, "parameter B: has no default"},
		"unknown section":       {"Hooks: {R: {}}", nil, "Hooks"},
		"unknown word":          {"Resources: {Q: {Type: 'AWS::SQS::Queue', Property: {}}}", nil, "Property"},
		"globals":               {"Globals: {Api: {}}", nil, "Globals.Api"},
		"unknown part of table": {"Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {ImportSourceSpecification: {}}}}", nil,
			"ImportSourceSpecification"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(tc.text), config(tc.parameters))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestMappingIsRefusedAsLambdaRefusesIt(t *testing.T) {
	text := func(timeout, batch string) string {
		return `
Resources:
  Q: {Type: AWS::SQS::Queue}
  WorkFunction:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Timeout: ` + timeout + `}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref WorkFunction, BatchSize: ` + batch + `}
`
	}
	for name, tc := range map[string]struct{ timeout, batch, want string }{
		"function longer than visibility": {"31", "10", "less than the timeout"},
		"big batch without a window":      {"30", "11", "needs a window"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(text(tc.timeout, tc.batch)), config(nil))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
		})
	}
}
