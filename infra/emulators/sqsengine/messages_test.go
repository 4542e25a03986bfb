package sqsengine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func messageTests() []conformanceTest {
	return []conformanceTest{
		{"a message arrives as it was sent", arrives},
		{"an empty queue answers with no messages", func(p *probe) { p.receiveNone(p.queue()) }},
		{"a receive returns the requested message attributes", attributeFilters},
		{"message attributes may be bytes and numbers", attributeTypes},
		{"a receive returns the requested system attributes", systemFilters},
		{"a message group is accepted and returned", messageGroup},
		{"a receive returns at most the requested number of messages", maxNumber},
		{"receive parameters out of range are refused", refuseReceive},
		{"a message of the maximum size is accepted", largestMessage},
		{"a message over the maximum size is refused", oversizedMessage},
		{"a queue can lower the maximum size", queueSize},
		{"characters outside XML are refused", badCharacters},
		{"an empty body is refused", emptyBody},
		{"bad message attributes are refused", badAttributes},
		{"more than 10 message attributes are refused", tooManyAttributes},
	}
}

func stringAttribute(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

func (p *probe) sendWith(url string, attributes map[string]types.MessageAttributeValue) (*awssqs.SendMessageOutput, error) {
	return p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String("msg"), MessageAttributes: attributes})
}

func arrives(p *probe) {
	url := p.queue()
	// The SDK checks the MD5s of both answers.
	const body = "{\"tabs\":\"\t\",\"lines\":\"\r\n\",\"letters\":\"äß€🚚<&>\"}"
	id := p.send(url, body)
	got := p.receiveOne(url)
	equal(p, "id", *got.MessageId, id)
	equal(p, "body", *got.Body, body)
	equal(p, "receive count", got.Attributes["ApproximateReceiveCount"], "1")
	sent, err := strconv.ParseInt(got.Attributes["SentTimestamp"], 10, 64)
	p.must(err)
	first, err := strconv.ParseInt(got.Attributes["ApproximateFirstReceiveTimestamp"], 10, 64)
	p.must(err)
	if sent == 0 || first < sent {
		p.Errorf("sent at %d, first received at %d", sent, first)
	}
}

// Amazon SQS returned these digests for these attributes.
func attributeFilters(p *probe) {
	url := p.queue()
	out, err := p.sendWith(url, map[string]types.MessageAttributeValue{
		"Help.Me": stringAttribute("Me"), "Hello": stringAttribute("There"), "General": stringAttribute("Kenobi")})
	p.must(err)
	const all = "4c360f3fdafd970e05fae2f149d997f5"
	equal(p, "digest of what was sent", aws.ToString(out.MD5OfMessageAttributes), all)
	for _, c := range []struct{ ask, names, digest string }{
		{"", "", ""},
		{"All", "General Hello Help.Me", all},
		{".*", "General Hello Help.Me", all},
		{"Foo Help", "", ""},
		{"Hello General", "General Hello", "fca026605781cb4126a1e9044df24232"},
		{"Foo Hello", "Hello", "a311262e065454b75da111d535b8dacd"},
		{"Hel.*", "Hello Help.Me", "83fee93c1bcd8b9a5a923ffacdc636c7"},
	} {
		p.sub(fmt.Sprintf("asked for %q", c.ask), func(p *probe) {
			got := p.receiveOne(url, func(in *awssqs.ReceiveMessageInput) { in.MessageAttributeNames = strings.Fields(c.ask) })
			equal(p, "attributes", strings.Join(slices.Sorted(maps.Keys(got.MessageAttributes)), " "), c.names)
			equal(p, "digest", aws.ToString(got.MD5OfMessageAttributes), c.digest)
			p.must(p.changeVisibility(url, got.ReceiptHandle, 0))
		})
	}
}

// Amazon SQS returned this digest for this binary attribute.
func attributeTypes(p *probe) {
	url := p.queue()
	const bytes = "traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"
	out, err := p.sendWith(url, map[string]types.MessageAttributeValue{
		"attr1": {DataType: aws.String("Binary"), BinaryValue: []byte(bytes)}})
	p.must(err)
	equal(p, "digest", aws.ToString(out.MD5OfMessageAttributes), "8cbe4db156db8a94db8b801b7addb984")
	got := p.receiveOne(url).MessageAttributes["attr1"]
	equal(p, "bytes", string(got.BinaryValue), bytes)

	_, err = p.sendWith(url, map[string]types.MessageAttributeValue{
		"n": {DataType: aws.String("Number.seconds"), StringValue: aws.String("12.5")}})
	p.must(err)
	number := p.receiveOne(url).MessageAttributes["n"]
	equal(p, "type", aws.ToString(number.DataType), "Number.seconds")
	equal(p, "number", aws.ToString(number.StringValue), "12.5")
}

func systemFilters(p *probe) {
	url := p.queue()
	p.send(url, "msg")
	got := p.receiveOne(url, func(in *awssqs.ReceiveMessageInput) {
		in.MessageSystemAttributeNames = []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp}
	})
	equal(p, "attributes", strings.Join(slices.Sorted(maps.Keys(got.Attributes)), " "), "SentTimestamp")
}

