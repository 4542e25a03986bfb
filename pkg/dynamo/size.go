package dynamo

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// maxItemSize is DynamoDB's limit of an item in bytes.
const maxItemSize = 400 << 10

// SizeError says that an item is larger than DynamoDB takes. A case comes near with
// about 1,000 related ROs of ordinary length.
type SizeError struct {
	Key   string // partition and sort key
	Bytes int
}

// Error names the item, its size and the limit.
func (e *SizeError) Error() string {
	return fmt.Sprintf("item %s would have %d bytes, DynamoDB takes %d", e.Key, e.Bytes, maxItemSize)
}

// Is makes a SizeError a relatedro.ErrTooLarge.
func (e *SizeError) Is(target error) bool { return target == relatedro.ErrTooLarge }

func checkSize(it item) error {
	if n := sizeOfMap(it); n > maxItemSize {
		k := keyOf(it)
		return &SizeError{Key: k.pk + " " + k.sk, Bytes: n}
	}
	return nil
}

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
	const container, member = 3, 1 // bytes of overhead
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
