package poller

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// record is one stream record in Lambda's format.
type record struct {
	text   []byte
	number string // its sequence number
	at     time.Time
}

func (s *shardReader) record(given types.Record) record {
	d := given.Dynamodb
	change := map[string]any{
		"ApproximateCreationDateTime": aws.ToTime(d.ApproximateCreationDateTime).Unix(),
		"Keys":                        plainItem(d.Keys),
		"SequenceNumber":              aws.ToString(d.SequenceNumber),
		"SizeBytes":                   aws.ToInt64(d.SizeBytes),
		"StreamViewType":              d.StreamViewType,
	}
	if len(d.OldImage) > 0 {
		change["OldImage"] = plainItem(d.OldImage)
	}
	if len(d.NewImage) > 0 {
		change["NewImage"] = plainItem(d.NewImage)
	}
	made := map[string]any{
		"eventID": aws.ToString(given.EventID), "eventName": given.EventName, "eventVersion": aws.ToString(given.EventVersion),
		"eventSource": "aws:dynamodb", "awsRegion": s.Region, "eventSourceARN": s.StreamARN, "dynamodb": change,
	}
	if given.UserIdentity != nil {
		made["userIdentity"] = map[string]*string{"type": given.UserIdentity.Type, "principalId": given.UserIdentity.PrincipalId}
	}
	text, _ := json.Marshal(made) // strings, numbers and booleans always encode
	return record{text, aws.ToString(d.SequenceNumber), aws.ToTime(d.ApproximateCreationDateTime)}
}

func encodeRecords(records []record) []byte {
	event := []byte(`{"Records":`)
	separator := byte('[')
	for _, r := range records {
		event = append(append(event, separator), r.text...)
		separator = ','
	}
	return append(event, `]}`...)
}

// plainItem returns an image in DynamoDB's JSON.
func plainItem(image map[string]types.AttributeValue) map[string]any {
	plain := make(map[string]any, len(image))
	for name, value := range image {
		plain[name] = plainValue(value)
	}
	return plain
}

func plainValue(value types.AttributeValue) map[string]any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": true}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": plainItem(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, element := range v.Value {
			list[i] = plainValue(element)
		}
		return map[string]any{"L": list}
	}
	panic(fmt.Sprintf("unknown DynamoDB value type %T", value))
}

// notice returns the document that Lambda sends to an on-failure destination: the records'
// positions, not their contents.
func (s *shardReader) notice(records []record, why string, tries int) []byte {
	first, last := records[0], records[len(records)-1]
	text, _ := json.Marshal(map[string]any{ // strings, numbers and times always encode
		"version": "1.0", "timestamp": time.Now().UTC(),
		"requestContext": map[string]any{"condition": why, "approximateInvokeCount": tries},
		"DDBStreamBatchInfo": map[string]any{
			"shardId": s.shard, "streamArn": s.StreamARN, "batchSize": len(records),
			"startSequenceNumber": first.number, "endSequenceNumber": last.number,
			"approximateArrivalOfFirstRecord": first.at.UTC(), "approximateArrivalOfLastRecord": last.at.UTC(),
		},
	})
	return text
}
