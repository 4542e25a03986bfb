package template

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProjectTemplateReadsTheTablesStream(t *testing.T) {
	stack := loadProject(t, nil)
	if len(stack.StreamMappings) != 1 || len(stack.Buses) != 1 {
		t.Fatalf("%d mappings of streams, %d buses", len(stack.StreamMappings), len(stack.Buses))
	}
	m := stack.StreamMappings[0]
	filters := m.Filters
	m.Filters = nil // checked below by their matches
	want := StreamMapping{
		LogicalID: "NotifyEvents", Table: "Table", Function: "NotifyFunction", OnFailure: "NotifyDeadLetterQueue",
		StartingPosition: "TRIM_HORIZON",
		BatchSize:        100, Window: time.Second, Bisect: true, MaximumRetryAttempts: 1000, MaximumRecordAge: 12 * time.Hour,
		ReportBatchItemFailures: true,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if bus := stack.Buses[0]; bus.Name != "case" || bus.ARN != "arn:aws:events:us-east-1:000000000000:event-bus/case" {
		t.Errorf("the bus is %+v", bus)
	}
	for key, wanted := range map[[2]string]bool{
		{"LOC#loc-100", "CASE#case-1"}: true, {"LOC#loc-100", "SETTINGS"}: true,
		{"LOC#loc-100", "RO#50123#CASE#case-1"}: false, {"LOC#loc-100", "ACTIVATION"}: false, {"LOC#loc-100", "REFRESH#case-1"}: false,
		{"LOC#loc-100", "AUDIT#2026-11-23#x"}: false, {"ACCOUNT#a", "LEASE"}: false, {"FOLLOW#a", "STATE"}: false,
	} {
		record := `{"dynamodb":{"Keys":{"PK":{"S":"` + key[0] + `"},"SK":{"S":"` + key[1] + `"}}}}`
		if got := filters[0].Match([]byte(record)); got != wanted || len(filters) != 1 {
			t.Errorf("%v is read: %t", key, got)
		}
	}
}

func TestStreamMappingsAreRefusedAsLambdaRefusesThem(t *testing.T) {
	text := func(change ...string) string {
		return strings.NewReplacer(change...).Replace(`
Resources:
  T: {Type: 'AWS::DynamoDB::Table', Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
  Q: {Type: 'AWS::SQS::Queue'}
  FFunction: {Type: 'AWS::Serverless::Function', Properties: {Runtime: provided.al2023}}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt T.StreamArn
      FunctionName: !GetAtt FFunction.Arn
      StartingPosition: LATEST
      FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
      DestinationConfig: {OnFailure: {Destination: !GetAtt Q.Arn}}
`)
	}
	if _, err := Parse([]byte(text()), config(nil)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text, want string
	}{
		"no beginning":        {text("LATEST", "NOW"), "StartingPosition"},
		"no stream":           {text("{StreamSpecification: {StreamViewType: NEW_IMAGE}}", "{}"), "no stream"},
		"a filter of no form": {text(`["INSERT"]`, `[{"numeric":[">",1]}]`), "numeric"},
		"an unknown property": {text("StartingPosition: LATEST", "StartingPosition: LATEST\n      TumblingWindowInSeconds: 5"),
			"TumblingWindowInSeconds"},
		"no destination": {text("!GetAtt Q.Arn", "arn:aws:sqs:us-east-1:000000000000:nowhere"), "no queue"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(c.text), config(nil)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}
