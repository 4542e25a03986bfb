package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// maxAnswer is the most bytes of an answer to many keys that are decoded. The SDK takes
	// some 20 times as much while it decodes; DynamoDB answers up to 16 MB of items at once.
	maxAnswer = 6 << 20
	// alwaysFits is how many items cannot make an answer much longer than that.
	alwaysFits = maxAnswer / maxItemSize
)

// errLarge means that an answer has more than maxAnswer bytes.
var errLarge = errors.New("the answer is too large to decode at once")

// bound returns the options of a call for so many items that is errLarge, and decodes
// nothing, when its answer is too large.
func bound(items int) []func(*dynamodb.Options) {
	if items <= alwaysFits {
		return nil
	}
	return []func(*dynamodb.Options){func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, refuseLarge) }}
}

// refuseLarge looks at an answer before the SDK reads it.
func refuseLarge(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("RefuseLarge",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && answer.ContentLength > maxAnswer {
				err = errors.Join(errLarge, answer.Body.Close())
			}
			return out, metadata, err
		}), middleware.After)
}
