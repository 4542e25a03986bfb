package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// connect calls the module's connect function with a support token and the given options.
func (p *tab) connect(options string) {
	p.Helper()
	p.do(`await (async () => {
  const { token } = await (await fetch('/local/token', { method: 'POST', headers: {
  'content-type': 'application/json' }, body: JSON.stringify({ subject: 's', roles: ['support'], locations: ['*'] }) })).json();
  await (await import('/console/related-ro.js')).connect({ token, ` + options + ` });
})()`)
}

func TestSpanishIsShipped(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "Fetched")
	if n := p.asked("related-ro-es"); n != 0 {
		t.Error("the Spanish texts were fetched for an English page")
	}
	p.connect("locale: 'es-MX'")
	p.sees("related-ros", "Números de OR relacionadas")
	p.sees("related-ros", "al exportar el caso")
	p.sees("related-ros", "10 nov")
	p.quiet()
}

// The API's English texts also have Spanish translations.
func TestTheAPIsTextsAreTranslated(t *testing.T) {
	w, p := begin(t, "settings")
	p.connect("locale: 'es'")
	w.karmak(t, "POST", "fault", map[string]any{"kind": "not_activated"})
	p.click(form + "[data-key=verify]")
	p.sees("related-ro-settings", "Estado: DESACTIVADO → ACTIVADO")
	p.sees("related-ro-settings", "Karmak no ha activado los números de OR alternas")
	p.write(form+"#account", "|")
	p.click(form + "[data-key=save]")
	p.sees(form+"#wrong-account", "necesita de 1 a 64 letras")
	p.write(form+"#account", account(w, "loc-100"))
	p.write(form+"#branch", "a|b")
	p.click(form + "[data-key=save]")
	p.sees(form+"#wrong-branch", "sin comas, barras verticales ni corchetes")
	p.write(form+"#branch", "DAL") // otherwise leaving the page would ask for confirmation
	p.visit("cases/loc-100/case-1002")
	p.answers("/refresh", 409, `{"type":"location-disabled","detail":"Related ROs are switched off for this location."}`)
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> [role=alert]", "Las OR relacionadas están desactivadas en esta ubicación")
}

func TestFrenchIsShipped(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.connect("locale: 'fr-CA'")
	p.sees("related-ros", "Numéros de BT liés")
	p.sees("related-ros", "à l’export du dossier")
	p.visit("settings")
	p.sees("related-ro-settings", "ENREGISTRER LES INTERFACES EXTERNES")
	p.quiet()
}

func TestEveryLanguageSaysEverything(t *testing.T) {
	_, p := begin(t, "")
	for page, element := range elements {
		p.visit(page)
		p.settled()
		for _, locale := range []string{"en", "es", "fr"} {
			p.connect("locale: '" + locale + "'")
			p.settled()
			// A key without a text would be shown itself, for example column.ro.
			if got := eval[[]string](p, "text('"+element+"').match(/\\b[a-z]+\\.[a-z]+(\\.[a-z]+)*\\b/gi)?.filter((k) => "+
				"!k.includes('@') && !/\\d/.test(k)) ?? []"); len(got) > 0 && !strings.Contains(strings.Join(got, " "), "local") {
				t.Errorf("%s in %s shows %q", page, locale, got)
			}
		}
	}
}

func TestDatesAreThoseOfTheBrowsersLocale(t *testing.T) {
	w, p := begin(t, "")
	call(p, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: eval[string](p, "navigator.userAgent"), AcceptLanguage: "en-GB",
	})
	// A different address, so that the page is loaded again.
	p.navigate(w.APIURL + "/console/index.html#/cases/loc-100/case-1002")
	p.sees("related-ros", "10 Nov")
}

func TestHostReplacesWords(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.connect("locale: 'en', texts: { en: { 'related.label': 'Alternate RO numbers', 'bill.warranty': 'Manufacturer <b>pays</b>' } }")
	p.sees("related-ros", "Alternate RO numbers")
	p.sees("related-ros", "Manufacturer <b>pays</b>")
}

func TestHostChangesLooks(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.do("deep('related-ros').style.setProperty('--rro-accent', 'rgb(120, 0, 120)')")
	if got := eval[string](p, "getComputedStyle(deep('related-ros >> .mark.open')).color"); got != "rgb(120, 0, 120)" {
		t.Errorf("the accent is %s", got)
	}
}

func TestColoursFollowTheScheme(t *testing.T) {
	w := start(t)
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		p := open(t, w.APIURL, 1280, 900, scheme)
		grounds[scheme] = eval[string](p, "getComputedStyle(document.body).backgroundColor")
		p.choose("#scheme", map[string]string{"light": "dark", "dark": "light"}[scheme])
		grounds["other than "+scheme] = eval[string](p, "getComputedStyle(document.body).backgroundColor")
	}
	if grounds["light"] == grounds["dark"] || grounds["other than light"] != grounds["dark"] ||
		grounds["other than dark"] != grounds["light"] {
		t.Errorf("%v", grounds)
	}
}

func TestWithoutATokenNothingIsAskedAndNothingShown(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.do("await (await import('/console/related-ro.js')).connect({})")
	p.wait("text('related-ros') === ''")
	p.forget()
	p.do("(await import('/console/related-ro.js')).changed()")
	p.do("await new Promise((done) => setTimeout(done))")
	if n := p.asked("/v1/"); n != 0 {
		t.Errorf("%d requests without a token", n)
	}
}

func TestTokenMayComeFromAFunctionThatRenewsIt(t *testing.T) {
	w, p := begin(t, "")
	token, err := w.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	p.visit("cases/loc-100/case-1002")
	p.do("await (async () => { window.given = 0; await (await import('/console/related-ro.js')).connect({ token: async () => { given++; " +
		"return " + quote(token) + "; } }); })()")
	p.wait("given > 0 && text('related-ros').includes('50126')")
}

// Frameworks and host pages use the members of HTMLElement, so no element may hide one.
func TestElementsHideNothingOfHTMLElement(t *testing.T) {
	_, p := begin(t, "")
	for page, element := range elements {
		p.visit(page)
		p.settled()
		if hidden := eval[[]string](p, "Object.getOwnPropertyNames(deep('"+element+"')).filter((name) => "+
			"name in HTMLElement.prototype)"); len(hidden) > 0 {
			t.Errorf("%s hides %q", element, hidden)
		}
	}
	p.visit("search")
	p.write("related-ro-search >> #ro", "5012")
	p.sees("related-ro-search >> tbody", "50124")
	if hidden := eval[[]string](p, "Object.getOwnPropertyNames(deep('related-ro-search')).filter((name) => "+
		"name in HTMLElement.prototype)"); len(hidden) > 0 {
		t.Errorf("related-ro-search hides %q", hidden)
	}
}
