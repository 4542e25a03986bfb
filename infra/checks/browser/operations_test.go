package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"related-ro/infra/emulators/lambdaengine"
)

// messages returns the chart's totals by outcome.
func (p *tab) messages() map[string]int {
	p.Helper()
	return eval[map[string]int](p, "Object.fromEntries([...document.querySelectorAll('[data-outcome]')].map((r) => "+
		"[r.dataset.outcome, Number(r.cells[1].textContent)]))")
}

func TestChartHasTheMessagesThatWereSent(t *testing.T) {
	w := start(t)
	// The messages caused by the seed data, as counted by the functions.
	before := map[string]int{}
	for _, s := range w.feed.Figures() {
		for _, point := range s.Points {
			if s.Name == "Messages" {
				before[s.Dimensions["Outcome"]] += int(point.Sum)
			}
		}
	}
	planted := 0
	for _, n := range before {
		planted += n
	}
	sent := 0
	for _, c := range w.data.Cases {
		switch c.Happened {
		case "exported":
			sent++
		case "closed by user", "closed by auto":
			sent += 2
		}
	}
	if planted != sent {
		t.Errorf("%d messages were sent, the metrics have %d: %v", sent, planted, before)
	}
	for range 3 {
		w.export(t, w.seeded(t, "case-1003"))
	}
	// The case's location is disabled.
	if _, err := w.platform.Export(t.Context(), w.seeded(t, "case-3001")); err != nil {
		t.Fatal(err)
	}
	if err := w.platform.AwaitEmpty(t.Context()); err != nil {
		t.Fatal(err)
	}
	hourAgo := fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Dimensions":[["Outcome"]],"Metrics":[{"Name":"Messages",`+
		`"Unit":"Count"}]}]},"Outcome":"ok","Messages":7}`,
		time.Now().Add(-time.Hour).UnixMilli())
	w.feed.Line(lambdaengine.Line{Text: hourAgo}) // too old for the chart and its table
	p := w.open(t, "")
	p.as("support", "*")
	p.visit("operations")
	p.wait(fmt.Sprintf("Number(document.querySelector('[data-outcome=ok]')?.cells[1].textContent) === %d", before["ok"]+3))
	got := p.messages()
	if got["disabled"] != before["disabled"]+1 || got["ok"] != before["ok"]+3 || got["skipped"] != before["skipped"] {
		t.Errorf("the chart has %v, before %v", got, before)
	}
	if n := eval[int](p, "document.querySelectorAll('.bar').length"); n == 0 {
		t.Error("nothing is drawn")
	}
	p.sees("[data-requests]", "ms")
	p.quiet()
}

func TestSingleDeadLettersAreRedrivenAndDeleted(t *testing.T) {
	w := start(t)
	for _, id := range []string{"case-1003", "case-1004"} {
		w.refuse(t, w.seeded(t, id))
		w.export(t, w.seeded(t, id))
	}
	p := w.open(t, "")
	call(p, page.Enable, page.EnableParams{})
	p.accepts(true)
	p.as("support", "*")
	p.visit("operations")
	p.sees("main table:has(code)", "case-1004")
	w.karmak(t, "DELETE", "faults", nil)
	const clickFor = "[...document.querySelectorAll('main table:has(code) tr')].find((row) => " +
		"row.textContent.includes('%s')).querySelector('[%s]').click()"
	p.do(fmt.Sprintf(clickFor, "case-1003", "data-delete"))
	p.sees("main", "1 deleted, about 1 left")
	p.wait("!text('main table:has(code)').includes('case-1003')")
	p.do(fmt.Sprintf(clickFor, "case-1004", "data-redrive"))
	p.sees("main", "1 sent back to the export queue, about 0 left. 1 of 1 cases fetched.")
	if len(p.dialogs) != 1 {
		t.Errorf("asked %q", p.dialogs)
	}
}

func TestDeadLettersAreListedAndRedriven(t *testing.T) {
	w := start(t)
	w.refuse(t, w.seeded(t, "case-1003"))
	if answer := w.export(t, w.seeded(t, "case-1003")); answer.Retrieval.Outcome != "failed" {
		t.Fatalf("%+v", answer.Retrieval)
	}
	p := w.open(t, "")
	call(p, page.Enable, page.EnableParams{})
	p.as("support", "*")
	p.visit("operations")
	p.sees("main table:has(code)", "not_activated")
	p.sees("main", "case-1003")
	w.karmak(t, "DELETE", "faults", nil)
	p.click("form:has(#place-export) button[type=submit]")
	p.sees("main table:has(code)", "case-1003") // the confirmation was rejected
	p.accepts(true)
	p.click("form:has(#place-export) button[type=submit]")
	p.sees("main", "1 sent back to the export queue, about 0 left. 1 of 1 cases fetched.")
	p.sees("main", "No dead letters")
	p.visit("cases/loc-100/case-1003")
	p.sees("related-ros", "Fetched")
	p.quiet()
}

func TestDeadLetterInOtherHandsIsNotNone(t *testing.T) {
	w := start(t)
	queue := w.QueueURL("CloseDeadLetterQueue")
	client := w.SQSClient()
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("held")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, VisibilityTimeout: 600}); err != nil {
		t.Fatal(err)
	}
	p := w.open(t, "")
	p.as("support", "*")
	p.visit("operations")
	p.sees("main", "None among those looked at, of about 1")
	p.quiet()
}

