package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// maxItemSize is DynamoDB's limit on the size of an item, in bytes.
const maxItemSize = 400 << 10

// fitting returns c with as many related ROs as fit in an item: about 1,000 of ordinary length. It
// adds the others to Omitted.
func fitting(c relatedro.Case) relatedro.Case {
	excess := sizeOfMap(encodeCase(c)) - maxItemSize
	if excess <= 0 {
		return c
	}
	kept := len(c.Related)
	for excess += sizeOfMap(item{attrOmitted: number(int64(kept))}); excess > 0 && kept > 0; kept-- {
		excess -= member + sizeOf(&types.AttributeValueMemberM{Value: encode(make(item), c.Related[kept-1], relatedFields)})
	}
	c.Related, c.Omitted = c.Related[:kept:kept], c.Omitted+len(c.Related)-kept
	return c
}

// Overhead in bytes of a list or map, and of each of its members.
const container, member = 3, 1

// sizeOfMap returns the size of an item in bytes by DynamoDB's published rules ("DynamoDB item
// sizes and formats").
func sizeOfMap(attributes map[string]types.AttributeValue) int {
	n := 0
	for name, v := range attributes {
		n += len(name) + sizeOf(v)
	}
	return n
}

// sizeOf handles only the types that this package writes.
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
