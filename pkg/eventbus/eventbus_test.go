package eventbus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	engine "related-ro/infra/emulators/eventengine"
	"related-ro/pkg/eventbus"
	"related-ro/pkg/relatedro"
)

// world is a bus with one subscriber to all events.
type world struct {
	bus    *eventbus.Bus
	client *eventbridge.Client

	mu       sync.Mutex
	received [][]byte
	calls    int
	// refuse reports whether this delivery to the subscriber fails. It is called at each delivery.
	refuse func(event []byte) bool
	// answer may answer a call instead of the bus. It then returns true.
	answer func(call int, w http.ResponseWriter) bool
}

const name = "test-bus"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{refuse: func([]byte) bool { return false }, answer: func(int, http.ResponseWriter) bool { return false }}
	e := engine.New(engine.Config{Region: "us-east-1", Account: "000000000000", Deliver: w.deliver})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutEvents") {
			w.mu.Lock()
			w.calls++
			call := w.calls
			w.mu.Unlock()
			if w.answer(call, rw) {
				return
			}
		}
		e.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.client = eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	w.subscribe(t)
	w.bus = eventbus.New(w.client, name)
	return w
}

func (w *world) subscribe(t *testing.T) {
	t.Helper()
	_, err := w.client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String(name)})
	if err == nil {
		_, err = w.client.PutRule(t.Context(), &eventbridge.PutRuleInput{
			Name: aws.String("all"), EventBusName: aws.String(name), EventPattern: aws.String(`{"source":["related-ro"]}`),
		})
	}
	if err == nil {
		_, err = w.client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
			Rule: aws.String("all"), EventBusName: aws.String(name),
			Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) deliver(_ context.Context, _ string, event []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse(event) {
		return errors.New("cannot be reached")
	}
	w.received = append(w.received, event)
	return nil
}

// revisions returns the revisions of the received events, in order of receipt.
func (w *world) revisions(t *testing.T) (all []int64) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, event := range w.received {
		var e struct{ Detail struct{ Revision int64 } }
		if err := json.Unmarshal(event, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Detail.Revision)
	}
	return all
}

// notices returns n notices of one case, with revisions from 1 and ros related ROs each.
func notices(n, ros int) []relatedro.Notice {
	all := make([]relatedro.Notice, n)
	for i := range all {
		all[i] = relatedro.Notice{
			ID: fmt.Sprintf("id-%d", i+1), At: time.Date(2026, 11, 24, 16, 5, 9, 0, time.UTC), Kind: relatedro.NoticeROsChanged,
			Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}, Revision: int64(i + 1), Trigger: relatedro.TriggerExport,
		}
		for r := range ros {
			number := fmt.Sprint(50000 + r)
			all[i].Added = append(all[i].Added, number)
			all[i].Related = append(all[i].Related, relatedro.ROView{RO: number, ROState: relatedro.ROState{Status: relatedro.ROCompleted}})
		}
	}
	return all
}

func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

func TestPublishPutsTenACallInTheirOrder(t *testing.T) {
	w := newWorld(t)
	if n, err := w.bus.Publish(t.Context(), notices(25, 1)); n != 25 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if got := w.revisions(t); !slices.Equal(got, upTo(25)) || w.calls != 3 {
		t.Errorf("received %v in %d calls", got, w.calls)
	}
}

func TestPublishKeepsACallBelowItsBytes(t *testing.T) {
	w := newWorld(t)
	// A detail is about 90 kB, so that two fit into a call of 256 KB. The engine enforces the limit
	// too.
	if n, err := w.bus.Publish(t.Context(), notices(5, 1500)); n != 5 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if got := w.revisions(t); !slices.Equal(got, upTo(5)) || w.calls < 3 {
		t.Errorf("received %v in %d calls", got, w.calls)
	}
}

func TestPublishPutsOnlyFailedEntriesAgain(t *testing.T) {
	w := newWorld(t)
	failures := 0
	w.refuse = func(event []byte) bool {
		if strings.Contains(string(event), `"revision":4`) && failures < 2 {
			failures++
			return true
		}
		return false
	}
	if n, err := w.bus.Publish(t.Context(), notices(12, 1)); n != 12 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	got := w.revisions(t)
	slices.Sort(got)
	if !slices.Equal(got, upTo(12)) {
		t.Errorf("received %v, want each once", got)
	}
}

func TestPublishSurvivesACallThatFailsWhole(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter){
		"an error": func(w http.ResponseWriter) {
			http.Error(w, `{"__type":"InternalException"}`, http.StatusInternalServerError)
		},
		"throttled":       func(w http.ResponseWriter) { http.Error(w, `{"__type":"ThrottlingException"}`, http.StatusBadRequest) },
		"no answer":       func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"too few results": func(w http.ResponseWriter) { fmt.Fprint(w, `{"FailedEntryCount":0,"Entries":[]}`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer = func(call int, rw http.ResponseWriter) bool {
				if call <= 2 {
					fail(rw)
				}
				return call <= 2
			}
			if n, err := w.bus.Publish(t.Context(), notices(3, 1)); n != 3 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			if got := w.revisions(t); !slices.Equal(got, upTo(3)) {
				t.Errorf("received %v", got)
			}
		})
	}
}

func TestPublishSaysHowManyAreThereWhenTimeIsUp(t *testing.T) {
	w := newWorld(t)
	w.refuse = func(event []byte) bool { return strings.Contains(string(event), `"revision":14,`) }
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	n, err := w.bus.Publish(ctx, notices(30, 1))
	if n != 13 || err == nil || !strings.Contains(err.Error(), "InternalFailure") {
		t.Errorf("%d, %v; want 13 and the reason why the next one failed", n, err)
	}
	if got := w.revisions(t); slices.Contains(got, 14) || slices.Contains(got, 21) {
		t.Errorf("received %v", got)
	}
}
