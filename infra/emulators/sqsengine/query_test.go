package sqsengine_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/emulators/sqsengine"
)

// query sends a form to the path, as SDKs from before the JSON protocol do. parameters are names
// and values in turn. It returns the answer with random IDs replaced by a constant.
func query(w *world, path string, parameters ...string) (status int, answer string) {
	w.Helper()
	endpoint := strings.TrimSuffix(w.url, "/000000000000/work")
	form := url.Values{"Version": {"2012-11-05"}}
	for pair := range slices.Chunk(parameters, 2) {
		form.Set(pair[0], pair[1])
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, endpoint+path, strings.NewReader(form.Encode()))
	w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	if got := response.Header.Get("Content-Type"); got != "text/xml" {
		w.Errorf("got content type %s, want text/xml", got)
	}
	answer = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(string(body), "ID")
	return response.StatusCode, strings.ReplaceAll(answer, endpoint, "http://sqs")
}

func TestQueryProtocol(t *testing.T) {
	const namespace = ` xmlns="http://queue.amazonaws.com/doc/2012-11-05/"`
	const id = `<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>`
	refused := func(code, message string) string {
		return `<ErrorResponse` + namespace + `><Error><Code>` + code + `</Code><Message>` + message +
			`</Message><Type>Sender</Type></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	for _, c := range []struct {
		name, path string
		parameters []string
		status     int
		answer     string
	}{
		{"attributes of a new queue", "/", []string{"Action", "CreateQueue", "QueueName", "new",
			"Attribute.1.Name", "DelaySeconds", "Attribute.1.Value", "3", "Attribute.2.Name", "VisibilityTimeout", "Attribute.2.Value",
			"9"}, 200,
			`<CreateQueueResponse` + namespace + `><CreateQueueResult><QueueUrl>http://sqs/000000000000/new</QueueUrl>` +
				`</CreateQueueResult>` + id + `</CreateQueueResponse>`},
		{"attributes asked for", "/", []string{"Action", "GetQueueAttributes", "QueueUrl", "http://x/000000000000/work",
			"AttributeName.1", "VisibilityTimeout", "AttributeName.2", "QueueArn"}, 200,
			`<GetQueueAttributesResponse` + namespace + `><GetQueueAttributesResult>` +
				`<Attribute><Name>QueueArn</Name><Value>arn:aws:sqs:us-east-1:000000000000:work</Value></Attribute>` +
				`<Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute>` +
				`</GetQueueAttributesResult>` + id + `</GetQueueAttributesResponse>`},
		{"an answer without content", "/", []string{"Action", "SetQueueAttributes", "QueueUrl", "http://x/000000000000/work",
			"Attribute.1.Name", "Policy", "Attribute.1.Value", ""}, 200,
			`<SetQueueAttributesResponse` + namespace + `>` + id + `</SetQueueAttributesResponse>`},
		{"a list", "/", []string{"Action", "ListQueues"}, 200,
			`<ListQueuesResponse` + namespace + `><ListQueuesResult><QueueUrl>http://sqs/000000000000/dead</QueueUrl>` +
				`<QueueUrl>http://sqs/000000000000/work</QueueUrl></ListQueuesResult>` + id + `</ListQueuesResponse>`},
		{"an empty list, in and out", "/", []string{"Action", "ReceiveMessage", "QueueUrl", "http://x/000000000000/work", "AttributeName",
			""}, 200,
			`<ReceiveMessageResponse` + namespace + `><ReceiveMessageResult></ReceiveMessageResult>` + id + `</ReceiveMessageResponse>`},
		{"a batch, to the queue's own path", "/000000000000/work", []string{"Action", "SendMessageBatch",
			"SendMessageBatchRequestEntry.1.Id", "a", "SendMessageBatchRequestEntry.1.MessageBody", "one",
			"SendMessageBatchRequestEntry.2.Id", "b", "SendMessageBatchRequestEntry.2.MessageBody", "two",
			"SendMessageBatchRequestEntry.2.DelaySeconds", "901"}, 200,
			`<SendMessageBatchResponse` + namespace + `><SendMessageBatchResult>` +
				`<BatchResultErrorEntry><Code>InvalidParameterValue</Code><Id>b</Id>` +
				`<Message>Value 901 for parameter DelaySeconds is invalid. Reason: ` +
				`DelaySeconds must be &gt;= 0 and &lt;= 900.</Message><SenderFault>true</SenderFault></BatchResultErrorEntry>` +
				`<SendMessageBatchResultEntry><Id>a</Id><MD5OfMessageBody>f97c5d29941bfb1b2fdab0874906ab82</MD5OfMessageBody>` +
				`<MessageId>ID</MessageId></SendMessageBatchResultEntry></SendMessageBatchResult>` + id + `</SendMessageBatchResponse>`},
		{"more than nine entries", "/000000000000/work", slices.Concat([]string{"Action", "DeleteMessageBatch"}, func() (all []string) {
			for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"} {
				all = append(all, "DeleteMessageBatchRequestEntry."+n+".Id", n, "DeleteMessageBatchRequestEntry."+n+".ReceiptHandle", "x")
			}
			return all
		}()), 400, refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are 10. You have sent 11.")},
		{"unknown queue", "/", []string{"Action", "GetQueueUrl", "QueueName", "none"}, 400,
			refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")},
		{"no queue", "/", []string{"Action", "PurgeQueue"}, 400,
			refused("MissingParameter", "The request must contain the parameter QueueUrl.")},
		{"tags", "/", []string{"Action", "CreateQueue", "QueueName", "new", "Tag.1.Key", "a", "Tag.1.Value", "b"}, 400,
			refused("AWS.SimpleQueueService.UnsupportedOperation", "Tags are not supported by this engine.")},
		{"an unknown action", "/", []string{"Action", "Juggle"}, 404,
			refused("UnknownOperationException", "This engine does not support Juggle.")},
		{"bytes that are not UTF-8", "/", []string{"Action", "ListQueues", "QueueNamePrefix", "\xff"}, 400,
			refused("SerializationException", "the request is not UTF-8")},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer := query(newWorld(t, sqsengine.Config{}, nil), c.path, c.parameters...)
			if status != c.status || answer != c.answer {
				t.Errorf("got %d\n%s\nwant %d\n%s", status, answer, c.status, c.answer)
			}
		})
	}
}

