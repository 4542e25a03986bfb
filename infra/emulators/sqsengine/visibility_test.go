package sqsengine_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func visibilityTests() []conformanceTest {
	return []conformanceTest{
		{"a received message is hidden, then comes back", comesBack},
		{"a receive can set its own visibility timeout", ownTimeout},
		{"visibility 0 brings a message back at once", backAtOnce},
		{"a new visibility timeout counts from its call", timeoutFromNow},
		{"a change of visibility holds for one receive", changeIsNotPermanent},
		{"changing the visibility of a visible message is refused", notInFlight},
		{"changing the visibility of a deleted message is refused", changeDeleted},
		{"a nonsense receipt handle is refused", nonsenseHandle},
		{"visibility out of range is refused", visibilityOutOfRange},
		{"12 hours count from the receive", twelveHours},
		{"a message can be deleted after its visibility timeout", deleteVisible},
		{"deleting a message twice succeeds", deleteTwice},
		{"a delayed message arrives later", delayedMessage},
		{"a queue's delay applies to its messages", delayQueue},
		{"a long poll gets what is sent meanwhile", longPoll},
		{"depths distinguish visible, in-flight and delayed messages", depths},
	}
}

func comesBack(p *probe) {
	url := p.queue("VisibilityTimeout", "1")
	id := p.send(url, "work")
	first := p.receiveOne(url)
	p.receiveNone(url)
	second := p.receiveOne(url, p.after(time.Second))
	equal(p, "id", *second.MessageId, id)
	equal(p, "receive count at first", first.Attributes["ApproximateReceiveCount"], "1")
	equal(p, "receive count then", second.Attributes["ApproximateReceiveCount"], "2")
	for _, name := range []string{"SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
		equal(p, name, second.Attributes[name], first.Attributes[name])
	}
	if *first.ReceiptHandle == *second.ReceiptHandle {
		p.Error("both receives have the same receipt handle")
	}
}

func ownTimeout(p *probe) {
	url := p.queue("VisibilityTimeout", "600")
	p.send(url, "work")
	p.receiveOne(url, visibleFor(1))
	p.receiveOne(url, p.after(time.Second))
}

func backAtOnce(p *probe) {
	url := p.queue()
	p.send(url, "work")
	p.must(p.changeVisibility(url, p.receiveOne(url).ReceiptHandle, 0))
	equal(p, "receive count", p.receiveOne(url).Attributes["ApproximateReceiveCount"], "2")
}

func timeoutFromNow(p *probe) {
	url := p.queue("VisibilityTimeout", "600")
	p.send(url, "work")
	p.must(p.changeVisibility(url, p.receiveOne(url).ReceiptHandle, 1))
	p.receiveNone(url)
	p.receiveOne(url, p.after(time.Second))
}

func changeIsNotPermanent(p *probe) {
	url := p.queue("VisibilityTimeout", "600")
	p.send(url, "work")
	p.must(p.changeVisibility(url, p.receiveOne(url).ReceiptHandle, 0))
	p.receiveOne(url)
	p.receiveNone(url)
}

func notInFlight(p *probe) {
	url := p.queue()
	p.send(url, "work")
	handle := p.receiveOne(url).ReceiptHandle
	p.must(p.changeVisibility(url, handle, 0))
	p.refused(p.changeVisibility(url, handle, 10), "AWS.SimpleQueueService.MessageNotInflight")
	p.receiveOne(url)
}

func changeDeleted(p *probe) {
	url := p.queue()
	p.send(url, "work")
	handle := p.receiveOne(url).ReceiptHandle
	p.must(p.delete(url, handle))
	p.refused(p.changeVisibility(url, handle, 10), "InvalidParameterValue")
}

func nonsenseHandle(p *probe) {
	url := p.queue()
	p.refused(p.changeVisibility(url, aws.String("nonsense"), 10), "ReceiptHandleIsInvalid")
	p.refused(p.delete(url, aws.String("nonsense")), "ReceiptHandleIsInvalid")
}

func visibilityOutOfRange(p *probe) {
	url := p.queue()
	p.send(url, "work")
	p.refused(p.changeVisibility(url, p.receiveOne(url).ReceiptHandle, 43_201), "InvalidParameterValue")
	p.refused(p.changeVisibility(url, p.receiveOneMore(url).ReceiptHandle, -1), "InvalidParameterValue")
}

// receiveOneMore sends and receives a message.
func (p *probe) receiveOneMore(url string) types.Message {
	p.send(url, "more work")
	return p.receiveOne(url)
}

func twelveHours(p *probe) {
	url := p.queue("VisibilityTimeout", "1")
	p.send(url, "work")
	p.receiveOne(url)
	// The second receive starts its own 12 hours.
	received := p.receiveOne(url, p.after(time.Second), visibleFor(600))
	if p.Advance != nil {
		p.Advance(time.Second)
	} else { // a long poll without a message takes one second
		p.receive(url, func(in *awssqs.ReceiveMessageInput) { in.WaitTimeSeconds = 1 })
	}
	p.refused(p.changeVisibility(url, received.ReceiptHandle, 43_200), "InvalidParameterValue")
	p.must(p.changeVisibility(url, received.ReceiptHandle, 43_190))
}

func deleteVisible(p *probe) {
	url := p.queue()
	p.send(url, "work")
	handle := p.receiveOne(url).ReceiptHandle
	p.must(p.changeVisibility(url, handle, 0))
	p.must(p.delete(url, handle))
	p.receiveNone(url)
}

func deleteTwice(p *probe) {
	url := p.queue()
	p.send(url, "work")
	handle := p.receiveOne(url).ReceiptHandle
	p.must(p.delete(url, handle))
	p.must(p.delete(url, handle))
	p.depth(url, 0, 0, 0)
}

func delayedMessage(p *probe) {
	url := p.queue()
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("later"), DelaySeconds: 1})
	p.must(err)
	p.receiveNone(url)
	p.receiveOne(url, p.after(time.Second))
}

func delayQueue(p *probe) {
	url := p.queue("DelaySeconds", "1")
	p.send(url, "later")
	p.receiveNone(url)
	p.receiveOne(url, p.after(time.Second))
}

func longPoll(p *probe) {
	url := p.queue()
	type answer struct {
		out *awssqs.ReceiveMessageOutput
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		out, err := p.Client.ReceiveMessage(p.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
		answers <- answer{out, err}
	}()
	id := p.send(url, "at last")
	got := <-answers
	p.must(got.err)
	if len(got.out.Messages) != 1 || *got.out.Messages[0].MessageId != id {
		p.Errorf("the long poll got %d messages, want the one that was sent", len(got.out.Messages))
	}
}

func depths(p *probe) {
	url := p.queue()
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("delayed"),
		DelaySeconds: 60})
	p.must(err)
	p.send(url, "in flight")
	handle := p.receiveOne(url).ReceiptHandle
	p.send(url, "visible")
	p.send(url, "visible")
	p.depth(url, 2, 1, 1)
	p.must(p.delete(url, handle))
	p.depth(url, 2, 0, 1)
}
