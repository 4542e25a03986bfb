package sqsbatch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/pkg/relatedro"
)

// Attributes of a dead letter, in addition to those of the sender.
const (
	AttrErrorCode    = "errorCode"
	AttrErrorMessage = "errorMessage"
	AttrFailedAt     = "failedAt" // RFC 3339
	AttrSource       = "source"   // "export", "close" or "refresh"
)

// Limits of SQS (Amazon SQS message quotas), and of ours.
const (
	maxEntries      = 10      // per batch call
	maxAttributes   = 10      // per message
	maxMessageBytes = 1 << 20 // per message, and per batch call in total
	maxErrorText    = 1 << 10 // bytes of AttrErrorMessage; our choice
)

// setAside sends the messages that are to be set aside to the dead-letter queue. It returns the ids
// of those that it could not send; these must not be acknowledged.
func (h *Handler) setAside(ctx context.Context, messages []message) (unsent map[string]bool) {
	unsent = make(map[string]bool)
	for batch := range h.deadLetters(ctx, messages) {
		entries := make([]types.SendMessageBatchRequestEntry, len(batch))
		for i, l := range batch {
			entries[i] = types.SendMessageBatchRequestEntry{
				Id:                aws.String(fmt.Sprint(i)),
				MessageBody:       aws.String(l.sqs.Body),
				MessageAttributes: l.attributes,
				MessageGroupId:    groupOf(l.sqs.Attributes),
			}
			unsent[l.sqs.MessageId] = true
		}
		out, err := h.queue.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &h.cfg.DeadLetterURL, Entries: entries})
		if err != nil {
			h.cfg.Log.ErrorContext(ctx, "dead letters not sent; the messages stay in their queue", "messages", len(batch), "error", err)
			continue
		}
		for _, ok := range out.Successful {
			for i, l := range batch {
				if aws.ToString(ok.Id) == fmt.Sprint(i) {
					delete(unsent, l.sqs.MessageId)
				}
			}
		}
		for _, bad := range out.Failed {
			h.cfg.Log.ErrorContext(ctx, "dead letter refused; the message stays in its queue", "code", aws.ToString(bad.Code), "error",
				aws.ToString(bad.Message))
		}
	}
	return unsent
}

// deadLetter is a message with its attributes in the dead-letter queue.
type deadLetter struct {
	message
	attributes map[string]types.MessageAttributeValue
}

// deadLetters returns the messages that are to be set aside, in batches within the limits of SQS:
// 10 entries and 1 MiB each.
func (h *Handler) deadLetters(ctx context.Context, messages []message) func(func([]deadLetter) bool) {
	return func(yield func([]deadLetter) bool) {
		var batch []deadLetter
		size := 0
		for _, m := range messages {
			if m.result.Disposition != relatedro.SetAside {
				continue
			}
			attributes, bytes := h.pack(ctx, m)
			if len(batch) == maxEntries || len(batch) > 0 && size+bytes > maxMessageBytes {
				if !yield(batch) {
					return
				}
				batch, size = nil, 0
			}
			batch = append(batch, deadLetter{m, attributes})
			size += bytes
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// pack returns as many attributes of a dead letter as SQS allows, and the size of the whole message
// in bytes. The attributes with the reason come first, then the sender's in order of name. An
// attribute of the sender that has one of our names is dropped.
func (h *Handler) pack(ctx context.Context, m message) (map[string]types.MessageAttributeValue, int) {
	ours := map[string]types.MessageAttributeValue{
		AttrErrorCode:    textAttribute(m.code()),
		AttrErrorMessage: textAttribute(cleanText(m.explanation())),
		AttrFailedAt:     textAttribute(h.cfg.Now().UTC().Format(time.RFC3339)),
		AttrSource:       textAttribute(h.cfg.Source),
	}
	names := []string{AttrErrorCode, AttrErrorMessage, AttrFailedAt, AttrSource}
	names = append(names, slices.Sorted(maps.Keys(m.sqs.MessageAttributes))...)
	attributes := make(map[string]types.MessageAttributeValue)
	size := len(m.sqs.Body)
	var dropped []string
	for _, name := range names {
		a, ok := ours[name]
		if !ok {
			a = sendersAttribute(m.sqs.MessageAttributes[name])
		}
		_, taken := attributes[name]
		if bytes := attributeBytes(name, a); !taken && len(attributes) < maxAttributes && size+bytes <= maxMessageBytes {
			attributes[name], size = a, size+bytes
		} else {
			dropped = append(dropped, name)
		}
	}
	if len(dropped) > 0 {
		h.cfg.Log.WarnContext(ctx, "dead letter has no room for some attributes", "messageId", m.sqs.MessageId, "dropped", dropped)
	}
	return attributes, size
}

// groupOf returns the message group of a message with these SQS system attributes, or nil if it has
// none.
func groupOf(attributes map[string]string) *string {
	if group, ok := attributes[string(types.MessageSystemAttributeNameMessageGroupId)]; ok {
		return &group
	}
	return nil
}

func textAttribute(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func sendersAttribute(a events.SQSMessageAttribute) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String(a.DataType), StringValue: a.StringValue, BinaryValue: a.BinaryValue}
}

func attributeBytes(name string, a types.MessageAttributeValue) int {
	return len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
}

// cleanText makes text valid for an attribute: not empty, at most maxErrorText bytes, with U+FFFD
// in place of characters that SQS does not allow.
func cleanText(text string) string {
	text = strings.Map(func(r rune) rune {
		allowed := r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
		if !allowed {
			return utf8.RuneError
		}
		return r
	}, text)
	for len(text) > maxErrorText {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return cmp.Or(text, "no details")
}