func TestHEADIsAnsweredWhereTheConsoleIs(t *testing.T) {
	w := start(t)
	for _, path := range []string{"/console", "/console/", "/console/related-ro.js"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, w.APIURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 || answer.Header.Get("Etag") == "" {
			t.Errorf("HEAD %s: %d %v", path, answer.StatusCode, answer.Header)
		}
	}
}

func TestOnlySupportSeesDeadLettersAndLocations(t *testing.T) {
	_, p := begin(t, "")
	for _, role := range []string{"administrator", "service_manager", "service_advisor", "field_manager"} {
		p.as(role, "*")
		p.visit("operations")
		p.sees("main", "Our support staff see the dead letters here")
		p.visit("locations")
		p.sees("main", "Our support staff see here how the locations fare")
	}
	if n := p.asked("/v1/operations"); n != 0 {
		t.Errorf("asked for dead letters or locations %d times", n)
	}
}

func TestStepsAreShownAsTheyHappen(t *testing.T) {
	_, p := begin(t, "")
	p.sees(".steps", "case-1002")
	p.visit("cases/loc-100/case-1001")
	p.click("aside .buttons button:nth-of-type(1)")
	for _, step := range []string{"case-export: case.exported case-1001 arrived", "case.exported case-1001 handed out, receive 1",
		"message of case-1001 at loc-100: ok", "case.exported case-1001 done"} {
		p.sees(".steps", step)
	}
}

func TestFaultsAreSwitchedOnAndOff(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.choose("#local-fault", "status_error")
	p.click("form:has(#local-fault) button[type=submit]")
	p.sees("aside .said", "Karmak from now on")
	p.click("aside .buttons button:nth-of-type(2)")
	p.sees("related-ros", "Karmak answered with an error")
	p.click("form:has(#local-fault) button[type=button]")
	p.sees("aside .said", "Karmak works again")
	// the system retries and the page updates, both automatically
	p.sees("related-ros", "when the case was closed")
	p.quiet()
}

// On AWS there is no extension: the page is the same, the user pastes a token, and the page
// requests nothing from the local stack.
func TestDeployedConsoleTakesAPastedToken(t *testing.T) {
	w := startWith(t, map[string]string{"CONSOLE_DASHBOARD_URL": "https://console.example.com/dashboard"})
	p := w.open(t, "")
	p.sees("main", "Access token")
	p.write("#token", "this is no token")
	p.click("main button[type=submit]")
	p.sees("main [role=alert]", "This is not a token")
	token, err := w.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	p.write("#token", token)
	p.click("main button[type=submit]")
	p.sees("h1", "Cases")
	for _, name := range []string{"search", "assets", "view", "settings", "cases"} {
		p.visit(name)
		p.sees("main", "Name a location at the top of the page first")
	}
	p.write("#location", "loc-100")
	p.do("deep('#location').dispatchEvent(new Event('change'))")
	p.write("#open-id", "case-1002")
	p.click("form:has(#open-id) button")
	p.sees("related-ros", "50126")
	p.visit("operations")
	if href := eval[string](p, "document.querySelector('#figures a').href"); href != "https://console.example.com/dashboard" {
		t.Errorf("the charts lead to %s", href)
	}
	if n := p.asked("/local"); n != 0 {
		t.Errorf("%d requests to the local stack's own paths", n)
	}
	if kept := eval[int](p, "localStorage.length + sessionStorage.length + document.cookie.length"); kept != 0 {
		t.Error("something is kept in storage")
	}
	if !eval[bool](p, "document.getElementById('extension').hidden") {
		t.Error("the panel is there")
	}
	p.quiet()
}

func TestActiveFaultsShowWhenThePageOpens(t *testing.T) {
	w := start(t)
	w.karmak(t, "POST", "fault", map[string]any{"kind": "offline"})
	p := w.open(t, "")
	p.sees("aside .said", "Karmak from now on: Fusion offline")
}

func TestConsoleWorksWithoutItsPanel(t *testing.T) {
	w := startWith(t, map[string]string{"CONSOLE_EXTENSION": "/console/nothing.js"})
	p := w.open(t, "")
	p.sees("aside [role=alert]", "The panel could not be loaded")
	token, err := w.Token("support", "loc-100")
	if err != nil {
		t.Fatal(err)
	}
	p.write("#token", token)
	p.click("main button[type=submit]")
	p.sees("h1", "Cases")
}

func TestConsoleThatCannotStartSaysSo(t *testing.T) {
	w, p := begin(t, "")
	call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: w.APIURL +
		"/console/config.json", Block: true}}})
	p.navigate(w.APIURL + "/console/")
	p.sees("h1", "The console could not start")
}

func TestPagesUseOnlyTheirOwnOrigin(t *testing.T) {
	w, p := begin(t, "")
	p.as("support", "*")
	for _, name := range pages {
		p.visit(name)
		p.wait("!text('main').includes('Loading')")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if _, url, _ := strings.Cut(r, " "); !strings.HasPrefix(url, w.APIURL+"/") {
			t.Errorf("the page asked %s", url)
		}
	}
	if len(p.requests) == 0 {
		t.Error("no request was seen at all")
	}
}
