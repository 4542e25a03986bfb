package dynamo

import (
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// noticesOf returns the notices that one record of the table's stream causes. Only records of cases
// and of a location's settings cause any.
func noticesOf(record events.DynamoDBEventRecord) ([]relatedro.Notice, error) {
	written := record.Change
	k := keyOf(imageOf(written.Keys))
	var notices []relatedro.Notice
	var err error
	switch {
	case strings.HasPrefix(k.sk, prefixCase):
		notices, err = caseNotices(k, written)
	case k.sk == skSettings:
		notices, err = settingsNotices(k, written)
	}
	for i := range notices {
		notices[i].ID = fmt.Sprintf("%s-%d", record.EventID, i+1)
		notices[i].At = written.ApproximateCreationDateTime.UTC()
	}
	return notices, err
}

func caseNotices(k key, written events.DynamoDBStreamRecord) ([]relatedro.Notice, error) {
	none := relatedro.Case{Key: relatedro.CaseKey{Location: k.location(), Case: caseOf(k.sk)}}
	before, after, err := images(written, none, decodeCase)
	if err != nil {
		return nil, err
	}
	return relatedro.CaseNotices(before, after), nil
}

func settingsNotices(k key, written events.DynamoDBStreamRecord) ([]relatedro.Notice, error) {
	before, after, err := images(written, relatedro.NeverSetUp(k.location()), decodeSettings)
	if err != nil {
		return nil, err
	}
	return relatedro.SettingsNotices(before, after), nil
}

// images decodes a record's old and new images. A missing image reads as none.
func images[T any](written events.DynamoDBStreamRecord, none T, fields func(*copier, *T)) (before, after T, err error) {
	before, after = none, none
	if len(written.OldImage) > 0 {
		if before, err = decode(imageOf(written.OldImage), fields); err != nil {
			return before, after, err
		}
	}
	if len(written.NewImage) > 0 {
		after, err = decode(imageOf(written.NewImage), fields)
	}
	return before, after, err
}

// imageOf converts a stream image to an item. It leaves out attributes of types that this package
// does not write, just as Peek leaves out attributes that it does not request.
func imageOf(image map[string]events.DynamoDBAttributeValue) item {
	m := make(item, len(image))
	for name, value := range image {
		if v := valueOf(value); v != nil {
			m[name] = v
		}
	}
	return m
}

func valueOf(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeString:
		return text(v.String())
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: imageOf(v.Map())}
	case events.DataTypeList:
		list := make([]types.AttributeValue, 0, len(v.List()))
		for _, element := range v.List() {
			if e := valueOf(element); e != nil {
				list = append(list, e)
			}
		}
		return &types.AttributeValueMemberL{Value: list}
	}
	return nil
}
