package e2e

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

const user = "user-1"

var shops atomic.Int64

// shop is the environment of one test: a location with its own Karmak account, in which RO ro has
// the alternate alt.
type shop struct {
	t                 *testing.T
	location, account string
	ro, alt           string
	began             time.Time
}

// newShop returns an enabled location.
func newShop(t *testing.T) *shop {
	t.Helper()
	n := shops.Add(1)
	s := &shop{
		t: t, location: fmt.Sprint("loc-", n), account: fmt.Sprint("account-", n), began: time.Now(),
		ro: fmt.Sprint(70000 + 10*n), alt: fmt.Sprint(70001 + 10*n),
	}
	s.addFamily(s.account, s.alt)
	s.save("ENABLED", s.account)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log lines about %s:\n%s", s.location, strings.Join(sys.linesAbout(s.location+`"`), "\n"))
		}
	})
	return s
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// addFamily adds an account in which the shop's RO has an alternate.
func (s *shop) addFamily(account, alternate string) {
	s.t.Helper()
	s.must(sys.stack.Karmak.AddAccount(karmaktest.Account{ID: account, Users: []string{user}}))
	s.must(sys.stack.Karmak.AddRO(account, karmaktest.RO{Number: s.ro}))
	s.spinoff(account, alternate)
}

// spinoff creates another alternate of the shop's RO.
func (s *shop) spinoff(account, number string) {
	s.t.Helper()
	s.must(sys.stack.Karmak.Spinoff(account, s.ro, "", karmaktest.RO{Number: number, BillingCustomerWarranty: true}))
}

// save saves the location's settings through the API.
func (s *shop) save(status, account string) {
	s.t.Helper()
	s.must(sys.platform.SaveSettings(s.t.Context(), s.location, platform.Settings{
		Status: status, DMS: platform.KarmakFusion, Karmak: platform.Connection{Account: account, User: user},
	}))
}

// breakKarmak injects a fault for the shop's account; mendKarmak removes it. Other shops are not
// affected.
func (s *shop) breakKarmak(kind karmaktest.Kind, retryAfter string) {
	s.t.Helper()
	s.must(sys.stack.Karmak.SetFault(karmaktest.Fault{Kind: kind, Account: s.account, RetryAfter: retryAfter}))
}

func (s *shop) mendKarmak(kind karmaktest.Kind) {
	s.t.Helper()
	// Replaces the fault with one that lets every request pass: faults can only be cleared for all
	// shops at once.
	s.must(sys.stack.Karmak.SetFault(karmaktest.Fault{Kind: kind, Account: s.account, After: math.MaxInt}))
}

// event returns an export of the shop's RO for case-1, with the changes applied.
func (s *shop) event(name string, change ...func(*relatedro.Event)) relatedro.Event {
	ev := relatedro.Event{
		ID: s.location + "-" + name, Type: relatedro.Exported, OccurredAt: s.began,
		Key: relatedro.CaseKey{Location: s.location, Case: "case-1"}, RO: s.ro,
	}
	for _, c := range change {
		c(&ev)
	}
	return ev
}

func (s *shop) closing(name string, change ...func(*relatedro.Event)) relatedro.Event {
	ev := s.event(name, change...)
	ev.Type, ev.ClosedBy = relatedro.Closed, relatedro.ClosedByUser
	return ev
}

func ofCase(id string) func(*relatedro.Event) {
	return func(ev *relatedro.Event) { ev.Key.Case = id }
}

// after shifts an event's time relative to the shop's creation.
func after(d time.Duration) func(*relatedro.Event) {
	return func(ev *relatedro.Event) { ev.OccurredAt = ev.OccurredAt.Add(d) }
}

// send sends events, either all exports or all closes, and returns the messages' IDs.
func (s *shop) send(events ...relatedro.Event) []string {
	s.t.Helper()
	queue := "ExportQueue"
	bodies := make([]string, len(events))
	for i, ev := range events {
		if ev.Type == relatedro.Closed {
			queue = "CloseQueue"
		}
		var err error
		bodies[i], err = sqsbatch.Encode(ev)
		s.must(err)
	}
	return s.sendTo(queue, bodies...)
}

// sendTo sends the bodies in calls of ten and returns the messages' IDs.
func (s *shop) sendTo(queue string, bodies ...string) (ids []string) {
	s.t.Helper()
	url := sys.stack.QueueURL(queue)
	for len(bodies) > 0 {
		n := min(len(bodies), 10)
		input := &awssqs.SendMessageBatchInput{QueueUrl: &url}
		for i, body := range bodies[:n] {
			input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body})
		}
		out, err := sys.queues.SendMessageBatch(s.t.Context(), input)
		s.must(err)
		if len(out.Successful) != n {
			s.t.Fatalf("%d of %d messages were accepted", len(out.Successful), n)
		}
		for _, sent := range out.Successful {
			ids = append(ids, *sent.MessageId)
		}
		bodies = bodies[n:]
	}
	return ids
}

// reads returns the API's view of a case, such as "exported, ok by loc-1-e1: 70011".
func (s *shop) reads(caseID string) string {
	s.t.Helper()
	answer, err := sys.platform.RelatedROs(s.t.Context(), s.location, caseID)
	s.must(err)
	if answer.Status != 200 {
		return strings.TrimSpace(fmt.Sprint(answer.Status, " ", path.Base(answer.Type)))
	}
	text := fmt.Sprintf("%s, %s by %s:", answer.CaseStatus, strings.TrimSpace(answer.Retrieval.Outcome+" "+answer.Retrieval.Reason),
		answer.Retrieval.EventID)
	for _, ro := range answer.RelatedROs {
		text += " " + ro.RONumber
	}
	return text
}

// shows waits until the API shows case-1 with this status, outcome, event name and list of related
// ROs.
func (s *shop) shows(status, outcome, event string, related ...string) {
	s.t.Helper()
	s.showsOf("case-1", status, outcome, event, related...)
}

func (s *shop) showsOf(caseID, status, outcome, event string, related ...string) {
	s.t.Helper()
	want := strings.Join(append([]string{fmt.Sprintf("%s, %s by %s-%s:", status, outcome, s.location, event)}, related...), " ")
	got := ""
	eventually(s.t, func() string { return fmt.Sprintf("%s reads %q, want %q", caseID, got, want) }, func() bool {
		got = s.reads(caseID)
		return got == want
	})
}

// settled waits until the messages are deleted from their queue.
func (s *shop) settled(ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		eventually(s.t, func() string { return fmt.Sprintf("message %s is not deleted: %+v", id, sys.history(id)) },
			func() bool { return sys.history(id).deleted })
	}
}

// setAside waits for a dead letter in the queue whose body contains text, and returns it.
func (s *shop) setAside(queue, text string) types.Message {
	s.t.Helper()
	var letters []types.Message
	eventually(s.t, func() string { return "no dead letter with " + text }, func() bool {
		letters = sys.deadLetters(s.t, queue, text)
		return len(letters) > 0
	})
	return letters[0]
}

// nothingSetAside fails the test if one of the shop's messages became a dead letter.
func (s *shop) nothingSetAside() {
	s.t.Helper()
	for _, queue := range []string{"ExportDeadLetterQueue", "CloseDeadLetterQueue", "RefreshDeadLetterQueue"} {
		for _, letter := range sys.deadLetters(s.t, queue, s.location+`"`) {
			s.t.Errorf("dead letter %s: %s", attribute(letter, sqsbatch.AttrErrorCode), *letter.Body)
		}
	}
}