func maxNumber(p *probe) {
	url := p.queue()
	for i := range 3 {
		p.send(url, strconv.Itoa(i))
	}
	// The SDK omits 0, and the default is 1.
	one := p.receive(url, func(in *awssqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 0 })
	equal(p, "messages by default", len(one), 1)
	two := p.receive(url, func(in *awssqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 2 })
	equal(p, "messages of 2", len(two), 2)
}

func refuseReceive(p *probe) {
	url := p.queue()
	for name, in := range map[string]awssqs.ReceiveMessageInput{
		"11 messages":                 {MaxNumberOfMessages: 11},
		"-1 messages":                 {MaxNumberOfMessages: -1},
		"wait of 21 s":                {WaitTimeSeconds: 21},
		"wait of -1 s":                {WaitTimeSeconds: -1},
		"visibility of over 12 hours": {VisibilityTimeout: 43_201},
	} {
		p.sub(name, func(p *probe) {
			in.QueueUrl = &url
			_, err := p.Client.ReceiveMessage(p.Context(), &in)
			p.refused(err, "InvalidParameterValue")
		})
	}
}

const largest = 1 << 20 // bytes, since August 2025

func largestMessage(p *probe) {
	url := p.queue()
	// The name, type and value of attributes count towards the size.
	body := strings.Repeat("a", largest-len("n")-len("String")-len("v"))
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{"n": stringAttribute("v")}})
	p.must(err)
	equal(p, "length received", len(*p.receiveOne(url).Body), len(body))
}

func oversizedMessage(p *probe) {
	url := p.queue()
	body := strings.Repeat("a", largest-len("n")-len("String")-len("v")+1)
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{"n": stringAttribute("v")}})
	p.refused(err, "InvalidParameterValue")
}

func queueSize(p *probe) {
	url := p.queue("MaximumMessageSize", "1024")
	p.send(url, strings.Repeat("a", 1024))
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url,
		MessageBody: aws.String(strings.Repeat("a", 1025))})
	p.refused(err, "InvalidParameterValue")
}

func badCharacters(p *probe) {
	url := p.queue()
	for _, bad := range []string{"\x00", "\x08", "\x1f", "\uffff"} {
		_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("a" + bad)})
		if typed := (*types.InvalidMessageContents)(nil); !errors.As(err, &typed) {
			p.Errorf("%q: got %v, want an InvalidMessageContents", bad, err)
		}
	}
}

func emptyBody(p *probe) {
	url := p.queue()
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("")})
	p.refused(err, "MissingParameter")
}

func badAttributes(p *probe) {
	url := p.queue()
	ok := stringAttribute("ok")
	for _, c := range []struct {
		label, name string
		value       types.MessageAttributeValue
	}{
		{"reserved name", "AWS.thing", ok},
		{"reserved name in another case", "aMaZoN.thing", ok},
		{"name that begins with a period", ".thing", ok},
		{"name that ends with a period", "thing.", ok},
		{"name with two periods in a row", "a..b", ok},
		{"name with a bad character", "a!b", ok},
		{"name that is too long", strings.Repeat("n", 257), ok},
		{"empty text", "thing", stringAttribute("")},
		{"text with a bad character", "thing", stringAttribute("a\x08")},
		{"unknown type", "thing", types.MessageAttributeValue{DataType: aws.String("Invalid"), StringValue: aws.String("ok")}},
		{"type that is too long", "thing", types.MessageAttributeValue{
			DataType: aws.String("Number." + strings.Repeat("l", 256)), StringValue: aws.String("1")}},
		{"number that is not numeric", "thing", types.MessageAttributeValue{DataType: aws.String("Number"),
			StringValue: aws.String("one")}},
		{"bytes given as text", "thing", types.MessageAttributeValue{DataType: aws.String("Binary"), StringValue: aws.String("ok")}},
	} {
		p.sub(c.label, func(p *probe) {
			_, err := p.sendWith(url, map[string]types.MessageAttributeValue{c.name: c.value})
			p.refused(err, "InvalidParameterValue")
		})
	}
}

func tooManyAttributes(p *probe) {
	url := p.queue()
	attributes := map[string]types.MessageAttributeValue{}
	for i := range 10 {
		attributes[fmt.Sprint("a", i)] = stringAttribute("v")
	}
	_, err := p.sendWith(url, attributes)
	p.must(err)
	attributes["a10"] = stringAttribute("v")
	_, err = p.sendWith(url, attributes)
	p.refused(err, "InvalidParameterValue")
}

// Fair queues: a standard queue accepts a message group and does not hold back messages because of
// it.
func messageGroup(p *probe) {
	url := p.queue()
	for range 2 {
		_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("msg"),
			MessageGroupId: aws.String("loc-100")})
		p.must(err)
		equal(p, "message group", p.receiveOne(url).Attributes["MessageGroupId"], "loc-100")
	}
}
