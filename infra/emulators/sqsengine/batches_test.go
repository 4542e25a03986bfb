package sqsengine_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func batchTests() []conformanceTest {
	return []conformanceTest{
		{"a batch of 10 arrives", sendBatch},
		{"one bad message of a batch fails without the others", sendBatchPartly},
		{"one oversized message of a batch fails without the others", sendBatchOversized},
		{"a batch over the size limit is refused as a whole", batchTooLong},
		{"invalid batches are refused as a whole", refuseBatches},
		{"a batch of deletes reports each entry", deleteBatch},
		{"a batch of visibility changes reports each entry", changeBatch},
	}
}

func sendEntries(ids []string) []types.SendMessageBatchRequestEntry {
	entries := make([]types.SendMessageBatchRequestEntry, len(ids))
	for i, id := range ids {
		entries[i] = types.SendMessageBatchRequestEntry{Id: &ids[i], MessageBody: aws.String("body " + id)}
	}
	return entries
}

// ids returns n distinct batch entry IDs.
func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("id-", i)
	}
	return out
}

func sendBatch(p *probe) {
	url := p.queue()
	entries := sendEntries(ids(10))
	entries[3].MessageAttributes = map[string]types.MessageAttributeValue{"n": stringAttribute("v")}
	out, err := p.Client.SendMessageBatch(p.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	p.must(err)
	equal(p, "successes", len(out.Successful), 10)
	equal(p, "failures", len(out.Failed), 0)
	byID := map[string]string{}
	for _, m := range p.receive(url) {
		byID[*m.MessageId] = *m.Body
	}
	for _, s := range out.Successful {
		equal(p, "body of "+*s.Id, byID[*s.MessageId], "body "+*s.Id)
	}
}

func sendBatchPartly(p *probe) {
	url := p.queue()
	entries := sendEntries(ids(3))
	entries[1].MessageBody = aws.String("\x01")
	out, err := p.Client.SendMessageBatch(p.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	p.must(err)
	if len(out.Failed) != 1 || *out.Failed[0].Id != "id-1" || *out.Failed[0].Code != "InvalidMessageContents" ||
		!out.Failed[0].SenderFault {
		p.Errorf("failed: %+v, want id-1 with InvalidMessageContents", out.Failed)
	}
	equal(p, "messages received", len(p.receive(url)), 2)
}

func sendBatchOversized(p *probe) {
	url := p.queue("MaximumMessageSize", "1024")
	entries := sendEntries(ids(2))
	entries[0].MessageBody = aws.String(strings.Repeat("a", 1025))
	out, err := p.Client.SendMessageBatch(p.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	p.must(err)
	if len(out.Failed) != 1 || *out.Failed[0].Id != "id-0" || *out.Failed[0].Code != "InvalidParameterValue" {
		p.Errorf("failed: %+v, want id-0 with InvalidParameterValue", out.Failed)
	}
}

func batchTooLong(p *probe) {
	url := p.queue()
	entries := sendEntries(ids(2))
	entries[0].MessageBody = aws.String(strings.Repeat("a", largest/2))
	entries[1].MessageBody = aws.String(strings.Repeat("a", largest/2+1))
	_, err := p.Client.SendMessageBatch(p.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	if typed := (*types.BatchRequestTooLong)(nil); !errors.As(err, &typed) {
		p.Errorf("got %v, want a BatchRequestTooLong", err)
	}
	p.receiveNone(url)
}

func refuseBatches(p *probe) {
	url := p.queue()
	for _, c := range []struct {
		name string
		ids  []string
		code string
	}{
		{"no entries", nil, "EmptyBatchRequest"},
		{"11 entries", ids(11), "TooManyEntriesInBatchRequest"},
		{"an id twice", []string{"a", "b", "a"}, "BatchEntryIdsNotDistinct"},
		{"an id with a bad character", []string{"a:b"}, "InvalidBatchEntryId"},
		{"an empty id", []string{""}, "InvalidBatchEntryId"},
		{"an id that is too long", []string{strings.Repeat("i", 81)}, "InvalidBatchEntryId"},
	} {
		deletes := make([]types.DeleteMessageBatchRequestEntry, len(c.ids))
		changes := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(c.ids))
		for i := range c.ids {
			deletes[i] = types.DeleteMessageBatchRequestEntry{Id: &c.ids[i], ReceiptHandle: aws.String("h")}
			changes[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: &c.ids[i], ReceiptHandle: aws.String("h")}
		}
		code := "AWS.SimpleQueueService." + c.code
		p.sub("send "+c.name, func(p *probe) {
			_, err := p.Client.SendMessageBatch(p.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: sendEntries(c.ids)})
			p.refused(err, code)
		})
		p.sub("delete "+c.name, func(p *probe) {
			_, err := p.Client.DeleteMessageBatch(p.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: deletes})
			p.refused(err, code)
		})
		p.sub("change "+c.name, func(p *probe) {
			_, err := p.Client.ChangeMessageVisibilityBatch(p.Context(),
				&awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: changes})
			p.refused(err, code)
		})
	}
}

func deleteBatch(p *probe) {
	url := p.queue()
	p.send(url, "work")
	out, err := p.Client.DeleteMessageBatch(p.Context(), &awssqs.DeleteMessageBatchInput{QueueUrl: &url,
		Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("good"), ReceiptHandle: p.receiveOne(url).ReceiptHandle},
			{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense")},
		}})
	p.must(err)
	if len(out.Successful) != 1 || *out.Successful[0].Id != "good" {
		p.Errorf("successful: %d entries, want only good", len(out.Successful))
	}
	if len(out.Failed) != 1 || *out.Failed[0].Id != "bad" || *out.Failed[0].Code != "ReceiptHandleIsInvalid" {
		p.Errorf("failed: %+v, want bad with ReceiptHandleIsInvalid", out.Failed)
	}
	p.depth(url, 0, 0, 0)
}

func changeBatch(p *probe) {
	url := p.queue()
	p.send(url, "work")
	out, err := p.Client.ChangeMessageVisibilityBatch(p.Context(), &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("good"), ReceiptHandle: p.receiveOne(url).ReceiptHandle, VisibilityTimeout: 0},
			{Id: aws.String("bad"), ReceiptHandle: aws.String("nonsense"), VisibilityTimeout: 10},
		}})
	p.must(err)
	if len(out.Successful) != 1 || *out.Successful[0].Id != "good" {
		p.Errorf("successful: %d entries, want only good", len(out.Successful))
	}
	if len(out.Failed) != 1 || *out.Failed[0].Id != "bad" || *out.Failed[0].Code != "ReceiptHandleIsInvalid" {
		p.Errorf("failed: %+v, want bad with ReceiptHandleIsInvalid", out.Failed)
	}
	p.receiveOne(url)
}
