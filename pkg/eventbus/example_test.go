package eventbus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"related-ro/pkg/eventbus"
	"related-ro/pkg/relatedro"
)

// printer prints entries instead of putting them on a bus.
type printer struct{}

// PutEvents implements eventbus.Putter.
func (printer) PutEvents(
	_ context.Context, input *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options),
) (*eventbridge.PutEventsOutput, error) {
	for _, e := range input.Entries {
		var detail bytes.Buffer
		if err := json.Indent(&detail, []byte(*e.Detail), "", "  "); err != nil {
			return nil, err
		}
		fmt.Println(*e.DetailType, detail.String())
	}
	return &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(input.Entries))}, nil
}

func ExampleBus_Publish() {
	bus := eventbus.New(printer{}, "related-ro")
	published, err := bus.Publish(context.Background(), []relatedro.Notice{{
		ID: "1", Kind: relatedro.NoticeFailed, Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}, Revision: 4,
		RO: "50123", Trigger: relatedro.TriggerExport, Reason: relatedro.NotActivated,
	}})
	fmt.Println(published, err)
	// Output:
	// RetrievalFailed {
	//   "version": 1,
	//   "id": "1",
	//   "subject": "locations/loc-100/cases/case-1",
	//   "locationId": "loc-100",
	//   "revision": 4,
	//   "href": "/v1/locations/loc-100/cases/case-1/related-ros",
	//   "caseId": "case-1",
	//   "roNumber": "50123",
	//   "trigger": "export",
	//   "reason": "not_activated"
	// }
	// 1 <nil>
}
