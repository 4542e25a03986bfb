package world

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Usage is the sum of some DynamoDB calls.
type Usage struct {
	Calls       int
	Read, Write float64 // capacity units, as reported by DynamoDB
}

// Meter counts the calls of the clients that are made with its Option.
type Meter struct {
	mu    sync.Mutex
	usage Usage
}

// Option makes a client request the capacity consumed by each call and add it to the meter.
func (m *Meter) Option(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", m.measure), middleware.After)
	})
}

// Take returns the usage since the last Take.
func (m *Meter) Take() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	usage := m.usage
	m.usage = Usage{}
	return usage
}

func (m *Meter) measure(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	const total = types.ReturnConsumedCapacityTotal
	writes := false
	switch input := in.Parameters.(type) {
	case *dynamodb.GetItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.BatchGetItemInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.QueryInput:
		input.ReturnConsumedCapacity = total
	case *dynamodb.PutItemInput:
		input.ReturnConsumedCapacity, writes = total, true
	case *dynamodb.UpdateItemInput:
		input.ReturnConsumedCapacity, writes = total, true
	case *dynamodb.TransactWriteItemsInput:
		input.ReturnConsumedCapacity, writes = total, true
	default:
		return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("meter: %T is not counted", input)
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	units := unitsOf(out.Result)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage.Calls++
	if writes {
		m.usage.Write += units
	} else {
		m.usage.Read += units
	}
	return out, metadata, err
}

func unitsOf(result any) (units float64) {
	var consumed []types.ConsumedCapacity
	one := func(c *types.ConsumedCapacity) {
		if c != nil {
			consumed = append(consumed, *c)
		}
	}
	switch output := result.(type) {
	case *dynamodb.GetItemOutput:
		one(output.ConsumedCapacity)
	case *dynamodb.QueryOutput:
		one(output.ConsumedCapacity)
	case *dynamodb.PutItemOutput:
		one(output.ConsumedCapacity)
	case *dynamodb.UpdateItemOutput:
		one(output.ConsumedCapacity)
	case *dynamodb.BatchGetItemOutput:
		consumed = output.ConsumedCapacity
	case *dynamodb.TransactWriteItemsOutput:
		consumed = output.ConsumedCapacity
	}
	for _, c := range consumed {
		if c.CapacityUnits != nil {
			units += *c.CapacityUnits
		}
	}
	return units
}
