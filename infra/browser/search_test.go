package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"related-ro/infra/local/platform"
)

func TestSearchFindsByOwnAndRelatedNumbers(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search", "1 result")
	p.sees("related-ro-search >> tbody", "Related RO of 50124")
	p.write("related-ro-search >> #ro", "5012")
	p.sees("related-ro-search", "4 results")
	p.sees("related-ro-search >> tbody", "Own RO")
	p.click("related-ro-search >> [data-key=whole]")
	p.sees("related-ro-search", "No case has an RO number like “5012”")
	p.write("related-ro-search >> #ro", "50124")
	p.sees("related-ro-search", "1 result")
	p.quiet()
}

func TestTypingFastAsksOnce(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.do("deep('related-ro-search >> #ro').focus()")
	// All in one turn of the page's event loop: no machine is too slow for it.
	p.do(`(() => { const e = deep('related-ro-search >> #ro'); for (const c of '50124') { e.value += c; e.dispatchEvent(new Event('input')); } })()`)
	p.sees("related-ro-search", "1 result")
	if n := p.asked("/v1/search"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	p.write("related-ro-search >> #ro", "5")
	p.wait("!text('related-ro-search').includes('1 result')")
	if n := p.asked("/v1/search"); n != 1 {
		t.Errorf("asked for a single character")
	}
}

func TestALateAnswerDoesNotReplaceALaterOne(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.do(`(() => { const real = window.fetch; window.fetch = async (url, init) => {
  const answer = await real(url, { ...init, signal: undefined });
  if (String(url).includes('ro=50&')) await new Promise((done) => { window.letGo = done; });
  return answer; }; })()`)
	p.write("related-ro-search >> #ro", "50")
	p.wait("window.letGo")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search", "1 result")
	p.do("letGo()")
	p.do("await new Promise((done) => setTimeout(done))")
	if got := p.text("related-ro-search"); !strings.Contains(got, "1 result") {
		t.Errorf("the late answer is shown: %s", got)
	}
}

func TestSearchIsMovedThroughByArrowKeys(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.tabTo("RO number")
	p.keys("5", "0", "1", "2")
	p.sees("related-ro-search", "4 results")
	p.keys(kb.ArrowDown)
	if got := p.focused(); got != "Open case 1002" {
		t.Errorf("the first arrow leads to %q", got)
	}
	p.keys(kb.ArrowDown, kb.ArrowUp, kb.ArrowUp)
	if got := p.focused(); got != "RO number" {
		t.Errorf("up from the first result leads to %q", got)
	}
	p.keys(kb.ArrowDown, kb.Escape)
	if got := p.focused(); got != "RO number" {
		t.Errorf("Escape leads to %q", got)
	}
	p.keys(kb.ArrowDown, kb.Enter)
	p.sees("h1", "Case 1002")
}

func TestMoreResultsFollow(t *testing.T) {
	w := start(t)
	ids := map[platform.Case]string{}
	for i := range 60 {
		c := w.seeded(t, "case-1002")
		c.CaseID, c.CaseNumber = fmt.Sprint("many-", i), fmt.Sprint(9000+i)
		id, err := w.platform.Export(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ids[c] = id
	}
	for c, id := range ids {
		if _, err := w.platform.Await(t.Context(), c, id); err != nil {
			t.Fatal(err)
		}
	}
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.write("related-ro-search >> #ro", "50124")
	p.sees("related-ro-search", "50 results, and more")
	p.click("related-ro-search >> [data-key=page]")
	p.sees("related-ro-search", "61 results")
	p.wait("deep('related-ro-search >> [data-key=\"row 50\"]') === deep('related-ro-search').shadowRoot.activeElement")

	p.visit("assets/loc-100/asset-77")
	p.wait("deepAll('asset-related-ros >> .cases > li').length === 50")
	p.do("deep('asset-related-ros >> [data-key=page]').focus()")
	p.keys(kb.Enter)
	p.wait("deepAll('asset-related-ros >> .cases > li').length === 62")
	p.wait("deepAll('asset-related-ros >> .caseline button')[50] === deep('asset-related-ros').shadowRoot.activeElement")
}
