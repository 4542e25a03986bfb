package browser

import (
	"fmt"
	"strings"
	"testing"
)

// hurry shortens the page's time limits and its waits of several seconds.
func (p *tab) hurry() {
	p.Helper()
	p.do(`(() => {
  const limit = AbortSignal.timeout, wait = window.setTimeout;
  AbortSignal.timeout = (ms) => limit.call(AbortSignal, Math.min(ms, 300));
  window.setTimeout = (fn, ms, ...rest) => wait(fn, ms > 4000 && ms < 10000 ? 50 : ms, ...rest);
})()`)
}

// hangs leaves requests whose method and address contain part without a response. hung counts them,
// and ended counts the aborted ones.
func (p *tab) hangs(part string) {
	p.Helper()
	p.do(`(() => { window.hung = 0; window.ended = 0; const real = window.fetch;
  window.fetch = (url, init) => {
    if (window.letThrough || !((init?.method ?? 'GET') + ' ' + url).includes(` + quote(part) + `)) return real(url, init);
    hung++;
    return new Promise((_, reject) => init.signal?.addEventListener('abort', () => { ended++; reject(init.signal.reason); }));
  }; })()`)
}

func TestARequestWithoutAnAnswerEndsInWords(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.hangs("/v1/")
	p.hurry()
	for page, element := range elements {
		p.visit(page)
		p.sees(element+" >> [role=alert]", "has not answered within 30 seconds")
		p.sees(element+" >> [role=alert]", "tried again by itself at")
		p.wait("deep('" + element + " >> [data-key=again]')")
	}
	p.visit("cases")
	p.sees("related-ro-cell", "Not read")
	p.sees("related-ro-status", "has not answered within 30 seconds")
	p.do("window.letThrough = true")
	p.click("related-ro-status >> [data-key=again]")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "50123")
	p.wait("text('related-ro-status') === ''")
}

func TestOneHungRequestHoldsUpNoOtherCell(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.visit("search")
	p.hangs("batch-get")
	p.addCells(1)
	p.wait("hung === 1")
	p.do("window.letThrough = true")
	p.do(`(() => { const cell = document.createElement('related-ro-cell'); cell.locationId = 'loc-100'; cell.caseId = 'case-1004';
  deep('#cells').append(cell); })()`)
	p.sees("#cells >> related-ro-cell[case-id=case-1004]", "50141")
}

func TestRequestsEndWithTheirReadersAndWithTheConnection(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.visit("search")
	p.hangs("/v1/")
	p.addCells(2)
	p.wait("hung === 1")
	p.do("deep('#cells').firstChild.remove()")
	p.do("await new Promise((done) => setTimeout(done))")
	if n := eval[int](p, "ended"); n != 0 {
		t.Error("the request ended although a cell waits for it")
	}
	p.do("deep('#cells').remove()")
	p.wait("ended === 1")
	p.visit("cases/loc-100/case-1002")
	p.wait("hung === 2")
	p.connect("")
	p.wait("ended === 2 && hung > 2")
}

func TestALongWaitShows(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.hangs("/v1/")
	p.do("(() => { const wait = window.setTimeout; window.setTimeout = (fn, ms, ...rest) => wait(fn, ms === 5000 ? 50 : ms, ...rest); })()")
	for page, element := range elements {
		p.visit(page)
		p.sees(element+" >> .loading >> .faint", "This takes longer than usual")
	}
}

func TestFailedReadsAreRepeatedWithTheNetwork(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.answers("/v1/", -1, "")
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros", "could not be reached")
	p.answersAgain()
	p.do("dispatchEvent(new Event('online'))")
	p.sees("related-ros", "50126")
}

func TestARefusedRefreshIsRepeatedByItsButton(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "when the case was exported")
	p.answers("POST "+w.APIURL, 500, "{}")
	p.answers("/refresh", 500, "{}")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> [role=alert]", "has a problem")
	// Reading again does not remove the error of the refresh.
	p.do("deep('related-ros').reload()")
	p.do("await new Promise((done) => deep('related-ros').addEventListener('related-ro-shown', done, { once: true }))")
	p.sees("related-ros >> [role=alert]", "has a problem")
	p.answersAgain()
	p.click("related-ros >> [data-key=again]")
	p.sees("related-ros", "when a person asked")
	p.wait("!deep('related-ros >> [role=alert]')")
}

func TestARefreshThatIsTooSoonSaysWhenItMayBe(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros", "when a person asked")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> [data-key=refresh]", "Refresh again in")
	if !eval[bool](p, "deep('related-ros >> [data-key=refresh]').getAttribute('aria-disabled') === 'true' && "+
		"!deep('related-ros >> [role=alert]')") {
		t.Error("too soon is shown as an error, or Refresh is offered")
	}
	p.answers("/refresh", 429, `{"type":"too-soon","detail":"too soon"}`)
	p.do("(() => { const now = Date.now; Date.now = () => now() + 61000; })()") // a minute passes
	p.wait("text('related-ros >> [data-key=refresh]') === 'Refresh'")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> [data-key=refresh]", "Refresh again in")
}

