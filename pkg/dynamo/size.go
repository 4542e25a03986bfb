package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// maxItemSize is DynamoDB's limit of an item in bytes.
const maxItemSize = 400 << 10

// fitting returns c with as much of its list as an item holds: about 1,000 related ROs
// of ordinary length.
func fitting(c relatedro.Case) relatedro.Case {
	over := sizeOfMap(encodeCase(c)) - maxItemSize
	if over <= 0 {
		return c
	}
	kept := len(c.Related)
	for over += sizeOfMap(item{attrOmitted: number(int64(kept))}); over > 0 && kept > 0; kept-- {
		over -= member + sizeOf(&types.AttributeValueMemberM{Value: encodeRelated(c.Related[kept-1])})
	}
	c.Related, c.Omitted = c.Related[:kept:kept], c.Omitted+len(c.Related)-kept
	return c
}

// Bytes of overhead of a list or map, and of each of its members.
const container, member = 3, 1

// sizeOfMap returns the bytes that DynamoDB counts for an item, by its published rules
// ("DynamoDB item sizes and formats").
func sizeOfMap(attributes map[string]types.AttributeValue) int {
	n := 0
	for name, v := range attributes {
		n += len(name) + sizeOf(v)
	}
	return n
}

// sizeOf covers the types that this package writes.
func sizeOf(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 2
	case *types.AttributeValueMemberM:
		return container + member*len(v.Value) + sizeOfMap(v.Value)
	case *types.AttributeValueMemberL:
		n := container + member*len(v.Value)
		for _, e := range v.Value {
			n += sizeOf(e)
		}
		return n
	}
	return 1
}
