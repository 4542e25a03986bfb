package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// A receive that waits for a message must not block the write that produces the message.
func TestOneAtATimeHoldsBackRequestsOfDynamoDBAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside []string
		answer := make(chan struct{})
		gate := oneAtATime(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			inside = append(inside, r.Header.Get("X-Amz-Target"))
			<-answer
		}))
		ask := func(target string) {
			request := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
			request.Header.Set("X-Amz-Target", target)
			go gate.ServeHTTP(httptest.NewRecorder(), request)
			synctest.Wait()
		}
		ask("AmazonSQS.ReceiveMessage")
		ask("DynamoDB_20120810.PutItem")
		ask("DynamoDB_20120810.GetItem")
		ask("AmazonSQS.SendMessage")
		if got := strings.Join(inside, " "); got != "AmazonSQS.ReceiveMessage DynamoDB_20120810.PutItem AmazonSQS.SendMessage" {
			t.Errorf("the engine has received %s", got)
		}
		close(answer)
		synctest.Wait()
		if len(inside) != 4 {
			t.Errorf("the engine received %v, want all four", inside)
		}
	})
}

func TestGatePassesOnUntilItsEnd(t *testing.T) {
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer engine.Close()
	address, end, err := gate(t.Context(), engine.URL)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(address, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "{}" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if again, err := http.Post(address, "application/json", http.NoBody); err == nil {
		t.Errorf("it still answers: %s", again.Status)
	}
}