// A list that could not be updated shows its date; a list that was never retrieved is shown as not
// known. Neither is shown as none.
func TestAFailureNeverReadsAsNone(t *testing.T) {
	w := start(t)
	// Never retrieved, three related ROs, none.
	for _, id := range []string{"case-1001", "case-1002", "case-1003"} {
		w.refuse(t, w.seeded(t, id))
		w.export(t, w.seeded(t, id))
	}
	p := w.open(t, "")
	for id, want := range map[string]string{"case-1001": "Not known yet", "case-1002": "3 as of", "case-1003": "None as of"} {
		p.visit("cases/loc-100/" + id)
		p.sees("related-ros >> .numbers", want)
		p.sees("related-ros", "could not be fetched when the case was exported")
		p.visit("assets/loc-100/asset-77")
		p.sees("asset-related-ros", "could not be checked since")
		line := eval[string](p, fmt.Sprintf("clean(deepAll('asset-related-ros >> .cases > li').find((e) => clean(e).includes('Case %s')))",
			strings.TrimPrefix(id, "case-")))
		if !strings.Contains(line, "Related RO Number(s) "+want) {
			t.Errorf("P2 says of %s: %s", id, line)
		}
	}
	p.visit("cases")
	p.sees("main >> related-ro-cell[case-id=case-1001]", "Not known yet")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "could not be checked since")
	p.sees("main >> related-ro-cell[case-id=case-1003]", "None as of")
	p.sees("related-ro-status", "The related ROs of 3 cases could not be fetched. Karmak has not activated")
	if n := eval[int](p, "deepAll('[role=alert]').length"); n != 1 {
		t.Errorf("the outage is said %d times", n)
	}
	if red := eval[int](p, "deepAll('related-ro-cell >> .warning').length"); red != 0 {
		t.Errorf("%d cells are marked as well", red)
	}
}

func TestAnOutageIsOneLineAboveTheTable(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.visit("search")
	p.answers("/v1/", 500, "{}")
	p.visit("cases")
	p.sees("related-ro-status", "has a problem")
	p.sees("related-ro-status", "It is tried again by itself at")
	p.wait("deepAll('main >> related-ro-cell').every((e) => clean(e) === 'Not read')")
	if n := eval[int](p, "deepAll('[role=alert]').length"); n != 1 {
		t.Errorf("the outage is said %d times", n)
	}
}

func TestTwoStatesNeverStandTogether(t *testing.T) {
	w := start(t)
	w.karmak(t, "POST", "fault", map[string]any{"kind": "offline"})
	if _, err := w.platform.Export(t.Context(), w.seeded(t, "case-1001")); err != nil {
		t.Fatal(err)
	}
	p := w.open(t, "cases/loc-100/case-1001")
	p.sees("related-ros", "could not be fetched yet")
	settings := w.data.Locations[0].Settings
	settings.Status = "DISABLED"
	if err := w.platform.SaveSettings(t.Context(), "loc-100", settings); err != nil {
		t.Fatal(err)
	}
	for page, element := range map[string]string{"cases": "related-ro-cell[case-id=case-1001]", "cases/loc-100/case-1001": "related-ros",
		"assets/loc-100/asset-77": "asset-related-ros"} {
		p.visit(page)
		p.wait("/switched off/i.test(text('main >> " + element + "'))")
		if got := p.text("main >> " + element); strings.Contains(got, "again") {
			t.Errorf("%s says two things: %s", page, got)
		}
	}
}

// The screen shows words, not a key, for a trigger that this build does not know, and a failure
// shows since when it lasts.
func TestAFailedStateNamesWhenAndWhy(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.answers("/case-1002/related-ros", 200, `{"locationId":"loc-100","caseId":"case-1002","roNumber":"50124","featureStatus":"ENABLED",
	  "relatedRos":[],"relatedCount":0,
"retrieval":{"outcome":"retrying","trigger":"new-one","eventId":"e","reason":"fusion_offline","retrievedAt":"2026-10-05T12:00:00Z",
  "since":"2026-11-03T16:00:00Z"}}`)
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros", "for another reason")
	p.sees("related-ros", "It has failed since Nov 3")
	p.sees("related-ros", "This list is from Oct 5")
	p.answers("/case-1003/related-ros", 200, `{"locationId":"loc-100","caseId":"case-1003","roNumber":"50125","featureStatus":"ENABLED",
	  "relatedRos":[],"relatedCount":0,
"retrieval":{"outcome":"failed","trigger":"export","eventId":"e","reason":"karmak_error","retrievedAt":null,"since":"2026-11-03T16:00:00Z",
  "attemptedAt":"2026-11-04T16:00:00Z"}}`)
	p.visit("cases/loc-100/case-1003")
	p.sees("related-ros", "could not be fetched when the case was exported")
	p.sees("related-ros", "Last tried Nov 4")
	p.sees("related-ros", "It has failed since Nov 3")
}
