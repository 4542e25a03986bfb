package dynamo_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// The sample event for sam local must match the items that this version writes. It holds a list
// with one related RO, then one with two.
func TestSampleOfTheStreamIsToldOf(t *testing.T) {
	text, err := os.ReadFile("../../infra/contracts/events/notify.json")
	if err != nil {
		t.Fatal(err)
	}
	var batch events.DynamoDBEvent
	if err := json.Unmarshal(text, &batch); err != nil {
		t.Fatal(err)
	}
	bus := newTold()
	response, err := newStream(bus, func(bool) {}).Handle(t.Context(), batch)
	if err != nil || len(response.BatchItemFailures) > 0 {
		t.Fatalf("response %+v, error %v", response, err)
	}
	first, second := <-bus.notices, <-bus.notices
	if len(first.Added) != 1 || len(second.Added) != 1 || len(second.Changed) != 1 || second.Revision != 2 || second.ID == first.ID {
		t.Errorf("got notices %+v, then %+v", first, second)
	}
}
