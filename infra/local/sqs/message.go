package sqs

import (
	"crypto/md5"
	"crypto/rand"
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
	serial     int64 // order of sending
	body       string
	attributes map[string]attributeValue
	system     map[string]string // system attributes that the sender set: AWSTraceHeader, MessageGroupId
	sent       time.Time

	source        string // ARN of the queue that redrive took it from
	receives      int    // in all queues
	receivesHere  int    // in this queue: what its redrive policy counts
	firstReceived time.Time
	lastReceived  time.Time

	visibleAt time.Time // when it may be received; in the past once it is in queue.ready
	hidden    bool      // it is in queue.hidden
	place     [slots]int
}

// group is the message's group, empty if it has none.
func (m *message) group() string { return m.system["MessageGroupId"] }

// delayed tells a hidden message that waits for its first receive from one that is in flight.
func (m *message) delayed() bool { return m.hidden && m.receivesHere == 0 }

// inFlight says whether a consumer has the message.
func (m *message) inFlight() bool { return m.hidden && m.receivesHere > 0 }

// receiptHandle returns the handle of the message's last receive. The handle names queue and message, so that that of
// a message long gone is still told from nonsense.
func (m *message) receiptHandle(q *queue) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%d %s %d", handlePrefix, q.serial, m.id, m.receives))
}

const handlePrefix = "receipt "

// parseReceiptHandle returns the message's id and which receive the handle is of. Returns ReceiptHandleIsInvalid if it
// is no handle of this queue.
func parseReceiptHandle(q *queue, handle string) (id string, receive int, err *Error) {
	raw, decodeErr := base64.StdEncoding.DecodeString(handle)
	var serial int64
	_, scanErr := fmt.Sscanf(string(raw), handlePrefix+"%d %s %d", &serial, &id, &receive)
	if decodeErr != nil || scanErr != nil || serial != q.serial {
		return "", 0, invalidReceiptHandle(handle)
	}
	return id, receive, nil
}

// attributeValue is the value of a message attribute, as it goes over the wire.
type attributeValue struct {
	DataType         string
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty"`
	BinaryListValues [][]byte `json:",omitempty"`
}

// binary says whether the value is bytes. Types carry a label after a dot: Binary.png.
func (v attributeValue) binary() bool { return v.baseType() == "Binary" }

func (v attributeValue) baseType() string {
	base, _, _ := strings.Cut(v.DataType, ".")
	return base
}

// bytes returns the value. It has been validated.
func (v attributeValue) bytes() []byte {
	if v.binary() {
		return v.BinaryValue
	}
	return []byte(*v.StringValue)
}

// md5Hex returns the digest that SQS answers with a body.
func md5Hex(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// attributesMD5 returns the digest that SQS answers with message attributes, empty if there are none: over name, type
// and value of each, sorted by name, with lengths of 4 bytes, and 1 for strings and 2 for bytes before the value. See
// "Calculating the MD5 message digest for message attributes" in the SQS Developer Guide.
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

// newID returns a random UUID, for messages and requests.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
