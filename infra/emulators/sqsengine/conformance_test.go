package sqsengine_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/sqsengine"
)

var start = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// conformanceTest tests one behaviour of SQS that this project relies on. It creates its own queues
// and uses only the public protocol.
type conformanceTest struct {
	name string
	run  func(*probe)
}

// TestConformance tests the embedded engine, or the server at the URL in sqstest.EndpointVariable.
func TestConformance(t *testing.T) {
	p := &probe{T: t}
	if endpoint := os.Getenv(sqstest.EndpointVariable); endpoint != "" {
		p.Client = sqstest.NewClient(endpoint)
	} else {
		now := clock.NewManual(start)
		_, p.Client, _ = sqstest.Start(t, sqsengine.Config{Clock: now})
		p.Advance = now.Advance
	}
	for _, c := range slices.Concat(queueTests(), messageTests(), batchTests(), visibilityTests(), redriveTests()) {
		p.sub(c.name, c.run)
	}
}
