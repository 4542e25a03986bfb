package sqsengine

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"
)

// message is one message in one queue.
type message struct {
	id         string
	serial     int64 // order in which messages were sent
	body       string
	attributes map[string]attributeValue
	group      string // MessageGroupId, or "" if it has none
	sent       time.Time

	source        string // ARN of the queue from which redrive moved it
	receives      int    // in all queues
	receivesHere  int    // in this queue, for its redrive policy
	firstReceived time.Time
	lastReceived  time.Time

	visibleAt time.Time // when it becomes receivable; in the past once it is in queue.ready
	hidden    bool      // whether it is in queue.hidden
	place     [slots]int
}

// delayed reports whether the message is hidden and has not been received from this queue.
func (m *message) delayed() bool { return m.hidden && m.receivesHere == 0 }

// inFlight reports whether a consumer holds the message.
func (m *message) inFlight() bool { return m.hidden && m.receivesHere > 0 }

// receiptHandle returns the handle of the message's last receive. It identifies the queue and the
// message, so that the handle of a deleted message can be distinguished from an invalid one.
func (m *message) receiptHandle(q *queue) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%d %s %d", handlePrefix, q.serial, m.id, m.receives))
}

const handlePrefix = "receipt "

// parseReceiptHandle returns the message's ID and the number of the receive that returned the
// handle. It returns ReceiptHandleIsInvalid if the handle does not belong to this queue.
func parseReceiptHandle(q *queue, handle string) (id string, receive int, err *Error) {
	raw, decodeErr := base64.StdEncoding.DecodeString(handle)
	var serial int64
	_, scanErr := fmt.Sscanf(string(raw), handlePrefix+"%d %s %d", &serial, &id, &receive)
	if decodeErr != nil || scanErr != nil || serial != q.serial {
		return "", 0, invalidReceiptHandle(handle)
	}
	return id, receive, nil
}

// attributeValue is the value of a message attribute in its wire format.
type attributeValue struct {
	DataType         string
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty"`
	BinaryListValues [][]byte `json:",omitempty"`
}

// binary reports whether the value consists of bytes. A type may have a label after a dot, such as
// Binary.png.
func (v attributeValue) binary() bool { return v.baseType() == "Binary" }

func (v attributeValue) baseType() string {
	base, _, _ := strings.Cut(v.DataType, ".")
	return base
}

// bytes returns the value as bytes. The value must have been validated.
func (v attributeValue) bytes() []byte {
	if v.binary() {
		return v.BinaryValue
	}
	return []byte(*v.StringValue)
}

// md5Hex returns the digest that SQS returns for a body.
func md5Hex(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// attributesMD5 returns the digest that SQS returns for message attributes, or "" if there are
// none. The digest covers the name, type and value of each attribute in order of name. Each part is
// preceded by its length in 4 bytes, and the value also by the byte 1 for a string or 2 for bytes.
// See "Calculating the MD5 message digest for message attributes" in the SQS Developer Guide.
func attributesMD5(attributes map[string]attributeValue) string {
	if len(attributes) == 0 {
		return ""
	}
	digest := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		writeSized(digest, []byte(name))
		writeSized(digest, []byte(value.DataType))
		if value.binary() {
			digest.Write([]byte{2})
		} else {
			digest.Write([]byte{1})
		}
		writeSized(digest, value.bytes())
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func writeSized(digest hash.Hash, b []byte) {
	digest.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	digest.Write(b)
}
