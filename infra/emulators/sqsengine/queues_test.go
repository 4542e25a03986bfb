package sqsengine_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func queueTests() []conformanceTest {
	return []conformanceTest{
		{"a queue's URL is found by its name", urlByName},
		{"an unknown queue is a typed error", unknownQueue},
		{"a queue has the documented defaults", defaults},
		{"attributes can be changed", changeAttributes},
		{"attributes out of range are refused", refuseAttributes},
		{"creating an equal queue again succeeds", createAgain},
		{"creating an unequal queue again is refused", createUnequal},
		{"a bad queue name is refused", badName},
		{"queues are listed by prefix and page", listQueues},
		{"a deleted queue is gone", deleteQueue},
		{"purging removes messages in any state", purge},
	}
}

func nameOf(url string) string { return url[strings.LastIndex(url, "/")+1:] }

func urlByName(p *probe) {
	url := p.queue()
	out, err := p.Client.GetQueueUrl(p.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String(nameOf(url))})
	p.must(err)
	equal(p, "URL", *out.QueueUrl, url)
}

func unknownQueue(p *probe) {
	_, err := p.Client.GetQueueUrl(p.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String(uniqueName())})
	if typed := (*types.QueueDoesNotExist)(nil); !errors.As(err, &typed) {
		p.Fatalf("got %v, want a QueueDoesNotExist", err)
	}
	p.refused(err, "AWS.SimpleQueueService.NonExistentQueue")
}

func defaults(p *probe) {
	url := p.queue()
	for name, want := range map[string]string{
		"DelaySeconds": "0", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
		"VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "SqsManagedSseEnabled": "true", "RedrivePolicy": "",
	} {
		equal(p, name, p.attribute(url, name), want)
	}
	if arn := p.attribute(url, "QueueArn"); !strings.HasSuffix(arn, ":"+nameOf(url)) {
		p.Errorf("the ARN %q does not end with the queue's name", arn)
	}
	p.depth(url, 0, 0, 0)
}

func (p *probe) setAttribute(url, name, value string) error {
	_, err := p.Client.SetQueueAttributes(p.Context(), &awssqs.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{name: value}})
	return err
}

func changeAttributes(p *probe) {
	url := p.queue("VisibilityTimeout", "20")
	equal(p, "timeout at first", p.attribute(url, "VisibilityTimeout"), "20")
	p.must(p.setAttribute(url, "VisibilityTimeout", "69"))
	equal(p, "timeout afterwards", p.attribute(url, "VisibilityTimeout"), "69")
}

func refuseAttributes(p *probe) {
	url := p.queue()
	dead := p.attribute(p.queue(), "QueueArn")
	for _, c := range []struct{ name, value, code string }{
		{"VisibilityTimeout", "43201", "InvalidAttributeValue"},
		{"VisibilityTimeout", "soon", "InvalidAttributeValue"},
		{"DelaySeconds", "901", "InvalidAttributeValue"},
		{"ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue"},
		{"MessageRetentionPeriod", "59", "InvalidAttributeValue"},
		{"MaximumMessageSize", "1023", "InvalidAttributeValue"},
		{"Colour", "blue", "InvalidAttributeName"},
		{"RedrivePolicy", `{"maxReceiveCount":3}`, "InvalidParameterValue"},
		{"RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q}`, dead), "InvalidParameterValue"},
		{"RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":0}`, dead), "InvalidParameterValue"},
		{"RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1001}`, dead), "InvalidParameterValue"},
		{"RedrivePolicy", fmt.Sprintf(`{"deadLetterTargetArn":"%s-not","maxReceiveCount":3}`, dead), "InvalidParameterValue"},
	} {
		p.sub(c.name+" "+c.value, func(p *probe) { p.refused(p.setAttribute(url, c.name, c.value), c.code) })
	}
}

func createAgain(p *probe) {
	url := p.queue("VisibilityTimeout", "20", "DelaySeconds", "1")
	out, err := p.Client.CreateQueue(p.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String(nameOf(url)), Attributes: map[string]string{"VisibilityTimeout": "20"}})
	p.must(err)
	equal(p, "URL", *out.QueueUrl, url)
}

func createUnequal(p *probe) {
	url := p.queue("VisibilityTimeout", "20")
	_, err := p.Client.CreateQueue(p.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String(nameOf(url)), Attributes: map[string]string{"VisibilityTimeout": "21"}})
	p.refused(err, "QueueAlreadyExists")
	if typed := (*types.QueueNameExists)(nil); !errors.As(err, &typed) {
		p.Errorf("got %v, want a QueueNameExists", err)
	}
}

func badName(p *probe) {
	_, err := p.Client.CreateQueue(p.Context(), &awssqs.CreateQueueInput{QueueName: aws.String("case export!")})
	p.refused(err, "InvalidParameterValue")
}

func listQueues(p *probe) {
	prefix := uniqueName()
	want := map[string]bool{}
	for i := range 3 {
		out, err := p.Client.CreateQueue(p.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(fmt.Sprintf("%s-%d", prefix, i))})
		p.must(err)
		want[*out.QueueUrl] = true
	}
	p.queue() // does not have the prefix
	in := &awssqs.ListQueuesInput{QueueNamePrefix: &prefix, MaxResults: aws.Int32(2)}
	pages := awssqs.NewListQueuesPaginator(p.Client, in)
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.Context())
		p.must(err)
		sizes = append(sizes, len(page.QueueUrls))
		for _, url := range page.QueueUrls {
			if !want[url] {
				p.Errorf("%s is listed twice, or should not be", url)
			}
			delete(want, url)
			_, err := p.Client.DeleteQueue(p.Context(), &awssqs.DeleteQueueInput{QueueUrl: &url})
			p.must(err)
		}
	}
	equal(p, "page sizes", fmt.Sprint(sizes), "[2 1]")
	equal(p, "queues not listed", len(want), 0)
}

func deleteQueue(p *probe) {
	url := p.queue()
	_, err := p.Client.DeleteQueue(p.Context(), &awssqs.DeleteQueueInput{QueueUrl: &url})
	p.must(err)
	_, err = p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("too late")})
	p.refused(err, "AWS.SimpleQueueService.NonExistentQueue")
}

func purge(p *probe) {
	url := p.queue()
	p.send(url, "in flight")
	p.receiveOne(url)
	p.send(url, "visible")
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("delayed"),
		DelaySeconds: 60})
	p.must(err)
	p.depth(url, 1, 1, 1)
	_, err = p.Client.PurgeQueue(p.Context(), &awssqs.PurgeQueueInput{QueueUrl: &url})
	p.must(err)
	p.depth(url, 0, 0, 0)
}
