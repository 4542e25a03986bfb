package bench

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// usage is the sum of some requests to DynamoDB and Karmak.
type usage struct {
	calls           float64 // to DynamoDB
	read, write     float64 // capacity units, as reported by DynamoDB
	karmak, lookups float64 // requests to Karmak, and the look-ups among them
}

// per returns the usage of one of n like things.
func (u usage) per(n int) usage {
	f := float64(n)
	return usage{u.calls / f, u.read / f, u.write / f, u.karmak / f, u.lookups / f}
}

// meter counts the DynamoDB calls of the clients that are made with its option.
type meter struct {
	mu    sync.Mutex
	total usage
}

// option makes a client request the capacity consumed by each call and add it to the meter.
func (m *meter) option(o *dynamodb.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", m.measure), middleware.After)
	})
}

// take returns the usage since the last take.
func (m *meter) take() usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.total
	m.total = usage{}
	return taken
}

func (m *meter) measure(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	wanted := reflect.ValueOf(in.Parameters).Elem().FieldByName("ReturnConsumedCapacity")
	if !wanted.IsValid() {
		return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("meter: %T is not counted", in.Parameters)
	}
	wanted.SetString(string(types.ReturnConsumedCapacityTotal))
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	units := 0.0
	switch consumed := reflect.ValueOf(out.Result).Elem().FieldByName("ConsumedCapacity").Interface().(type) {
	case *types.ConsumedCapacity:
		units = *consumed.CapacityUnits
	case []types.ConsumedCapacity:
		for _, c := range consumed {
			units += *c.CapacityUnits
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.calls++
	switch in.Parameters.(type) {
	case *dynamodb.GetItemInput, *dynamodb.BatchGetItemInput, *dynamodb.QueryInput:
		m.total.read += units
	default:
		m.total.write += units
	}
	return out, metadata, nil
}
