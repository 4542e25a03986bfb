package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/local/platform"
	"related-ro/pkg/karmak/karmaktest"
)

// system is a created stack, with the case platform in front of it and a Karmak behind it.
type system struct {
	*platform.Platform
	inbox   *platform.Inbox // receives the events; set by the story
	world   *world
	karmak  *karmaktest.Server
	outputs map[string]string
	client  *http.Client

	mu    sync.Mutex
	asked map[string]bool // the requests to the API, as "GET /v1/search"
}

// newKarmak starts a simulated Karmak that accepts the secret's credentials.
func newKarmak(t *testing.T) *karmaktest.Server {
	t.Helper()
	karmak := karmaktest.Start(karmaktest.Config{ClientID: clientID, ClientSecret: clientSecret})
	t.Cleanup(karmak.Close)
	return karmak
}

// newSystem returns the system for a stack with these outputs.
func newSystem(t *testing.T, w *world, karmak *karmaktest.Server, outputs map[string]string) *system {
	t.Helper()
	s := &system{world: w, karmak: karmak, outputs: outputs, client: &http.Client{}, asked: make(map[string]bool)}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	front := httptest.NewServer(s.front(t))
	t.Cleanup(front.Close)
	s.Platform = &platform.Platform{
		APIURL: front.URL, KarmakURL: karmak.URL, Token: w.token,
		Queues:         sqs.NewFromConfig(w.engine.config(w.producer)),
		ExportQueueURL: outputs["ExportQueueUrl"], CloseQueueURL: outputs["CloseQueueUrl"],
		Bus: eventbridge.NewFromConfig(w.engine.config(owner())), BusName: outputs["EventBusName"],
		// Not an output, because the queue is internal to the product.
		RefreshQueueURL: strings.Replace(outputs["ExportQueueUrl"], "-export", "-refresh", 1),
	}
	return s
}

// front proxies to the stack's API, which the engine identifies by host name, and records the
// requests.
func (s *system) front(t *testing.T) http.Handler {
	t.Helper()
	target, err := url.Parse(s.world.engine.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Transport: s.world.engine.client.Transport,
		ErrorLog:  log.New(io.Discard, "", 0), // errors appear in the response
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = s.outputs["ApiId"] + ".execute-api." + s.world.engine.host
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.Method+" "+r.URL.Path] = true
		s.mu.Unlock()
		proxy.ServeHTTP(w, r)
	})
}

// asOwner returns an SQS client with more permissions than the case platform.
func (s *system) asOwner() *sqs.Client { return sqs.NewFromConfig(s.world.engine.config(owner())) }

// request is one request to the API and its expected response.
type request struct {
	method, path, body string
	role               string // of the token; no token if empty
	header             map[string]string
	status             int
	want               string // expected part of the response body
}

// ask sends a request and decodes the response into result unless result is nil.
func (s *system) ask(ctx context.Context, r request, result any) (http.Header, error) {
	made, err := http.NewRequestWithContext(ctx, r.method, s.APIURL+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.body != "" {
		made.Header.Set("Content-Type", "application/json")
	}
	if r.role != "" {
		token, err := s.Token(r.role, "*")
		if err != nil {
			return nil, err
		}
		made.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range r.header {
		made.Header.Set(name, value)
	}
	response, err := s.client.Do(made)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != r.status || !strings.Contains(string(text), r.want) {
		return nil, fmt.Errorf("%s %s: %s, want %d with %q: %.300s", r.method, r.path, response.Status, r.status, r.want, text)
	}
	if result != nil {
		err = json.Unmarshal(text, result)
	}
	return response.Header, err
}

// retrieved waits for the retrieval of an event. Any outcome other than ok is an error.
func (s *system) retrieved(ctx context.Context, c platform.Case, eventID string) (platform.Answer, error) {
	for {
		answer, err := s.RelatedROs(ctx, c.LocationID, c.CaseID)
		switch {
		case err != nil:
			return answer, err
		case answer.Status >= http.StatusInternalServerError:
			return answer, fmt.Errorf("read status is %d", answer.Status)
		case answer.Retrieval.EventID == eventID && answer.Retrieval.Outcome == "ok":
			return answer, nil
		case answer.Retrieval.EventID == eventID:
			return answer, fmt.Errorf("the retrieval of %s is %s: %s", c.CaseID, answer.Retrieval.Outcome, answer.Retrieval.Reason)
		}
		if pause(ctx) != nil {
			return answer, fmt.Errorf("no retrieval of %s in time, last seen %d %+v", c.CaseID, answer.Status, answer.Retrieval)
		}
	}
}

// deadLetter waits for the dead letter of an event in a queue.
func (s *system) deadLetter(ctx context.Context, queue, eventID string) (messageID string, err error) {
	for {
		var found struct {
			DeadLetters []struct{ MessageID, EventID, ErrorCode string }
		}
		_, err := s.ask(ctx, request{
			method: http.MethodGet, path: "/v1/operations/dead-letters?queue=" + queue, role: "support", status: http.StatusOK,
		}, &found)
		if err != nil {
			return "", err
		}
		for _, letter := range found.DeadLetters {
			if letter.EventID == eventID && letter.ErrorCode != "" {
				return letter.MessageID, nil
			}
		}
		if pause(ctx) != nil {
			return "", errors.New("no dead letter with a reason in queue " + queue + " in time")
		}
	}
}