func attribute(m types.Message, name string) string {
	return aws.ToString(m.MessageAttributes[name].StringValue)
}

// onDatabase calls decide for every DynamoDB request that names the shop's location.
func (s *shop) onDatabase(decide func(op, body string) *dynamodbengine.Fault) {
	sys.database.add(s.t, func(op, body string) *dynamodbengine.Fault {
		if !strings.Contains(body, "LOC#"+s.location+`"`) {
			return nil
		}
		return decide(op, body)
	})
}

// onFailures calls do each time a message of the shop is delayed after a failure, starting with
// failure number least, until do returns true. The queues stand still during the call.
func (s *shop) onFailures(least int, do func() (done bool)) {
	failures, done := 0, false // the queue engine reports events one at a time
	s.onQueue(func(e sqsengine.Event) {
		if e.Kind != sqsengine.Rescheduled || done {
			return
		}
		failures++
		done = failures >= least && do()
	})
}

// mendAfter makes Karmak work again after so many failures, but not before the caller has seen the
// effect of a failure and calls goOn.
func (s *shop) mendAfter(failures int, fault karmaktest.Kind) (goOn func()) {
	var may atomic.Bool
	s.onFailures(failures, func() bool {
		if !may.Load() {
			return false
		}
		s.mendKarmak(fault)
		s.forgetTrouble()
		return true
	})
	return func() { may.Store(true) }
}

// onQueue calls receive for every event of the shop's messages. The queues stand still during the
// call.
func (s *shop) onQueue(receive func(sqsengine.Event)) {
	sys.queue.add(s.t, func(e sqsengine.Event) {
		if strings.Contains(e.Body, s.location+`"`) {
			receive(e)
		}
	})
}

// whileAsking runs f once, during a request to Karmak for the shop's RO.
func (s *shop) whileAsking(f func()) {
	var asked atomic.Bool
	sys.karmak.add(s.t, func(r *http.Request) {
		if strings.Contains(r.URL.RawQuery, s.ro) && asked.CompareAndSwap(false, true) {
			f()
		}
	})
}

// gate returns a function that waits until release is called; the end of the test also releases it.
func (s *shop) gate() (wait func(), release func()) {
	open, release := context.WithCancel(context.Background())
	s.t.Cleanup(release)
	return func() { <-open.Done() }, release
}

// forgetTrouble kills the processes that would pause an account for some real time after its
// failures. Messages in progress are redelivered; delayed messages stay delayed.
func (s *shop) forgetTrouble() { sys.stack.Kill("export") }
