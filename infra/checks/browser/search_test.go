package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestSearchFindsByOwnAndRelatedNumbers(t *testing.T) {
	_, p := begin(t, "search")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search", "1 case")
	p.sees("related-ro-search >> tbody", "50126 Related RO")
	p.write("related-ro-search >> #ro", "5012")
	p.sees("related-ro-search", "1 case")
	p.sees("related-ro-search >> tbody", "Case’s RO")
	p.click("related-ro-search >> [data-key=whole]")
	p.sees("related-ro-search", "No case has an RO number like “5012”")
	p.write("related-ro-search >> #ro", "50124")
	p.sees("related-ro-search", "1 case")
	p.quiet()
}

func TestTypingFastAsksOnce(t *testing.T) {
	_, p := begin(t, "search")
	p.wait("deep('related-ro-search >> #ro')")
	p.do("deep('related-ro-search >> #ro').focus()")
	// All in one turn of the page's event loop, so that the machine's speed does not matter.
	p.do(`(() => { const e = deep('related-ro-search >> #ro');
  for (const c of '50124') { e.value += c; e.dispatchEvent(new Event('input')); } })()`)
	p.sees("related-ro-search", "1 case")
	if n := p.asked("/v1/search"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	p.write("related-ro-search >> #ro", "5")
	p.wait("!text('related-ro-search').includes('1 case')")
	if n := p.asked("/v1/search"); n != 1 {
		t.Errorf("asked for a single character")
	}
}

func TestALateAnswerDoesNotReplaceALaterOne(t *testing.T) {
	_, p := begin(t, "search")
	p.do(`(() => { const real = window.fetch; window.fetch = async (url, init) => {
  const answer = await real(url, { ...init, signal: undefined });
  if (String(url).includes('ro=50&')) await new Promise((done) => { window.letGo = done; });
  return answer; }; })()`)
	p.write("related-ro-search >> #ro", "50")
	p.wait("window.letGo")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search", "1 case")
	p.do("letGo()")
	p.do("await new Promise((done) => setTimeout(done))")
	if got := p.text("related-ro-search"); !strings.Contains(got, "1 case") {
		t.Errorf("the late answer is shown: %s", got)
	}
}

func TestSearchIsMovedThroughByArrowKeys(t *testing.T) {
	_, p := begin(t, "search")
	p.tabTo("RO number")
	p.keys("5", "0", "1", "2")
	p.sees("related-ro-search", "1 case")
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
	w.alsoHas(t, "case-1002", 60)
	p := w.open(t, "search")
	p.write("related-ro-search >> #ro", "50124")
	p.sees("related-ro-search", "50 cases, and more")
	p.click("related-ro-search >> [data-key=page]")
	p.sees("related-ro-search", "61 cases")
	p.wait("deep('related-ro-search >> [data-key=\"row 50\"]') === deep('related-ro-search').shadowRoot.activeElement")

	p.visit("assets/loc-100/asset-77")
	p.wait("deepAll('asset-related-ros >> .cases > li').length === 50")
	p.answers("cursor=", 500, "{}")
	p.do("deep('asset-related-ros >> [data-key=page]').focus()")
	p.keys(kb.Enter)
	p.sees("asset-related-ros >> [role=alert]", "has a problem")
	p.answersAgain()
	// Repeats the request for the failed page, not the first one.
	p.click("asset-related-ros >> [data-key=again]")
	p.wait("deepAll('asset-related-ros >> .cases > li').length === 62")
	p.wait("deepAll('asset-related-ros >> .caseline .link')[50] === deep('asset-related-ros').shadowRoot.activeElement")
}

func TestSearchUnderstandsNumbersAsPeopleWriteThem(t *testing.T) {
	_, p := begin(t, "search")
	for _, typed := range []string{"#50124", "RO 50124", "RO# 50124", "50 124", " 50124 ", "ro: 50124"} {
		p.write("related-ro-search >> #ro", "nothing")
		p.sees("related-ro-search", "No case has an RO number like")
		p.write("related-ro-search >> #ro", typed)
		p.sees("related-ro-search >> tbody", "1002")
	}
	p.write("related-ro-search >> #ro", "#4711 x")
	p.sees("related-ro-search", "No case has an RO number like “4711x”")
}

func TestSearchTakesAPastedList(t *testing.T) {
	_, p := begin(t, "search")
	p.wait("deep('related-ro-search >> #ro')")
	p.do(`(() => { const data = new DataTransfer(); data.setData('text', 'RO 50126\r\n50141\t50151\n');
  const e = deep('related-ro-search >> #ro'); e.focus(); e.dispatchEvent(new ClipboardEvent('paste', {
  clipboardData: data, bubbles: true, cancelable: true })); })()`)
	p.sees("related-ro-search", "3 cases")
	for _, number := range []string{"1002", "1004", "1005"} {
		p.sees("related-ro-search >> tbody", number)
	}
	p.write("related-ro-search >> #ro", "50126 50141")
	p.sees("related-ro-search", "2 cases")
}

// One row per case, with the matching number first and marked, and its relation to the case.
func TestSearchGroupsByCase(t *testing.T) {
	_, p := begin(t, "search")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search >> tbody", "50126 Related RO")
	p.sees("related-ro-search >> related-ro-cell", "50126")
	if got := p.text("related-ro-search >> related-ro-cell >> .brief"); !strings.HasPrefix(got, "50126") {
		t.Errorf("in front stands %q", got)
	}
	if got := p.text("related-ro-search >> related-ro-cell >> mark"); got != "50126" {
		t.Errorf("marked is %q", got)
	}
	p.write("related-ro-search >> #ro", "5012")
	p.sees("related-ro-search", "1 case")
	p.sees("related-ro-search >> .hits", "Case’s RO")
	if n := eval[int](p, "deepAll('related-ro-search >> tbody tr').length"); n != 1 {
		t.Errorf("case 1002 has %d rows", n)
	}
}

func TestBackKeepsTheSearch(t *testing.T) {
	_, p := begin(t, "search")
	p.write("related-ro-search >> #ro", "50126")
	p.click("related-ro-search >> tbody .link")
	p.sees("h1", "Case 1002")
	p.do("history.back()")
	p.sees("h1", "Search")
	p.sees("related-ro-search", "1 case")
	if got := eval[string](p, "deep('related-ro-search >> #ro').value"); got != "50126" {
		t.Errorf("the field has %q", got)
	}
	p.click("nav a[href='#/cases']")
	p.sees("h1", "Cases")
	p.click("nav a[href='#/search']")
	p.wait("deep('related-ro-search >> #ro')")
	if got := eval[string](p, "deep('related-ro-search >> #ro').value"); got != "" {
		t.Errorf("a new search begins with %q", got)
	}
}

func TestSearchAtAllLocations(t *testing.T) {
	_, p := begin(t, "")
	p.as("field_manager", "*")
	p.visit("search")
	p.click("#everywhere")
	p.write("related-ro-search >> #ro", "50123")
	p.sees("related-ro-search >> tbody", "loc-100")
	p.sees("related-ro-search >> tbody", "loc-200")
	p.quiet()
}

func TestSearchIsSavedAsShown(t *testing.T) {
	_, p := begin(t, "search")
	p.write("related-ro-search >> #ro", "50126")
	p.sees("related-ro-search", "1 case")
	got := p.saved("related-ro-search >> [data-key=csv]")
	if want := "\ufeff\"Found\",\"Case\",\"Case’s RO\",\"Related RO Number(s)\"\r\n\"50126\",\"1002\",\"50124\",\"50123 50125 " +
		"50126\"\r\n"; got != want {
		t.Errorf("saved %q, want %q", got, want)
	}
}

// saved clicks an element that saves a file, and returns the content of the saved file.
func (p *tab) saved(selector string) string {
	p.Helper()
	directory, paths := p.TempDir(), make(chan string, 1)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err := chromedp.ListenBrowser(ctx, func(event any) {
		download, ok := event.(*browser.EventDownloadProgress)
		// The browser reports the downloads of all tabs.
		if ok && download.State == browser.DownloadProgressStateCompleted && filepath.Dir(download.FilePath) == directory {
			paths <- download.FilePath
		}
	})
	if err != nil {
		p.Fatal(err)
	}
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: directory, EventsEnabled: new(true),
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	if err != nil {
		p.Fatal(err)
	}
	p.click(selector)
	select {
	case path := <-paths:
		content, err := os.ReadFile(path)
		if err != nil {
			p.Fatal(err)
		}
		return string(content)
	case <-ctx.Done():
		p.Fatalf("%s saved nothing", selector)
		return ""
	}
}
