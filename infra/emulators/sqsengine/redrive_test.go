package sqsengine_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func redriveTests() []conformanceTest {
	return []conformanceTest{
		{"a message goes to the dead-letter queue when received once too often", redrive},
		{"a redriven message keeps its ID, body and attributes", redriveKeeps},
		{"a message that is deleted in time is not redriven", noRedrive},
		{"an empty redrive policy removes it", removeRedrive},
	}
}

// failOnce receives one message and makes it visible again at once.
func (p *probe) failOnce(url string) types.Message {
	p.Helper()
	m := p.receiveOne(url)
	p.must(p.changeVisibility(url, m.ReceiptHandle, 0))
	return m
}

func redrive(p *probe) {
	url, deadURL := p.redriven(2)
	id := p.send(url, "poison")
	p.failOnce(url)
	p.failOnce(url)
	p.receiveNone(deadURL)
	p.receiveNone(url) // the third receive moves it
	equal(p, "id", *p.receiveOne(deadURL).MessageId, id)
	p.depth(url, 0, 0, 0)
}

func redriveKeeps(p *probe) {
	url, deadURL := p.redriven(1)
	_, err := p.Client.SendMessage(p.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("poison"),
		MessageAttributes: map[string]types.MessageAttributeValue{"origin": stringAttribute("platform")}})
	p.must(err)
	before := p.receiveOne(url, visibleFor(1))
	p.receiveNone(url)
	if got := p.receive(url, p.after(time.Second)); len(got) != 0 {
		p.Fatal("the message was received more often than its policy allows")
	}
	after := p.receiveOne(deadURL)
	equal(p, "id", *after.MessageId, *before.MessageId)
	equal(p, "body", *after.Body, "poison")
	equal(p, "attribute", aws.ToString(after.MessageAttributes["origin"].StringValue), "platform")
	equal(p, "sent", after.Attributes["SentTimestamp"], before.Attributes["SentTimestamp"])
	equal(p, "source", after.Attributes["DeadLetterQueueSourceArn"], p.attribute(url, "QueueArn"))
	equal(p, "receive count", after.Attributes["ApproximateReceiveCount"], "2")
}

func noRedrive(p *probe) {
	url, deadURL := p.redriven(2)
	p.send(url, "work")
	p.failOnce(url)
	p.must(p.delete(url, p.receiveOne(url).ReceiptHandle))
	p.receiveNone(url)
	p.receiveNone(deadURL)
}

func removeRedrive(p *probe) {
	url, deadURL := p.redriven(1)
	p.must(p.setAttribute(url, "RedrivePolicy", ""))
	equal(p, "policy", p.attribute(url, "RedrivePolicy"), "")
	p.send(url, "work")
	p.failOnce(url)
	p.failOnce(url)
	p.receiveNone(deadURL)
}
