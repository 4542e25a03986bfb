package browser

import (
	"fmt"
	"strings"
	"testing"
)

// hostile has a visible effect if any part of it is interpreted as HTML, as a script or as an
// address.
const hostile = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload="window.hacked=1">` +
	`'{{hacked}}javascript:hacked=1`

// unharmed fails the test if any part of hostile was executed or became an element.
func (p *tab) unharmed(where string) {
	p.Helper()
	if eval[bool](p, "'hacked' in window") {
		p.Errorf("%s: a script ran", where)
	}
	// The console's logo is the only expected image.
	if n := eval[int](p, "deepAll('img:not([src*=\"assets/icon-\"]), main script, [onerror], [onload]').length"); n != 0 {
		p.Errorf("%s: %d elements came out of text", where, n)
	}
	if n := eval[int](p, "deepAll('[href^=\"javascript:\" i], [src^=\"javascript:\" i]').length"); n != 0 {
		p.Errorf("%s: an address runs a script", where)
	}
}

func TestKarmaksValuesAreOnlyText(t *testing.T) {
	w := start(t)
	account := account(w, "loc-100")
	for _, number := range []string{"50123", "50125", "50126"} {
		w.karmak(t, "PATCH", "ro", map[string]any{"account": account, "number": number, "branch": "DAL", "set": map[string]any{
			"billingCustomerName": hostile, "customerName": hostile, "invoiceNumber": hostile, "department": hostile,
		}})
	}
	w.export(t, w.seeded(t, "case-1002"))
	p := w.open(t, "")
	p.as("support", "*")
	for _, page := range []string{"cases", "cases/loc-100/case-1002", "view/loc-100/case-1002", "assets/loc-100/asset-77"} {
		p.visit(page)
		p.settled()
		p.unharmed(page)
	}
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros", "window.hacked=1") // it is shown, as text
	p.quiet()
}

// Covers every string in any API response: each one is made hostile on its way to the page.
func TestTheAPIsValuesAreOnlyText(t *testing.T) {
	for name, keep := range map[string]string{
		"values that people wrote": "['outcome','trigger','relation','status','as','type','state','featureStatus','caseStatus'," +
			"'closedBy','reason','dms','locationId','caseId','retrievedAt','openedAt','invoicedAt','at','updatedAt','checkedAt'," +
			"'failedAt','cursor','eventId']",
		"every value": "[]",
	} {
		t.Run(name, func(t *testing.T) {
			w := prepared(t)
			p := w.open(t, "")
			p.as("support", "*")
			p.do(fmt.Sprintf(`(() => {
  const keep = %s, hostile = %s, real = window.fetch;
  const poison = (value, key) => typeof value === 'string' ? (keep.includes(key) ? value : value + hostile)
    : Array.isArray(value) ? value.map((v) => poison(v, key))
    : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, poison(v, k)])) : value;
  window.poisoned = 0;
  window.fetch = async (url, init) => {
    const answer = await real(url, init);
    if (!String(url).includes('/v1/')) return answer;
    poisoned++;
    return new Response(JSON.stringify(poison(await answer.json())), { status: answer.status, headers: { etag: '"1"' } });
  };
})()`, keep, quote(hostile)))
			for _, page := range pages {
				p.visit(page)
				p.settled()
				p.unharmed(page)
			}
			p.visit("search")
			p.write("related-ro-search >> #ro", "5012")
			p.sees("related-ro-search >> tbody", "5012")
			p.unharmed("search results")
			p.visit("cases")
			p.settled()
			p.do("deepAll('related-ro-cell >> .more').forEach((e) => e.focus())")
			p.unharmed("rest of cells")
			p.visit("settings")
			p.sees("related-ro-settings", "SAVE EXTERNAL INTERFACES")
			p.click(form + "[data-key=verify]")
			p.settled()
			p.unharmed("settings after verifying")
			if eval[int](p, "poisoned") < len(pages)/2 {
				t.Error("hardly an answer was made hostile")
			}
		})
	}
}

func TestProblemsAreOnlyText(t *testing.T) {
	w := start(t)
	for _, status := range []int{400, 409, 429} {
		p := w.open(t, "")
		p.answers("/v1/", status, `{"type":"bad-input","title":`+quote(hostile)+`,"detail":`+quote(hostile)+`,`+
			`"fields":[{"field":`+quote(hostile)+`,"detail":`+quote(hostile)+`}]}`)
		for page, element := range elements {
			p.visit(page)
			p.sees(element+" >> [role=alert]", "window.hacked=1")
			p.unharmed(fmt.Sprint(status, " on ", page))
		}
	}
}

func TestMessagesAreOnlyTextInTheSteps(t *testing.T) {
	w, p := begin(t, "")
	c := w.seeded(t, "case-1001")
	c.CaseID = hostile // the functions refuse it, so the steps mention it
	if _, err := w.platform.Export(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p.sees(".steps", "window.hacked=1")
	p.unharmed("steps")
}

func TestAddressOfAPageIsOnlyText(t *testing.T) {
	_, p := begin(t, "")
	for _, hash := range []string{"#/cases/" + hostile + "/" + hostile, "#/assets/%3Cimg%20src=x%20onerror=hacked=1%3E/%E0%A4%A",
		"#/" + hostile, "#/view/%/%"} {
		p.do("location.hash = " + quote(hash))
		p.wait("document.querySelector('main h1')")
		p.unharmed(hash)
	}
	// The browser itself refuses to convert text to HTML on these pages.
	if got := eval[string](p, "(() => { try { document.createElement('p').innerHTML = '<b>x</b>'; return 'made'; "+
		"} catch (e) { return e.name; } })()"); got != "TypeError" {
		t.Errorf("text was made HTML: %s", got)
	}
	for _, problem := range p.problems {
		if !strings.Contains(problem, "TrustedHTML") {
			t.Errorf("the page says: %s", problem)
		}
	}
}
