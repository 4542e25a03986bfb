package browser

import (
	"testing"
)

// moved has Karmak move a location's account to the newer interface.
func (w *world) moved(t *testing.T, location string) {
	t.Helper()
	w.karmak(t, "PATCH", "account", map[string]any{"id": account(w, location), "set": map[string]any{"face": "rda"}})
}

// Support says that Karmak has moved the dealer; the lists stay on the screen.
func TestSupportMovesADealer(t *testing.T) {
	w := start(t)
	source := axeSource(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "cases/loc-100/case-1001")
	p.sees("related-ros", "50124")
	p.as("administrator", "*")
	p.visit("settings")
	p.sees("related-ro-settings", "Karmak connection")
	if eval[bool](p, "Boolean(deep('related-ro-settings >> #kind'))") {
		t.Error("an administrator is asked by which interface")
	}
	p.as("support", "*")
	w.moved(t, "loc-100")
	p.choose(form+"#kind", "rda")
	p.wait("!deep('related-ro-settings >> #account') && deep('related-ro-settings >> #accountNumber')")
	p.write(form+"#accountNumber", "0 4417")
	p.click(form + "[data-key=sameDealer]")
	p.click(form + "[data-key=save]")
	p.sees(form+"#wrong-accountNumber", "must be")
	p.axe(source, "settings of a dealer who is moved")
	p.write(form+"#accountNumber", "04417")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	p.sees("related-ro-settings", "Interface: Unity → Report Data Access")
	p.sees(form+".activation", "Active")
	p.visit("cases/loc-100/case-1001")
	p.sees("related-ros", "50124")
	p.as("administrator", "*")
	p.visit("settings")
	p.wait("deep('related-ro-settings >> #kind')?.disabled && deep('related-ro-settings >> #kind').value === 'rda'")
	p.click(form + "[data-key=DISABLED]") // who may not change the connection sends it back as it is
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	for locale, words := range map[string][]string{
		"es": {"Interfaz: Unity → Report Data Access", "Número de cuenta de Karmak", "como CDK Drive: no hay OR relacionadas"},
		"fr": {"Interface : Unity → Report Data Access", "Numéro de compte Karmak", "comme CDK Drive : il n’y a pas de BT liés"},
	} {
		p.connect("locale: '" + locale + "'")
		for _, said := range words {
			p.sees("related-ro-settings", said)
		}
	}
}

// Where the DMS makes no related ROs, every place says so, in each language.
func TestNotApplicableShowsEverywhere(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.click(form + "[data-key=dms]")
	p.wait("deep('related-ro-settings >> [data-key=ENABLED]').disabled")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	for _, language := range []struct{ locale, says string }{{"en", "Not applicable"}, {"es", "No procede"}, {"fr", "Sans objet"}} {
		p.connect("locale: '" + language.locale + "'")
		p.visit("cases/loc-100/case-1001")
		p.sees("related-ros", language.says)
		p.visit("cases/loc-100/unknown")
		p.sees("related-ros", language.says)
		p.do(`(() => { document.querySelector('#places')?.remove(); const d = document.createElement('div'); d.id = 'places';
  for (const [name, of] of [['related-ro-cell', { caseId: 'case-1001' }], ['related-ro-cell', { caseId: 'unknown' }],
    ['asset-related-ros', { assetId: 'asset-77' }], ['asset-related-ros', { assetId: 'unknown' }]])
    d.append(Object.assign(document.createElement(name), { locationId: 'loc-100' }, of));
  document.querySelector('main').append(d); })()`)
		for _, place := range []string{"#places > :nth-child(1)", "#places > :nth-child(2)", "#places > :nth-child(3)",
			"#places > :nth-child(4)"} {
			p.sees(place, language.says)
		}
		if got := p.text("#places > :nth-child(1)"); got != language.says {
			t.Errorf("the cell reads %q", got)
		}
	}
}