// A message sent with one protocol can be received with the other.
func TestQueryProtocolCarriesWholeMessages(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	const body = "<h&é>\n\"x\""
	_, sent := query(w, "/000000000000/work", "Action", "SendMessage", "MessageBody", body,
		"MessageAttribute.1.Name", "text", "MessageAttribute.1.Value.DataType", "String", "MessageAttribute.1.Value.StringValue", "10",
		"MessageAttribute.2.Name", "bytes", "MessageAttribute.2.Value.DataType", "Binary", "MessageAttribute.2.Value.BinaryValue", "AGhp")
	got, err := w.client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &w.url, MessageAttributeNames: []string{"All"}})
	w.must(err)
	message := got.Messages[0]
	text, bytes := message.MessageAttributes["text"], message.MessageAttributes["bytes"]
	if *message.Body != body || *text.StringValue != "10" || string(bytes.BinaryValue) != "\x00hi" {
		t.Errorf("received %q with %q and %q", *message.Body, *text.StringValue, bytes.BinaryValue)
	}
	if digest := "<MD5OfMessageAttributes>" + *message.MD5OfMessageAttributes; !strings.Contains(sent, digest) {
		t.Errorf("SendMessage returned %s, want the digest %s", sent, digest)
	}

	w.clock.Advance(30 * time.Second)
	_, received := query(w, "/000000000000/work", "Action", "ReceiveMessage", "VisibilityTimeout", "60", "WaitTimeSeconds", "1",
		"AttributeName.1", "ApproximateReceiveCount", "MessageAttributeName.1", "All")
	var out struct {
		Message struct {
			Body, ReceiptHandle string
			Attribute           struct{ Name, Value string }
			MessageAttribute    []struct {
				Name  string
				Value struct{ DataType, StringValue, BinaryValue string }
			}
		} `xml:"ReceiveMessageResult>Message"`
	}
	w.must(xml.Unmarshal([]byte(received), &out))
	m := out.Message
	if m.Body != body || m.Attribute.Name != "ApproximateReceiveCount" || m.Attribute.Value != "2" || len(m.MessageAttribute) != 2 ||
		m.MessageAttribute[0].Value.BinaryValue != "AGhp" || m.MessageAttribute[1].Value.StringValue != "10" {
		t.Errorf("received %+v", m)
	}
	if status, answer := query(w, "/000000000000/work", "Action", "DeleteMessage", "ReceiptHandle", m.ReceiptHandle); status != 200 {
		t.Errorf("DeleteMessage returned %d %s", status, answer)
	}
	w.clock.Advance(time.Minute)
	w.receiveCount(w.url, 0)
}

func TestQueryProtocolByURL(t *testing.T) {
	w := newWorld(t, sqsengine.Config{}, nil)
	response, err := http.Get(w.url + "?Action=SendMessage&MessageBody=work")
	w.must(err)
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	w.receiveCount(w.url, 1)
}
