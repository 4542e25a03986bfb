package sqsbatch_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"related-ro/infra/checks/suite/sqstest"
	"related-ro/infra/emulators/clock"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// office is the setup of these tests: DeadLetters over a real queue engine.
type office struct {
	*testing.T
	client  *awssqs.Client
	letters *sqsbatch.DeadLetters
	urls    sqsbatch.QueueURLs
}

func newOffice(t *testing.T, config sqsengine.Config) *office {
	t.Helper()
	t.Parallel() // each check for an empty queue takes a second
	engine, client, endpoint := sqstest.Start(t, config)
	o := &office{T: t, client: client}
	for _, name := range []string{"close", "close-dlq"} {
		if err := engine.CreateQueue(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	o.urls = sqsbatch.QueueURLs{Source: endpoint + engine.QueueURL("close"), DeadLetters: endpoint + engine.QueueURL("close-dlq")}
	o.letters = sqsbatch.NewDeadLetters(o.client, map[relatedro.QueueName]sqsbatch.QueueURLs{relatedro.CloseQueue: o.urls}, time.Now)
	return o
}

// setAside puts a message into the dead-letter queue as a function does, with one attribute of the
// sender.
func (o *office) setAside(body string) {
	o.Helper()
	attributes := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		sqsbatch.AttrErrorCode: "ro_not_found", sqsbatch.AttrErrorMessage: "Karmak does not know it.",
		sqsbatch.AttrFailedAt: "2026-11-23T11:15:00Z", sqsbatch.AttrSource: "close", "traceId": "t-1",
	} {
		attributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	_, err := o.client.SendMessage(o.Context(), &awssqs.SendMessageInput{QueueUrl: &o.urls.DeadLetters, MessageBody: &body,
		MessageAttributes: attributes})
	if err != nil {
		o.Fatal(err)
	}
}

func closedAt(location, id string) string {
	return fmt.Sprintf(`{"version":1,"id":%q,"type":"case.closed","locationId":%q,"caseId":"case-1"}`, id, location)
}

func (o *office) receive(url string) []types.Message {
	o.Helper()
	out, err := o.client.ReceiveMessage(o.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		o.Fatal(err)
	}
	return out.Messages
}

func (o *office) list(mine func(string) bool) relatedro.DeadLetterList {
	o.Helper()
	list, err := o.letters.List(o.Context(), relatedro.CloseQueue, mine)
	if err != nil {
		o.Fatal(err)
	}
	return list
}

func (o *office) redrive(mine func(string) bool) (moved, left int) {
	o.Helper()
	moved, left, err := o.letters.Redrive(o.Context(), relatedro.CloseQueue, nil, mine)
	if err != nil {
		o.Fatal(err)
	}
	return moved, left
}

func everyones(string) bool { return true }

func only(location string) func(string) bool {
	return func(of string) bool { return of == location }
}

func TestListTellsWhatADeadLetterSays(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	o.setAside(closedAt("loc-100", "event-1"))
	list := o.list(everyones)
	want := []relatedro.DeadLetter{{
		Queue: relatedro.CloseQueue, EventID: "event-1", Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"},
		Code: "ro_not_found", Message: "Karmak does not know it.", FailedAt: "2026-11-23T11:15:00Z",
	}}
	if len(list.Letters) == 1 {
		want[0].MessageID = list.Letters[0].MessageID
	}
	if diff := cmp.Diff(want, list.Letters); diff != "" {
		t.Error(diff)
	}
	if list.Count != 1 || !list.Complete {
		t.Errorf("count %d, complete %t; want 1, true", list.Count, list.Complete)
	}
}

func TestListPutsMessagesBackAtOnce(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range 15 {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	o.list(everyones)
	if again := len(o.list(everyones).Letters); again != 15 {
		t.Errorf("an immediate second listing has %d, want 15", again)
	}
}

func TestListSaysWhenItIsNotAll(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range sqsbatch.MaxListed + 3 {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	list := o.list(everyones)
	if len(list.Letters) != sqsbatch.MaxListed || list.Complete || list.Count != sqsbatch.MaxListed+3 {
		t.Errorf("%d of %d, complete %t", len(list.Letters), list.Count, list.Complete)
	}
}

func TestListOfExactlyItsMostIsComplete(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range sqsbatch.MaxListed {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	if list := o.list(everyones); len(list.Letters) != sqsbatch.MaxListed || !list.Complete {
		t.Errorf("%d, complete %t", len(list.Letters), list.Complete)
	}
}

func TestListIsNotCompleteWhileOthersHoldMessages(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	o.setAside(closedAt("loc-100", "held"))
	o.receive(o.urls.DeadLetters)
	if list := o.list(everyones); list.Complete || list.Count != 1 {
		t.Errorf("complete %t, count %d", list.Complete, list.Count)
	}
}

func TestListFindsOnesOwnBehindManyOthers(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range sqsbatch.MaxListed + 20 {
		o.setAside(closedAt("loc-200", strconv.Itoa(i)))
	}
	o.setAside(closedAt("loc-100", "own"))
	if list := o.list(only("loc-100")); len(list.Letters) != 1 || !list.Complete || list.Count != sqsbatch.MaxListed+21 {
		t.Errorf("%d of %d, complete %t", len(list.Letters), list.Count, list.Complete)
	}
}

func TestListsAtOnceAllShowAll(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range 21 {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			list, err := o.letters.List(t.Context(), relatedro.CloseQueue, everyones)
			if err != nil || len(list.Letters) != 21 || !list.Complete {
				t.Errorf("%d of %d, complete %t, %v", len(list.Letters), list.Count, list.Complete, err)
			}
		})
	}
	all.Wait()
}

// The clock stands still, so that waiting for messages would never end.
func TestAnEmptyQueueIsNotWaitedFor(t *testing.T) {
	o := newOffice(t, sqsengine.Config{Clock: clock.NewManual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	list, err := o.letters.List(ctx, relatedro.CloseQueue, everyones)
	if err != nil || len(list.Letters) != 0 || !list.Complete {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestListShowsOnlyOnesOwn(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for _, body := range []string{
		closedAt("loc-100", "own"), closedAt("loc-200", "foreign"), "not JSON", `["loc-100"]`, `{"locationId":7}`,
		`{"locationId":"loc-200","LOCATIONID":"loc-100","id":"other-case"}`,
	} {
		o.setAside(body)
	}
	list := o.list(only("loc-100"))
	if len(list.Letters) != 1 || list.Letters[0].EventID != "own" {
		t.Errorf("got %+v", list.Letters)
	}
}

func TestRedriveSendsBackWithoutTheReason(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	body := closedAt("loc-100", "event-1")
	o.setAside(body)
	if moved, left := o.redrive(everyones); moved != 1 || left != 0 {
		t.Errorf("moved %d, left %d", moved, left)
	}
	back := o.receive(o.urls.Source)
	if len(back) != 1 || *back[0].Body != body {
		t.Fatalf("in the source queue: %+v", back)
	}
	if a := back[0].MessageAttributes; len(a) != 1 || aws.ToString(a["traceId"].StringValue) != "t-1" {
		t.Errorf("attributes %v, want only the sender's traceId", a)
	}
}

func TestRedriveOfALocationLeavesTheOthers(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range 12 {
		o.setAside(closedAt("loc-200", strconv.Itoa(i)))
	}
	o.setAside(closedAt("loc-100", "own"))
	if moved, left := o.redrive(only("loc-100")); moved != 1 || left != 12 {
		t.Errorf("moved %d, left %d; want 1, 12", moved, left)
	}
	if list := o.list(everyones); len(list.Letters) != 12 || !list.Complete {
		t.Errorf("%d others put back, complete %t; want 12, true", len(list.Letters), list.Complete)
	}
}

func TestRedriveKeepsWhatCannotBeSent(t *testing.T) {
	refuse := func(call sqsengine.Call) *sqsengine.Error {
		if call.Action == "SendMessage" && call.Queue == "close" {
			return sqsengine.InternalFailure()
		}
		return nil
	}
	o := newOffice(t, sqsengine.Config{Fault: refuse})
	o.setAside(closedAt("loc-100", "event-1"))
	if _, _, err := o.letters.Redrive(t.Context(), relatedro.CloseQueue, nil, everyones); err == nil {
		t.Error("no error")
	}
	if left := len(o.receive(o.urls.DeadLetters)); left != 1 {
		t.Errorf("%d messages visible at once, want 1", left)
	}
}

func TestRedriveThatCannotDeleteDuplicates(t *testing.T) {
	refuse := func(call sqsengine.Call) *sqsengine.Error {
		if call.Action == "DeleteMessage" {
			return sqsengine.InternalFailure()
		}
		return nil
	}
	o := newOffice(t, sqsengine.Config{Fault: refuse})
	o.setAside(closedAt("loc-100", "event-1"))
	_, _, _ = o.letters.Redrive(t.Context(), relatedro.CloseQueue, nil, everyones)
	if list := o.list(everyones); list.Count != 1 {
		t.Errorf("%d dead letters, want 1", list.Count)
	}
	if back := len(o.receive(o.urls.Source)); back != 1 {
		t.Errorf("%d sent back, want 1", back)
	}
}

func TestRedriveLeavesWhatIsSetAsideMeanwhile(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	// All messages are newer than the start of the call.
	before := func() time.Time { return time.Now().Add(-time.Hour) }
	letters := sqsbatch.NewDeadLetters(o.client, map[relatedro.QueueName]sqsbatch.QueueURLs{relatedro.CloseQueue: o.urls}, before)
	o.setAside(closedAt("loc-100", "event-1"))
	moved, left, err := letters.Redrive(t.Context(), relatedro.CloseQueue, nil, everyones)
	if err != nil || moved != 0 || left != 1 {
		t.Errorf("moved %d, left %d, %v", moved, left, err)
	}
}

// hurried returns DeadLetters whose clock advances by step at each reading.
func (o *office) hurried(step time.Duration) *sqsbatch.DeadLetters {
	at := time.Now()
	return sqsbatch.NewDeadLetters(o.client, map[relatedro.QueueName]sqsbatch.QueueURLs{relatedro.CloseQueue: o.urls}, func() time.Time {
		at = at.Add(step)
		return at
	})
}

func TestRedriveEndsInTime(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range 15 {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	moved, left, err := o.hurried(10*time.Second).Redrive(t.Context(), relatedro.CloseQueue, nil, everyones)
	if err != nil || moved != 10 || left != 5 {
		t.Errorf("moved %d, left %d, %v; want 10 (one receive call) and 5", moved, left, err)
	}
	if moved, left := o.redrive(everyones); moved != 5 || left != 0 {
		t.Errorf("then moved %d, left %d", moved, left)
	}
}

func TestListEndsBeforeMessagesComeRoundAgain(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for i := range 15 {
		o.setAside(closedAt("loc-100", strconv.Itoa(i)))
	}
	list, err := o.hurried(5*time.Second).List(t.Context(), relatedro.CloseQueue, everyones)
	if err != nil || len(list.Letters) != 10 || list.Complete || list.Count != 15 {
		t.Errorf("%d of %d, complete %t, %v", len(list.Letters), list.Count, list.Complete, err)
	}
	if all := o.list(everyones); len(all.Letters) != 15 || !all.Complete {
		t.Errorf("an immediate second listing has %d, complete %t", len(all.Letters), all.Complete)
	}
}

func TestRedriveTakesLargeMessages(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	for range 3 {
		o.setAside(strings.Repeat("x", 900<<10))
	}
	if moved, left := o.redrive(everyones); moved != 3 || left != 0 {
		t.Errorf("moved %d, left %d; want 3, 0", moved, left)
	}
}

func TestSendRefreshIsWhatDecodeTakes(t *testing.T) {
	o := newOffice(t, sqsengine.Config{})
	want := relatedro.Event{
		ID: "event-1", Type: relatedro.Refresh, OccurredAt: time.Date(2026, 11, 23, 10, 15, 0, 123e6, time.UTC),
		Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}, RO: "50123",
	}
	for name, ev := range map[string]relatedro.Event{
		"of a case with few known fields":   want,
		"of a known case":                   withNumber(want, "1001", "asset-77"),
		"of a case that changed in the DMS": followed(want),
	} {
		if err := sqsbatch.NewRefreshQueue(o.client, o.urls.Source).SendRefreshes(t.Context(), []relatedro.Event{ev}); err != nil {
			t.Fatal(err)
		}
		messages := o.receive(o.urls.Source)
		if len(messages) != 1 {
			t.Fatalf("%s: %d messages", name, len(messages))
		}
		if group := messages[0].Attributes["MessageGroupId"]; group != "loc-100" {
			t.Errorf("%s: the message group is %q, want the location", name, group)
		}
		got, err := sqsbatch.Decode(*messages[0].Body, ev.OccurredAt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(ev, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func followed(ev relatedro.Event) relatedro.Event {
	ev.Cause = relatedro.TriggerFollow
	return ev
}

func withNumber(ev relatedro.Event, number, asset string) relatedro.Event {
	ev.CaseNumber, ev.Asset = number, asset
	return ev
}
