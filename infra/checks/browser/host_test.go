package browser

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"related-ro/infra/emulators/forward"
)

// A page of another origin, like the case platform's, follows the documentation: it runs the
// documentation's example with the addresses filled in.
func TestElementsWorkOnAnotherOriginsPage(t *testing.T) {
	w, p := begin(t, "")
	p.navigate(w.APIURL + "/console/components.html")
	example := strings.ReplaceAll(p.text("pre code"), "https://API-HOST", w.APIURL)
	token, err := w.Token("service_manager", "loc-100")
	if err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf(`<!doctype html><title>Platform</title><h1>Platform</h1>
<related-ros location-id="loc-100" case-id="case-1002"></related-ros>
<table><tr><td><related-ro-cell location-id="loc-100" case-id="case-1004"></related-ro-cell></table>
<script>
const session = { accessToken: async () => '%s' };
const router = { openCase: (id) => { document.querySelector('h1').textContent = 'Case ' + id; } };
document.querySelector('related-ro-cell').case = { found: true, relatedRos: [{ roNumber: '777' }] }; // the module is not there yet
</script>
<script type="module">%s</script>`, token, example)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	}))
	t.Cleanup(host.Close)
	p.navigate(host.URL)
	p.sees("related-ros", "50126")
	p.sees("related-ro-cell", "777")
	w.export(t, w.seeded(t, "case-1001"))
	p.do("deep('related-ros').reload()")
	p.click("related-ros >> [aria-label='Open case 1001']")
	p.sees("h1", "Case case-1001")
	p.do("document.documentElement.lang = 'es'")
	p.do("await (await import(" + quote(w.APIURL+"/console/related-ro.js") + ")).connect({ baseUrl: " + quote(w.APIURL) +
		", token: session.accessToken })")
	p.sees("related-ros", "OR relacionadas")
	p.quiet()
}

// A custom domain's API mapping may add a key before every path.
func TestConsoleLivesBelowAMappingsKey(t *testing.T) {
	w := startWith(t, nil)
	token, err := w.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	api, err := url.Parse(w.APIURL)
	if err != nil {
		t.Fatal(err)
	}
	domain := httptest.NewServer(http.StripPrefix("/ros", forward.To(api)))
	t.Cleanup(domain.Close)
	p := open(t, domain.URL+"/ros", 1280, 900, "light")
	p.write("#token", token)
	p.click("main button")
	p.visit("operations")
	p.sees("main", "Dead letters")
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	if n := p.asked(domain.URL + "/v1/"); n > 0 {
		t.Errorf("%d requests beside the key", n)
	}
	p.quiet()
}

// The documentation of each element matches the types, and vice versa.
func TestDocumentationNamesAllThereIs(t *testing.T) {
	w, p := begin(t, "")
	types := eval[string](p, "await (await fetch('/console/related-ro.d.ts')).text()")
	p.navigate(w.APIURL + "/console/components.html")
	p.sees("#live", "Warranty · Open")
	p.wait("deep('#looks li')")
	docs := html.UnescapeString(eval[string](p, "document.documentElement.outerHTML"))
	module := eval[[]string](p, "Object.keys(await import('/console/related-ro.js')).sort()")
	for _, name := range module {
		if !strings.Contains(types, "export function "+name+"(") || !strings.Contains(docs, name+"(") {
			t.Errorf("%s is not documented", name)
		}
	}
	for _, tag := range regexp.MustCompile(`'((?:asset-)?related-ro[a-z-]*)'`).FindAllStringSubmatch(types, -1) {
		if name := tag[1]; !strings.Contains(docs, "<"+name+">") && !strings.Contains(docs, "<code>"+name+"</code>") {
			t.Errorf("%s is not documented", name)
		}
		if name := tag[1]; strings.Contains(types, "'"+name+"': Related") &&
			!eval[bool](p, "Boolean(customElements.get("+quote(name)+"))") {
			t.Errorf("%s is no element", name)
		}
	}
	// The example listens at the document, so TypeScript must know the event there, not only on
	// elements.
	_, events, _ := strings.Cut(types, "interface GlobalEventHandlersEventMap {")
	for _, event := range []string{"related-ro-open-case", "related-ro-error", "related-ro-shown"} {
		if !strings.Contains(events, "'"+event+"': ") {
			t.Errorf("the types do not know %s at the document", event)
		}
	}
	for _, property := range regexp.MustCompile(`var\((--rro-[a-z-]+)`).FindAllStringSubmatch(eval[string](p,
		"[...deep('#live >> related-ro-cell').shadowRoot.adoptedStyleSheets[0].cssRules].map((r) => r.cssText).join()"), -1) {
		if !strings.Contains(docs, "<code>"+property[1]+"</code>") {
			t.Errorf("%s is not documented", property[1])
		}
	}
}

// The custom-elements manifest, which tools read, matches the elements.
func TestCustomElementsAreDescribedAsTheyAre(t *testing.T) {
	w, p := begin(t, "")
	p.navigate(w.APIURL + "/console/components.html")
	p.sees("#live", "Warranty · Open")
	wrong := eval[[]string](p, `await (async () => {
  const wrong = [];
  const { modules: [{ declarations }] } = await (await fetch('/console/custom-elements.json')).json();
  const sheet = [...deep('#live >> related-ro-cell').shadowRoot.adoptedStyleSheets[0].cssRules].map((r) => r.cssText).join();
  const used = [...new Set(sheet.match(/--rro-[a-z-]+/g))].sort().join();
  for (const d of declarations) {
    const made = customElements.get(d.tagName);
    if (!made) { wrong.push(d.tagName + ' is no element'); continue; }
    for (const name of made.observedAttributes) if (!d.attributes.some((a) => a.name === name)) wrong.push(d.tagName + ' hides ' + name);
    for (const m of d.members) if (!(m.name in made.prototype)) wrong.push(d.tagName + ' has no ' + m.name);
    if (d.cssProperties.map((p) => p.name).sort().join() !== used) wrong.push(d.tagName + ' uses ' + used);
  }
  return wrong; })()`)
	for _, w := range wrong {
		t.Error(w)
	}
}
