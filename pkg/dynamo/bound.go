package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// maxResponse is the most bytes of a multi-key response that are decoded. Decoding takes the SDK
	// some 20 times as much memory, and DynamoDB returns up to 16 MB of items at once.
	maxResponse = 6 << 20
	// alwaysFits is the most items of any size whose response cannot exceed maxResponse by much.
	alwaysFits = maxResponse / maxItemSize
)

// errLarge reports a response of more than maxResponse bytes.
var errLarge = errors.New("the response is too large to decode at once")

// bound returns the options of a call that reads the given number of items. The call returns
// errLarge, and decodes nothing, if its response exceeds maxResponse.
func bound(items int) []func(*dynamodb.Options) {
	if items <= alwaysFits {
		return nil
	}
	return []func(*dynamodb.Options){func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, refuseLarge) }}
}

// refuseLarge checks the length of a response before the SDK reads it.
func refuseLarge(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("RefuseLarge",
		func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.ContentLength > maxResponse {
				err = errors.Join(errLarge, response.Body.Close())
			}
			return out, metadata, err
		}), middleware.After)
}
