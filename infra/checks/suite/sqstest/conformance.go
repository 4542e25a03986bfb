package sqstest

import (
	"slices"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Subject is an SQS engine under test.
type Subject struct {
	// Client calls the engine. It should not retry.
	Client *awssqs.Client

	// Advance moves the engine's clock. It is nil for an engine that runs in real time; the tests
	// then wait with long polls.
	Advance func(time.Duration)
}

// test is one conformance test.
type test struct {
	name string
	run  func(*probe)
}

// Conformance tests the behaviour of SQS that this project relies on, one subtest per behaviour.
// Each subtest creates its own queues and deletes them. The tests use only the public protocol.
func Conformance(t *testing.T, s Subject) {
	for _, c := range slices.Concat(queueTests(), messageTests(), batchTests(), visibilityTests(), redriveTests()) {
		t.Run(c.name, func(t *testing.T) { c.run(&probe{T: t, Subject: s}) })
	}
}
