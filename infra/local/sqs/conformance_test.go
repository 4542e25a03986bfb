package sqs_test

import (
	"os"
	"testing"
	"time"

	"related-ro/infra/local/clock"
	"related-ro/infra/local/sqs"
	"related-ro/infra/local/sqs/sqstest"
)

var start = time.Date(2026, 11, 23, 10, 15, 0, 0, time.UTC)

// TestConformance tests the embedded engine, or the server at the URL in sqstest.EndpointVariable.
func TestConformance(t *testing.T) {
	if endpoint := os.Getenv(sqstest.EndpointVariable); endpoint != "" {
		sqstest.Conformance(t, sqstest.Subject{Client: sqstest.NewClient(endpoint)})
		return
	}
	now := clock.NewManual(start)
	_, client, _ := sqstest.Start(t, sqs.Config{Clock: now})
	sqstest.Conformance(t, sqstest.Subject{Client: client, Advance: now.Advance})
}
