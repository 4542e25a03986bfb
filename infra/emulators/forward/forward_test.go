package forward_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"related-ro/infra/emulators/forward"
)

// start serves an engine and returns a proxy in front of it.
func start(t *testing.T, engine http.HandlerFunc) *httptest.Server {
	t.Helper()
	other := httptest.NewServer(engine)
	t.Cleanup(other.Close)
	target, err := url.Parse(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(forward.To(target))
	t.Cleanup(proxy.Close)
	return proxy
}

// exchange sends a request body and returns the response body.
func exchange(t *testing.T, proxy *httptest.Server, body string) string {
	t.Helper()
	response, err := proxy.Client().Post(proxy.URL+"/path", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %d bytes, %v", response.StatusCode, len(answer), err)
	}
	return string(answer)
}

func TestRequestAndAnswerArriveAsSent(t *testing.T) {
	proxy := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" ") // exchange detects a failed write
		_, _ = io.Copy(w, r.Body)
	})
	if got := exchange(t, proxy, "body"); got != "POST /path body" {
		t.Errorf("got %q", got)
	}
}

// The engine answers as soon as it has received a request. With a proxy that forwards a body while
// it reads it, about one response in several hundred is cut off.
func TestAnswersOfFastEngineArriveWhole(t *testing.T) {
	answer := bytes.Repeat([]byte("x"), 256<<10)
	proxy := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(answer) // exchange detects a failed write
	})
	for range 4 {
		t.Run("client", func(t *testing.T) {
			t.Parallel()
			for range 250 {
				if got := exchange(t, proxy, `{"TableName":"related-ro"}`); len(got) != len(answer) {
					t.Fatalf("got %d bytes of %d", len(got), len(answer))
				}
			}
		})
	}
}

func TestTargetThatDoesNotAnswerIsABadGateway(t *testing.T) {
	proxy := start(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	response, err := proxy.Client().Post(proxy.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestClientThatLeavesIsNothingToReport(t *testing.T) {
	var reported bytes.Buffer
	log.SetOutput(&reported)
	defer log.SetOutput(os.Stderr)
	ctx, leave := context.WithCancel(t.Context())
	proxy := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http detects closed connections only afterwards
		leave()
		<-r.Context().Done()
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, proxy.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := proxy.Client().Do(request); err == nil {
		response.Body.Close()
		t.Error("got a response for a cancelled request")
	}
	proxy.Close() // waits for the handler
	if reported.Len() > 0 {
		t.Errorf("reported %q", reported.String())
	}
}
