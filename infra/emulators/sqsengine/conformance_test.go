package sqsengine_test

import (
	"os"
	"testing"
	"time"

	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/sqsengine"
)

var start = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// TestConformance tests the embedded engine, or the server at the URL in sqstest.EndpointVariable.
func TestConformance(t *testing.T) {
	if endpoint := os.Getenv(sqstest.EndpointVariable); endpoint != "" {
		sqstest.Conformance(t, sqstest.Subject{Client: sqstest.NewClient(endpoint)})
		return
	}
	now := clock.NewManual(start)
	_, client, _ := sqstest.Start(t, sqsengine.Config{Clock: now})
	sqstest.Conformance(t, sqstest.Subject{Client: client, Advance: now.Advance})
}
