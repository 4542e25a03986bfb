package boot

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// closedEarly behaves like an SDK body that was closed before net/http reads past the last byte:
// WriteTo returns io.EOF.
type closedEarly struct{ io.Reader }

func (closedEarly) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (closedEarly) Close() error                     { return nil }

func TestTransportOutlivesABodyThatIsClosedEarly(t *testing.T) {
	const body, answer = "request", "answer"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sent, err := io.ReadAll(r.Body); err != nil || string(sent) != body {
			t.Errorf("the server got body %q, error %v", sent, err)
		}
		io.WriteString(w, answer)
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closedEarly{strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(body))

	transport := NewTransport()
	defer transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != answer {
		t.Errorf("got response %q, error %v", got, err)
	}
}
