package browser

import (
	"testing"
)

func TestElementsWaitForTheirIds(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	p.visit("search")
	p.forget()
	p.do(`(() => { for (const tag of ['related-ros', 'related-ro-cell', 'asset-related-ros', 'related-ro-settings']) {
  const e = document.createElement(tag);
  e.className = 'without';
  document.querySelector('main').append(e);
} })()`)
	p.do("await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")
	if n := p.asked("/v1/"); n != 0 {
		t.Errorf("elements without ids asked %d times", n)
	}
	if got := eval[string](p, "deepAll('.without').map(clean).join('')"); got != "" {
		t.Errorf("they say %q", got)
	}
	p.do("deepAll('.without').forEach((e) => Object.assign(e, { locationId: 'loc-100', caseId: 'case-1002', assetId: 'asset-77' }))")
	p.wait("deepAll('.without').every((e) => /50126|1 open|External/.test(clean(e)))")
}

// Sorting removes rows from the page and inserts them again.
func TestMovingRowsReadsNothingAgain(t *testing.T) {
	_, p := begin(t, "search")
	p.addCells(20)
	p.do("(() => { const e = document.createElement('related-ros'); e.locationId = 'loc-100'; e.caseId = 'case-1002'; " +
		"deep('#cells').append(e); })()")
	p.sees("#cells >> related-ro-cell", "50123")
	p.sees("#cells >> related-ros", "50126")
	p.forget()
	p.do("(() => { const list = deep('#cells'); list.append(...[...list.children].reverse()); })()")
	p.do("await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")
	p.sees("#cells >> related-ro-cell", "Not fetched")
	if n := p.asked("/v1/"); n != 0 {
		t.Errorf("moving rows cost %d requests", n)
	}
	p.do("(await import('/console/related-ro.js')).changed('loc-100', 'case-1002')")
	p.wait("true")
	p.sees("#cells >> related-ros", "50126")
	if n := p.asked("/cases/case-1002/"); n != 1 {
		t.Errorf("after moving, a change is read %d times", n)
	}
}

func TestATokenThatIsRefusedIsRenewedOnce(t *testing.T) {
	w, p := begin(t, "")
	token, err := w.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	p.visit("cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.do("await (await import('/console/related-ro.js')).connect({ token: async () => { window.given = (window.given ?? 0) + 1; " +
		"return given === 1 ? 'a.b.c' : " + quote(token) + "; }, roles: [] })")
	p.sees("related-ros", "50126")
	if n := eval[int](p, "given"); n != 2 {
		t.Errorf("the token was asked for %d times", n)
	}
}

func TestATokenThatIsNotGivenReadsAsSigningIn(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.do("document.addEventListener('related-ro-error', (e) => { (window.failed ??= []).push(e.detail); })")
	p.do("document.addEventListener('related-ro-shown', () => { window.wasShown = true; })")
	p.do("await (await import('/console/related-ro.js')).connect({ token: async () => { throw new Error('signed out'); } })")
	p.sees("related-ros >> [role=alert]", "Sign in again")
	if got := eval[string](p, "JSON.stringify(failed)"); got != `[{"kind":"signin","status":0}]` {
		t.Errorf("the host receives %s", got)
	}
	if eval[bool](p, "Boolean(window.wasShown)") {
		t.Error("the host receives an event of something shown")
	}
	p.connect("")
	p.sees("related-ros", "50126")
	p.wait("window.wasShown")
	p.answers("/v1/", 503, "{}")
	p.do("deep('related-ros').reload()")
	p.wait("JSON.stringify(failed.at(-1)) === '{\"kind\":\"unavailable\",\"status\":503}'")
}

// A property set before the module has loaded, and a property that is removed again.
func TestPropertiesReflect(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "Acme")
	got := eval[string](p, `(() => { const e = document.createElement('related-ros');
  Object.assign(e, { locationId: 'a', caseId: 'b', assetId: 'c', roNumber: 'd', caseNumber: 'e', readonly: true });
  const first = e.outerHTML;
  Object.assign(e, { assetId: null, roNumber: undefined, caseNumber: '', readonly: false });
  return first + e.outerHTML + e.roNumber + e.readonly; })()`)
	if want := `<related-ros location-id="a" case-id="b" asset-id="c" ro-number="d" case-number="e" readonly=""></related-ros>` +
		`<related-ros location-id="a" case-id="b" case-number=""></related-ros>false`; got != want {
		t.Errorf("got %s", got)
	}
}
