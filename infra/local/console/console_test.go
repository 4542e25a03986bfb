package console

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"related-ro/infra/emulators/eventengine"
	"related-ro/infra/emulators/gateway"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
	"related-ro/pkg/karmak/karmaktest"
)

// serve starts the panel's routes with a simulated Karmak.
func serve(t *testing.T) (*httptest.Server, *Feed, *karmaktest.Simulator) {
	t.Helper()
	data, err := seed.Read()
	if err != nil {
		t.Fatal(err)
	}
	key, err := issuer.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	simulator := karmaktest.New(karmaktest.Config{})
	karmak := httptest.NewServer(simulator)
	t.Cleanup(karmak.Close)
	feed := NewFeed(time.Now)
	handler, err := New(Config{Data: data, Platform: &platform.Platform{KarmakURL: karmak.URL}, Key: key, Feed: feed})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections() // ends the streams of steps
		server.Close()
	})
	return server, feed, simulator
}

func request(t *testing.T, method, url, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		req.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestCasesComeWithWhereKarmakHasTheirRO(t *testing.T) {
	server, _, _ := serve(t)
	status, text := request(t, "GET", server.URL+"/local/cases", "", nil)
	var cases []seenCase
	if err := json.Unmarshal([]byte(text), &cases); status != 200 || err != nil {
		t.Fatalf("%d, %v", status, err)
	}
	for _, c := range cases {
		if c.CaseID == "" || c.RONumber == "" || c.LocationID == "" || c.Account == "" || c.Customer == "" || c.LocationName == "" {
			t.Errorf("something is missing: %+v", c)
		}
	}
}

func TestTokenIsMintedForKnownRolesOnly(t *testing.T) {
	server, _, _ := serve(t)
	status, text := request(t, "POST", server.URL+"/local/token", `{"subject":"s","roles":["support"],"locations":["*"]}`, nil)
	if status != 200 || strings.Count(text, ".") != 2 {
		t.Errorf("%d %s", status, text)
	}
	if status, _ = request(t, "POST", server.URL+"/local/token", `{"roles":["root"]}`, nil); status != 400 {
		t.Errorf("an unknown role: %d", status)
	}
}

func TestOnlyThisMachinesOwnPagesAreServed(t *testing.T) {
	server, _, _ := serve(t)
	for name, c := range map[string]struct {
		header http.Header
		want   int
	}{
		"own page":               {http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		"a person's own request": {http.Header{"Sec-Fetch-Site": {"none"}}, 200},
		"curl":                   {http.Header{}, 200},
		"localhost":              {http.Header{"Host": {"localhost:3000"}}, 200},
		"another site's page":    {http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"another port's page":    {http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		"a name that leads here": {http.Header{"Host": {"evil.example:3000"}}, 403},
		"a form":                 {http.Header{"Content-Type": {"text/plain"}}, 415},
		"no content type":        {http.Header{"Content-Type": {""}}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			if status, text := request(t, "POST", server.URL+"/local/token", `{"roles":[],"locations":[]}`, c.header); status != c.want {
				t.Errorf("%d %s, want %d", status, text, c.want)
			}
		})
	}
}

func TestKarmakIsSteeredThroughThePanel(t *testing.T) {
	server, _, simulator := serve(t)
	status, text := request(t, "POST", server.URL+"/local/karmak/account", `{"id":"acme","users":["u"]}`, nil)
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	status, text = request(t, "POST", server.URL+"/local/karmak/ro", `{"account":"acme","ro":{"number":"1"}}`, nil)
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	status, text = request(t, "POST", server.URL+"/local/karmak/spinoff", `{"account":"acme","from":"1","branch":"","ro":{"number":"2"}}`,
		nil)
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if ro, err := simulator.RO("acme", "2", ""); err != nil || ro.Original != "1" {
		t.Errorf("%+v, %v", ro, err)
	}
}

func TestInboxIsServedEmptyToo(t *testing.T) {
	server, _, _ := serve(t)
	if status, text := request(t, "GET", server.URL+"/local/inbox", "", nil); status != 200 ||
		strings.TrimSpace(text) != `{"received":0,"notices":[],"badges":[],"handovers":[]}` {
		t.Errorf("%d %s", status, text)
	}
}

func TestUnknownEventsAreRefused(t *testing.T) {
	server, _, _ := serve(t)
	if status, text := request(t, "POST", server.URL+"/local/events", `{"type":"case.reopened"}`, nil); status != 400 {
		t.Errorf("%d %s", status, text)
	}
}

func TestPanelsFilesAreServed(t *testing.T) {
	server, _, _ := serve(t)
	for _, name := range []string{"panel.js", "chart.js", "panel.css"} {
		if status, text := request(t, "GET", server.URL+"/local/"+name, "", nil); status != 200 || text == "" {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// read returns the next n steps of a stream that starts after step `after`.
func read(t *testing.T, server *httptest.Server, after, n int) []Step {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("%s/local/steps?after=%d", server.URL, after), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var steps []Step
	lines := bufio.NewScanner(res.Body)
	for len(steps) < n && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var s Step
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, s)
		}
	}
	return steps
}

func TestStepsDescribeEvents(t *testing.T) {
	body := `{"type":"case.exported","locationId":"loc-100","caseId":"case-1"}`
	for name, c := range map[string]struct {
		happen func(*Feed)
		want   Step
	}{
		"message arrived": {func(f *Feed) { f.SQS(sqsengine.Event{Kind: sqsengine.Sent, Queue: "case-export", Body: body}) },
			Step{Source: "queue", Text: "case-export: case.exported case-1 arrived", LocationID: "loc-100", CaseID: "case-1"}},
		"message received": {func(f *Feed) {
			f.SQS(sqsengine.Event{Kind: sqsengine.Received, Queue: "case-export", Body: body, ReceiveCount: 2})
		}, Step{Source: "queue", Text: "case-export: case.exported case-1 handed out, receive 2", LocationID: "loc-100", CaseID: "case-1"}},
		"message comes again": {func(f *Feed) {
			f.SQS(sqsengine.Event{Kind: sqsengine.Rescheduled, Queue: "case-export", Body: body, VisibleIn: 20 * time.Second})
		}, Step{Source: "queue", Text: "case-export: case.exported case-1 is visible again in 20s", LocationID: "loc-100",
			CaseID: "case-1"}},
		"message that is none": {func(f *Feed) {
			f.SQS(sqsengine.Event{Kind: sqsengine.Moved, Queue: "case-export", To: "case-export-dlq", Body: "<x>", MessageID: "m1"})
		}, Step{Source: "queue", Text: "case-export: message m1 moved to case-export-dlq", Level: "WARN"}},
		"message handled": {func(f *Feed) {
			f.Line(lambdaengine.Line{Function: "ExportFunction",
				Text: `{"timestamp":"t","level":"INFO","function":"export","message":"message","location":"loc-100","case":"case-1",` +
					`"outcome":"ok","related":3,"trigger":"export","rounds":{"1":2}}`})
		}, Step{Source: "function", Text: `export: message of case-1 at loc-100: ok related=3 rounds={"1":2} trigger=export`,
			LocationID: "loc-100", CaseID: "case-1", Outcome: "ok"}},
		"warning": {func(f *Feed) { f.Line(lambdaengine.Line{Function: "X", Text: `{"level":"WARN","message":"m"}`}) },
			Step{Source: "function", Text: "X: m", Level: "WARN"}},
		"a line of no form": {func(f *Feed) { f.Line(lambdaengine.Line{Function: "X", Text: "panic: oh"}) },
			Step{Source: "function", Text: "X: panic: oh"}},
		"Karmak answered": {func(f *Feed) {
			f.Karmak(karmaktest.Request{Call: "headers", Account: "6b1f6a3e-0b1c-4d7e-9a65-1f2f3c4d5e6f", Status: 200, Rows: 2})
		}, Step{Source: "karmak", Text: "headers of account 6b1f6a3e: 200, 2 rows"}},
		"Karmak did not": {func(f *Feed) { f.Karmak(karmaktest.Request{Call: "headers", Fault: karmaktest.Reset}) },
			Step{Source: "karmak", Text: "headers of account unknown: no answer (fault reset)", Level: "WARN"}},
		"event on the bus": {func(f *Feed) {
			f.Event(eventengine.Event{DetailType: "RelatedROsChanged",
				Detail: json.RawMessage(`{"locationId":"loc-100","caseId":"case-1","caseNumber":"1","revision":2,"added":["50127"]}`)})
		}, Step{Source: "event", Text: "RelatedROsChanged of case 1 at loc-100, revision 2 +50127", LocationID: "loc-100",
			CaseID: "case-1"}},
		"platform took it": {func(f *Feed) {
			f.Platform(platform.Notice{Type: "LocationEnabled", Detail: platform.NoticeDetail{LocationID: "loc-100"}},
				"handed over 2 open cases (202)")
		}, Step{Source: "platform", Text: "LocationEnabled: handed over 2 open cases (202)", LocationID: "loc-100"}},
		"API was asked": {func(f *Feed) {
			f.Access(gateway.Access{Method: "GET", Path: "/v1/search", Status: 200, Duration: 3 * time.Millisecond})
		}, Step{Source: "api", Text: "GET /v1/search: 200 in 3.0 ms"}},
		"API failed": {func(f *Feed) {
			f.Access(gateway.Access{Method: "GET", Path: "/v1/search", Status: 500, Err: errors.New("died")})
		}, Step{Source: "api", Text: "GET /v1/search: 500 in 0.0 ms: died", Level: "WARN"}},
		"batch left messages": {func(f *Feed) { f.Batch("q", poller.Batch{Messages: 3, Failed: 1}) },
			Step{Source: "mapping", Text: "q: 1 of 3 messages failed"}},
		"function started and failed": {func(f *Feed) {
			f.Report(lambdaengine.Report{Function: "f", Duration: time.Millisecond, Init: 2 * time.Millisecond, Error: "Sandbox.Timedout"})
		}, Step{Source: "lambda", Text: "f ran 1.0 ms, after a cold start of 2.0 ms: Sandbox.Timedout", Level: "ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, feed, _ := serve(t)
			c.happen(feed)
			got := read(t, server, 0, 1)[0]
			got.At = time.Time{}
			c.want.ID = 1
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestATerminalShowsALineAStep(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 15, 0, 250_000_000, time.UTC)
	for colour, want := range map[bool]string{
		false: "10:15:00.250  function f: no\n",
		true:  "10:15:00.250  \x1b[31mfunction\x1b[0m f: no\n",
	} {
		var out strings.Builder
		feed := NewFeed(func() time.Time { return now })
		feed.Print(&out, colour)
		feed.Line(lambdaengine.Line{Function: "f", Text: `{"level":"ERROR","message":"no"}`})
		feed.Line(lambdaengine.Line{Text: `{"_aws":{"Timestamp":1},"Messages":1}`})
		if out.String() != want {
			t.Errorf("printed %q, want %q", out.String(), want)
		}
	}
}

func TestStepsThatSayNothingNewAreLeftOut(t *testing.T) {
	feed := NewFeed(time.Now)
	feed.Batch("q", poller.Batch{Messages: 3})
	feed.Report(lambdaengine.Report{Function: "f", Duration: time.Millisecond})
	feed.Access(gateway.Access{Method: "GET", Path: "/console/", Status: 200})
	// Access reports it
	feed.Line(lambdaengine.Line{Text: `{"level":"INFO","message":"request","status":200}`})
	if steps, _ := feed.since(0); len(steps) != 0 {
		t.Errorf("%+v", steps)
	}
}

func TestStreamGoesOnAfterTheLastStepSeen(t *testing.T) {
	server, feed, _ := serve(t)
	for i := range 5 {
		feed.Line(lambdaengine.Line{Function: "f", Text: fmt.Sprint("line ", i)})
	}
	steps := read(t, server, 3, 2)
	if steps[0].ID != 4 || steps[1].ID != 5 {
		t.Errorf("%+v", steps)
	}
}

// A page that stays open across a restart of the stack requests the steps after a step of the
// previous run.
func TestStreamBeginsAnewWithTheStack(t *testing.T) {
	feed := NewFeed(time.Now)
	feed.Line(lambdaengine.Line{Function: "f", Text: "first"})
	if steps, _ := feed.since(500); len(steps) != 1 || steps[0].ID != 1 {
		t.Errorf("%+v", steps)
	}
}

func TestOldStepsGoWhenThereAreMany(t *testing.T) {
	feed := NewFeed(time.Now)
	for range 3 * kept {
		feed.Line(lambdaengine.Line{Text: "x"})
	}
	steps, _ := feed.since(0)
	if len(steps) > kept || steps[len(steps)-1].ID != 3*kept {
		t.Errorf("%d steps, last %+v", len(steps), steps[len(steps)-1])
	}
}

func TestFiguresAddUpMetricLines(t *testing.T) {
	feed := NewFeed(time.Now)
	now := time.Date(2026, 11, 23, 10, 15, 30, 0, time.UTC)
	line := func(moment time.Time, outcome, values string) lambdaengine.Line {
		return lambdaengine.Line{Text: fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"N",`+
			`"Dimensions":[["Outcome"]],`+
			`"Metrics":[{"Name":"Messages","Unit":"Count"},{"Name":"Took","Unit":"Milliseconds"}]}]},"Outcome":%q,%s}`, moment.UnixMilli(),
			outcome, values)}
	}
	feed.Line(line(now, "ok", `"Messages":[3],"Took":[1.5,2]`))
	feed.Line(line(now.Add(10*time.Second), "ok", `"Messages":2`))
	feed.Line(line(now.Add(time.Minute), "ok", `"Messages":[1]`))
	feed.Line(line(now, "failed", `"Messages":[7]`))
	sums := map[string][]float64{}
	var took []float64
	for _, s := range feed.Figures() {
		for _, p := range s.Points {
			if s.Name == "Messages" {
				sums[s.Dimensions["Outcome"]] = append(sums[s.Dimensions["Outcome"]], p.Sum)
			} else {
				took = append(took, p.Values...)
			}
		}
	}
	if fmt.Sprint(sums) != "map[failed:[7] ok:[5 1]]" || fmt.Sprint(took) != "[1.5 2]" {
		t.Errorf("sums %v, took %v", sums, took)
	}
	if steps, _ := feed.since(0); len(steps) != 0 {
		t.Errorf("metrics must not appear as steps: %+v", steps)
	}
}

func TestOldFiguresGo(t *testing.T) {
	f := make(figures)
	s := f.series("Messages", "Count", nil)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := range 2 * maxPoints {
		s.add(now.Add(time.Duration(i)*time.Minute), []float64{1})
	}
	if len(s.Points) != maxPoints || !s.Points[0].At.Equal(now.Add(maxPoints*time.Minute)) {
		t.Errorf("%d points from %s", len(s.Points), s.Points[0].At)
	}
}

func TestMetricLinesOfAnyFormDoNoHarm(t *testing.T) {
	for _, text := range []string{`{"_aws":1}`, `{"_aws":{"CloudWatchMetrics":[1,{"Dimensions":[1,["x"]],"Metrics":[1,{"Name":"a"}]}]},` +
		`"a":"no number"}`, `{"_aws":null}`} {
		NewFeed(time.Now).Line(lambdaengine.Line{Text: text})
	}
}
