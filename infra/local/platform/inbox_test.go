package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/checks/suite/sqstest"
	engine "related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/pkg/eventbus"
	"related-ro/pkg/relatedro"
)

// world is a bus, a platform that subscribes to it, and an API that records its requests.
type world struct {
	*platform.Platform
	bus *eventbus.Bus

	mu    sync.Mutex
	asked []string // requests to the API: method, path and body
	wake  chan struct{}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{wake: make(chan struct{}, 100)}
	name := fmt.Sprintf("bus-%d", time.Now().UnixNano())
	events, queues := os.Getenv(platform.EndpointVariable), os.Getenv(platform.EndpointVariable)
	if events == "" {
		var client *awssqs.Client
		_, client, queues = sqstest.Start(t, sqsengine.Config{})
		bus := engine.New(engine.Config{Region: "us-east-1", Account: sqsengine.Account,
			Deliver: func(ctx context.Context, arn string, event []byte) error {
				url, body := queues+"/"+sqsengine.Account+"/"+arn[strings.LastIndexByte(arn, ':')+1:], string(event)
				_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
				return err
			}})
		server := httptest.NewServer(bus)
		t.Cleanup(server.Close)
		events = server.URL
	}
	client := eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: &events,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	if _, err := client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(http.HandlerFunc(w.api))
	t.Cleanup(api.Close)
	w.bus = eventbus.New(client, name)
	w.Platform = &platform.Platform{
		APIURL: api.URL, Queues: sqstest.NewClient(queues), Bus: client, BusName: name,
		Token: func(string, ...string) (string, error) { return "token", nil },
	}
	return w
}

// api answers that a location's settings are at version 2, and accepts every hand-over.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.asked = append(w.asked, r.Method+" "+r.URL.Path+" "+string(body))
	w.mu.Unlock()
	if r.Method == http.MethodPost {
		rw.WriteHeader(http.StatusAccepted)
	}
	fmt.Fprint(rw, `{"version":2,"queued":1,"left":0}`)
}

// subscribe subscribes the platform under a unique name and processes events until the test ends.
func (w *world) subscribe(t *testing.T, open ...platform.Case) *platform.Inbox {
	t.Helper()
	inbox, err := w.Subscribe(t.Context(), fmt.Sprintf("inbox-%d", time.Now().UnixNano()), []string{"loc-100"}, open)
	if err != nil {
		t.Fatal(err)
	}
	inbox.Observe = func(platform.Notice, string) { w.wake <- struct{}{} }
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return inbox
}

func (w *world) publish(t *testing.T, notices ...relatedro.Notice) {
	t.Helper()
	if n, err := w.bus.Publish(t.Context(), notices); n != len(notices) || err != nil {
		t.Fatalf("%d published, %v", n, err)
	}
}

// await returns when the platform has processed n events.
func (w *world) await(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-w.wake:
		case <-time.After(30 * time.Second):
			t.Fatal("no event arrived")
		}
	}
}

func about(location string, revision int64, ros ...string) relatedro.Notice {
	n := relatedro.Notice{
		ID: fmt.Sprintf("id-%d", revision), At: time.Date(2026, 11, 24, 16, 5, 9, 0, time.UTC), Kind: relatedro.NoticeROsChanged,
		Key: relatedro.CaseKey{Location: location, Case: "case-1"}, CaseNumber: "1001", Revision: revision, Added: ros,
	}
	for _, ro := range ros {
		n.Related = append(n.Related, relatedro.ROView{RO: ro, ROState: relatedro.ROState{Status: relatedro.ROOpen, Warranty: true}})
	}
	return n
}

func settings(kind relatedro.NoticeKind, revision int64) relatedro.Notice {
	return relatedro.Notice{ID: fmt.Sprintf("set-%d", revision), Kind: kind, Key: relatedro.CaseKey{Location: "loc-100"},
		Revision: revision}
}

var here = platform.Case{LocationID: "loc-100", CaseID: "case-1"}

func TestInboxKnowsTheNewestRevisionWhateverTheOrder(t *testing.T) {
	w := newWorld(t)
	inbox := w.subscribe(t)
	w.publish(t, about("loc-100", 3, "1", "2"), about("loc-100", 2, "1"), about("loc-200", 9, "7"), about("loc-100", 3, "1", "2"))
	w.await(t, 3) // the rule filters out the other location's event
	var numbers []string
	for _, ro := range inbox.RelatedROs(here) {
		numbers = append(numbers, ro.RONumber+" "+ro.Status+" "+ro.BillTo)
	}
	known := inbox.Known()
	if !slices.Equal(numbers, []string{"1 open warranty", "2 open warranty"}) || known.Received != 3 {
		t.Errorf("knows %q of %d events", numbers, known.Received)
	}
	if len(known.Badges) != 1 || known.Badges[0].Text != "+2" || !known.Badges[0].At.Equal(time.Date(2026, 11, 24, 16, 5, 9, 0, time.UTC)) {
		t.Errorf("badges %+v", known.Badges)
	}
}

func TestPlatformHandsOverItsOpenCasesOfALocationThatIsEnabled(t *testing.T) {
	w := newWorld(t)
	inbox := w.subscribe(t, platform.Case{LocationID: "loc-100", CaseID: "case-1", CaseNumber: "1", RONumber: "50123"},
		platform.Case{LocationID: "loc-200", CaseID: "case-2", RONumber: "60123"})
	// The first event is older than the version that the API returned at subscription; the last is
	// a duplicate.
	w.publish(t, settings(relatedro.NoticeEnabled, 1), settings(relatedro.NoticeDisabled, 3), settings(relatedro.NoticeEnabled, 4),
		settings(relatedro.NoticeEnabled, 4))
	w.await(t, 4)
	var posts []string
	for _, asked := range w.asked {
		if strings.HasPrefix(asked, "POST") {
			posts = append(posts, asked)
		}
	}
	want := `POST /v1/locations/loc-100/refetch {"cases":[{"caseId":"case-1","caseNumber":"1","roNumber":"50123"}]}`
	if !slices.Equal(posts, []string{want}) {
		t.Errorf("requests to the API: %q", posts)
	}
	if h := inbox.Known().Handovers; len(h) != 1 || h[0].Status != http.StatusAccepted || h[0].Cases != 1 {
		t.Errorf("hand-overs %+v", h)
	}
}

func TestNoticesReadLikeSentences(t *testing.T) {
	for want, text := range map[string]string{
		"RelatedROsChanged of case 1001 at loc-100, revision 4 +3 -1 ~2": `{"detail-type":"RelatedROsChanged",
			"detail":{"locationId":"loc-100","caseId":"c","caseNumber":"1001","revision":4,
			"added":["3"],"removed":["1"],"changed":[{"roNumber":"2"}]}}`,
		"RetrievalFailed of case c at loc-100, revision 4: ro_not_found": `{"detail-type":"RetrievalFailed",
			"detail":{"locationId":"loc-100","caseId":"c","revision":4,"reason":"ro_not_found"}}`,
		"LocationEnabled at loc-100, revision 4": `{"detail-type":"LocationEnabled",
			"detail":{"locationId":"loc-100","revision":4}}`,
	} {
		var n platform.Notice
		if err := json.Unmarshal([]byte(text), &n); err != nil || n.Text() != want {
			t.Errorf("%q, %v; want %q", n.Text(), err, want)
		}
	}
}
