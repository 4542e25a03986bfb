package browser

import (
	"testing"
)

func TestElementsWaitForTheirIds(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
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

// Sorting takes rows out of the page and puts them back.
func TestMovingRowsReadsNothingAgain(t *testing.T) {
	w := start(t)
	p := open(t, w.APIURL, 1280, 900, "light")
	p.visit("search")
	p.addCells(20)
	p.do("(() => { const e = document.createElement('related-ros'); e.locationId = 'loc-100'; e.caseId = 'case-1002'; deep('#cells').append(e); })()")
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
