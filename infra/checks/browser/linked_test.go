package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// cardIsOpen is true while the list of case-1002's cell is open.
const cardIsOpen = "deep('related-ro-cell[case-id=case-1002] >> .card')?.matches(':popover-open')"

func TestSeveralLinkedCasesAreLinksOfTheirOwn(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	w.alsoHas(t, "case-1002", 1)
	for _, page := range []string{"cases", "view"} {
		p := w.open(t, page+"/loc-100/case-1001")
		p.sees("related-ros >> .linked", "1002")
		links := eval[[]string](p, "deepAll('related-ros >> .linked').map(clean).filter((words) => words.includes('1002'))")
		if len(links) != 1 || links[0] != "1002 9000" && links[0] != "9000 1002" {
			t.Errorf("%s: the linked cases read %q", page, links)
		}
		gap := eval[float64](p, "(() => { const [a, b] = deepAll('related-ros >> .linked >> a').map((e) => "+
			"e.getBoundingClientRect()).sort((a, b) => a.x - b.x || a.y - b.y); return Math.max(b.x - a.right, b.y - a.bottom); })()")
		if gap < 2 {
			t.Errorf("%s: there are %f pixels between the links", page, gap)
		}
		if got, want := eval[string](p, "deep(\"related-ros >> [aria-label='Open case 1002']\").getAttribute('href')"),
			"#/"+page+"/loc-100/case-1002"; got != want {
			t.Errorf("%s: the link leads to %q, want %q", page, got, want)
		}
		// With Ctrl the browser handles the click, and the page stays.
		if !eval[bool](p, "deep(\"related-ros >> [aria-label='Open case 1002']\").dispatchEvent(new MouseEvent('click', { "+
			"ctrlKey: true, bubbles: true, cancelable: true }))") {
			t.Errorf("%s: a click with Ctrl is kept from the browser", page)
		}
		p.sees("h1", "1001")
		p.click("related-ros >> [aria-label='Open case 9000']")
		p.sees("h1", "many-0")
	}
}

func TestManyLinkedCasesAreFolded(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	w.alsoHas(t, "case-1002", 7)
	p := w.open(t, "cases/loc-100/case-1001")
	p.sees("related-ros >> .linked", "+3")
	const count = "deepAll('related-ros >> .linked >> a').length"
	if n := eval[int](p, count); n != 5 {
		t.Errorf("%d cases are shown", n)
	}
	p.click("related-ros >> .linked >> button")
	p.wait(count + " === 8")
	p.wait("deep('related-ros').shadowRoot.activeElement?.getAttribute('aria-expanded') !== 'false'")
}

func TestLinkedCasesAreReachedFromListsToo(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "")
	p.sees("main >> related-ro-cell[case-id=case-1001]", "+1")
	p.click("related-ro-cell[case-id=case-1001] >> .more")
	p.click("related-ro-cell[case-id=case-1001] >> .card >> [aria-label='Open case 1002']")
	p.sees("h1", "Case 1002")
	p.visit("assets/loc-100/asset-77")
	p.click("asset-related-ros >> [data-key='links case-1001']")
	p.click("asset-related-ros >> .linked >> [aria-label='Open case 1002']")
	p.sees("h1", "Case 1002")
}

// A host with its own router prevents the event's default. Without addresses from the host, the
// links are buttons.
func TestHostHandlesTheOpeningOfACase(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "cases/loc-100/case-1001")
	p.sees("related-ros >> .linked", "1002")
	p.do("document.addEventListener('related-ro-open-case', (e) => { window.opened = e.detail; e.preventDefault(); })")
	p.click("related-ros >> [aria-label='Open case 1002']")
	if got := eval[string](p, "JSON.stringify(opened)"); got != `{"locationId":"loc-100","caseId":"case-1002","caseNumber":"1002"}` {
		t.Errorf("the host receives %s", got)
	}
	p.sees("h1", "Case 1001")
	p.connect("")
	p.wait("deep(\"related-ros >> [aria-label='Open case 1002']\")?.matches('button')")
}

func TestListOfACellIsADisclosure(t *testing.T) {
	w := start(t)
	last := w.spinoffs(t, "50124", 58)
	w.export(t, w.seeded(t, "case-1002"))
	p := open(t, w.APIURL, 1280, 700, "light")
	p.sees("main >> related-ro-cell[case-id=case-1002]", "+59 (59 open)")
	p.click("related-ro-cell[case-id=case-1002] >> .more")
	p.wait(cardIsOpen)
	p.sees("related-ro-cell[case-id=case-1002] >> .card", last)
	const card = "deep('related-ro-cell[case-id=case-1002] >> .card')"
	if !eval[bool](p, card+".scrollHeight > "+card+".clientHeight && "+card+".getBoundingClientRect().bottom <= innerHeight + 1") {
		t.Error("the list does not scroll by itself")
	}
	// A mouse press on a number selects it; the list stays open.
	p.press("related-ro-cell[case-id=case-1002] >> .card >> .num")
	p.wait(cardIsOpen)
	// The list stays at its button when the page scrolls.
	p.do("(() => { const room = document.createElement('div'); room.style.height = '3000px'; " +
		"document.querySelector('main').append(room); })()")
	const apart = "deep('related-ro-cell[case-id=case-1002] >> .more').getBoundingClientRect().bottom - " + card +
		".getBoundingClientRect().top"
	before := eval[float64](p, apart)
	p.do("(scrollBy(0, 40), await new Promise((done) => requestAnimationFrame(() => setTimeout(done))))")
	if after := eval[float64](p, apart); after != before {
		t.Errorf("the list was %f pixels from its button, and is %f", before, after)
	}
	p.press("h1")
	p.wait("!(" + cardIsOpen + ")")
}

func TestListsSayThatTheyAreCut(t *testing.T) {
	_, p := begin(t, "search")
	cut := fmt.Sprintf(`{"cases":[{"found":true,"locationId":"loc-100","caseId":"case-1002","roNumber":"50124","featureStatus":"ENABLED",
	  "relatedCount":620,"truncated":true,
"relatedRos":[%s],"retrieval":{"outcome":"ok","trigger":"export","retrievedAt":"2026-11-03T10:00:00Z"}}],"cursor":null}`,
		`{"roNumber":"1","relation":"alternate","status":"open"},{"roNumber":"2","relation":"alternate","status":"open"},{"roNumber":"3",`+
			`"relation":"alternate","status":"open"}`)
	p.answers("/related-ros", 500, "{}")
	p.answers("batch-get", 200, cut)
	p.answers("/assets/", 200, cut)
	p.visit("cases")
	p.click("related-ro-cell[case-id=case-1001] >> .more")
	p.sees("related-ro-cell[case-id=case-1001] >> .card", "The first 3 of 620 related ROs are shown")
	p.keys(kb.Escape)
	p.visit("assets/loc-100/asset-77")
	p.sees("asset-related-ros", "The first 3 of 620 related ROs are shown")
}
