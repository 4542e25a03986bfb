package sqsengine

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Limits of messages and calls, from "Amazon SQS message quotas" in the SQS Developer Guide.
const (
	// MaxMessageBytes is the maximum size of a message with its attributes, and of all messages of
	// a batch together: 1 MiB since August 2025, 256 KiB before.
	MaxMessageBytes = 1 << 20

	maxBatchEntries      = 10
	maxMessageAttributes = 10
	maxAttributeName     = 256
	maxDelaySeconds      = 900
	maxVisibilitySeconds = 43_200
	maxInFlight          = 120_000
)

var (
	queueName     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	batchEntryID  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	groupID       = regexp.MustCompile("^[A-Za-z0-9!-/:-@\\[-`{-~]{1,128}$")
)

// outgoing is the input for one message: a SendMessage call, or an entry of a batch.
type outgoing struct {
	Id                      string // of a batch entry
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]attributeValue
	MessageSystemAttributes map[string]attributeValue
	MessageGroupId          *string
	MessageDeduplicationId  *string
}

// size returns the number of bytes that count against MaxMessageBytes: the body, plus the name,
// type and value of every attribute.
func (o *outgoing) size() int {
	size := len(o.MessageBody)
	for name, value := range o.MessageAttributes {
		size += len(name) + len(value.DataType) + len(value.BinaryValue)
		if value.StringValue != nil {
			size += len(*value.StringValue)
		}
	}
	return size
}

// check returns the error that SQS would return for the message regardless of the queue, or nil.
func (o *outgoing) check() *Error {
	if o.MessageBody == "" {
		return missingParameter("MessageBody")
	}
	if !allowedText(o.MessageBody) {
		return modelled("InvalidMessageContents", "InvalidMessageContents", "Invalid characters found. %s", allowedCharacters)
	}
	if o.DelaySeconds != nil && (*o.DelaySeconds < 0 || *o.DelaySeconds > maxDelaySeconds) {
		return invalidValue(*o.DelaySeconds, "DelaySeconds", fmt.Sprintf("DelaySeconds must be >= 0 and <= %d.", maxDelaySeconds))
	}
	if o.MessageDeduplicationId != nil {
		return invalidValue(*o.MessageDeduplicationId, "MessageDeduplicationId",
			"The request include parameter that is not valid for this queue type.")
	}
	if o.MessageGroupId != nil && !groupID.MatchString(*o.MessageGroupId) {
		return invalidValue(*o.MessageGroupId, "MessageGroupId",
			"MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if n := len(o.MessageAttributes); n > maxMessageAttributes {
		return invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [%d].", n, maxMessageAttributes)
	}
	for name, value := range o.MessageAttributes {
		if err := checkAttribute(name, value); err != nil {
			return err
		}
	}
	if len(o.MessageSystemAttributes) > 0 { // of these, SQS knows only AWSTraceHeader, for X-Ray
		return unsupported("Message system attributes are not supported by this engine.")
	}
	return nil
}

// checkAttribute validates one message attribute by the rules of "Message attribute components" and
// "Message attribute data types" in the SQS Developer Guide.
func checkAttribute(name string, value attributeValue) *Error {
	lower := strings.ToLower(name)
	switch {
	case len(name) > maxAttributeName:
		return invalidParameter("Message (user) attribute name '%s' must be at most %d characters long.", name, maxAttributeName)
	case !attributeName.MatchString(name):
		return invalidParameter("Message (user) attribute name '%s' is invalid. It can contain letters, digits, underscores, "+
			"hyphens and periods, but no period at its beginning or end and no two in a row.", name)
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return invalidParameter("Message (user) attribute name '%s' is invalid. It must not begin with AWS. or Amazon.", name)
	case value.StringListValues != nil || value.BinaryListValues != nil:
		return unsupported("Message attribute list values in SendMessage operation are not supported.")
	case len(value.DataType) > maxAttributeName:
		return invalidParameter("The type of message (user) attribute '%s' must be at most %d characters long.", name, maxAttributeName)
	}
	base := value.baseType()
	switch base {
	case "Binary":
		if len(value.BinaryValue) == 0 || value.StringValue != nil {
			return emptyAttribute(name, base)
		}
		return nil
	case "String", "Number":
		if value.StringValue == nil || *value.StringValue == "" || value.BinaryValue != nil {
			return emptyAttribute(name, base)
		}
		if !allowedText(*value.StringValue) {
			return invalidParameter("Invalid characters found in message (user) attribute '%s'. %s", name, allowedCharacters)
		}
		if _, err := strconv.ParseFloat(*value.StringValue, 64); base == "Number" && err != nil {
			return invalidParameter("Can't cast the value of message (user) attribute '%s' to a number.", name)
		}
		return nil
	default:
		return invalidParameter("The type of message (user) attribute '%s' is invalid. You must use only the following "+
			"supported type prefixes: Binary, Number, String.", name)
	}
}

func emptyAttribute(name, base string) *Error {
	return invalidParameter("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, base)
}

const allowedCharacters = "Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"

// allowedText reports whether SQS accepts the text. It must be valid in XML 1.0.
func allowedText(s string) bool {
	for _, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r':
		case r < 0x20, r == 0xFFFE, r == 0xFFFF:
			return false
		}
	}
	return true
}

// checkBatch returns the error for which SQS would reject a whole batch, or nil. shape is the name
// of the entries in the error message.
func checkBatch(shape string, ids []string) *Error {
	switch n := len(ids); {
	case n == 0:
		return modelled("EmptyBatchRequest", oldPrefix+"EmptyBatchRequest", "There should be at least one %s in the request.", shape)
	case n > maxBatchEntries:
		return modelled("TooManyEntriesInBatchRequest", oldPrefix+"TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", maxBatchEntries, n)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !batchEntryID.MatchString(id) {
			return modelled("InvalidBatchEntryId", oldPrefix+"InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return modelled("BatchEntryIdsNotDistinct", oldPrefix+"BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}
