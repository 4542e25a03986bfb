package sqstest

import (
	"slices"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Subject is an SQS engine under test.
type Subject struct {
	// Client calls it. It should not retry.
	Client *awssqs.Client

	// Advance moves the engine's clock. Nil for an engine that lives in real time: its tests then wait with long polls.
	Advance func(time.Duration)
}

// test is one conformance test.
type test struct {
	name string
	run  func(*probe)
}

// Conformance runs an engine through what this project relies on of SQS, one subtest a behaviour. Each uses queues of
// its own and deletes them. Nothing in it knows how an engine works inside.
func Conformance(t *testing.T, s Subject) {
	for _, c := range slices.Concat(queueTests(), messageTests(), batchTests(), visibilityTests(), redriveTests()) {
		t.Run(c.name, func(t *testing.T) { c.run(&probe{T: t, Subject: s}) })
	}
}
