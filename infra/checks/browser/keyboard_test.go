package browser

import (
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The tests in this file use only the keyboard.

func TestKeyboardSkipsToTheContent(t *testing.T) {
	_, p := begin(t, "")
	p.tabTo("Skip to content")
	p.keys(kb.Enter, kb.Tab)
	if got := p.focused(); got != "All Cases" {
		t.Errorf("after skipping, Tab leads to %q", got)
	}
}

func TestKeyboardOpensACaseAndCopiesANumber(t *testing.T) {
	_, p := begin(t, "")
	p.allowClipboard()
	p.sees("main >> related-ro-cell[case-id=case-1002]", "+1")
	p.tabTo("1002")
	p.keys(kb.Enter)
	p.sees("related-ros", "50126")
	p.tabTo("Copy RO number 50126")
	p.keys(kb.Enter)
	p.sees("related-ros", "50126 copied")
	if got := eval[string](p, "await navigator.clipboard.readText()"); got != "50126" {
		t.Errorf("the clipboard has %q", got)
	}
	p.quiet()
}

func TestKeyboardOpensACaseAsAFieldManager(t *testing.T) {
	_, p := begin(t, "view")
	p.tabTo("2002")
	p.keys(kb.Enter)
	p.sees("h1", "Viewing case 2002")
	p.sees("related-ros", "70022")
	p.tabTo("Copy RO number 70022")
}

func TestKeyboardRefreshesACase(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	p.tabTo("Refresh")
	p.keys(kb.Enter)
	p.sees("related-ros", "when a person asked")
	p.sees("related-ros", "Related ROs are up to date") // announced to screen readers
	if got := p.focused(); got != "Refresh" {
		t.Errorf("the focus went to %q", got)
	}
}

func TestKeyboardUsesTheListOfACell(t *testing.T) {
	_, p := begin(t, "")
	p.allowClipboard()
	p.sees("main >> related-ro-cell[case-id=case-1002]", "+1")
	p.tabTo("1 more related ROs")
	p.keys(kb.Enter)
	p.wait(cardIsOpen)
	if got := p.focused(); got != "Related RO Number(s)" {
		t.Errorf("the focus is on %q, not in the list", got)
	}
	p.tabTo("Copy RO number 50126")
	p.keys(kb.Enter)
	p.sees("related-ro-cell[case-id=case-1002]", "50126 copied")
	p.wait(cardIsOpen)
	p.keys(kb.Escape)
	p.wait("!(" + cardIsOpen + ") && deep('related-ro-cell[case-id=case-1002]').shadowRoot.activeElement?.matches('.more')")
}

func TestKeyboardOpensACaseOfAnAsset(t *testing.T) {
	_, p := begin(t, "assets")
	p.tabTo("4411")
	p.keys(kb.Enter)
	p.sees("asset-related-ros", "Case 1002")
	p.tabTo("Open case 1002")
	p.keys(kb.Enter)
	p.sees("h1", "Case 1002")
}

func TestKeyboardDisablesALocation(t *testing.T) {
	_, p := begin(t, "settings")
	p.sees("related-ro-settings", "SAVE EXTERNAL INTERFACES")
	p.tabTo("ENABLED")
	p.keys(kb.ArrowDown)
	p.tabTo("SAVE EXTERNAL INTERFACES")
	p.keys(kb.Enter)
	p.sees("related-ro-settings", "Status: ENABLED → DISABLED")
	if got := p.focused(); got != "SAVE EXTERNAL INTERFACES" {
		t.Errorf("the focus went to %q", got)
	}
}

func TestKeyboardRedrivesDeadLetters(t *testing.T) {
	_, p := begin(t, "")
	p.accepts(true)
	p.as("support", "*")
	p.visit("operations")
	p.sees("main", "No dead letters")
	p.tabTo("Redrive")
	p.keys(kb.Enter)
	p.sees("main", "0 sent back to the export queue")
}

func TestKeyboardSignsIn(t *testing.T) {
	w := startWith(t, nil)
	p := w.open(t, "")
	token, err := w.Token("service_advisor", "loc-100")
	if err != nil {
		t.Fatal(err)
	}
	p.tabTo("Access token")
	p.do("document.activeElement.value = " + quote(token)) // as pasting does
	p.tabTo("Use this token")
	p.keys(kb.Enter)
	p.sees("h1", "Cases")
}

func TestKeyboardDrivesThePanel(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1001")
	p.tabTo("Export")
	p.keys(kb.Enter)
	p.sees("related-ros", "when the case was exported")
}

func TestFocusIsSeenEverywhere(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "50126")
	for range 40 {
		p.keys(kb.Tab)
		if !eval[bool](p, `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  return e === document.body || e.matches(':focus-visible') && getComputedStyle(e).outlineStyle !== 'none' && e.getClientRects().length > 0;
  })()`) {
			t.Errorf("nothing shows that %q has the focus", p.focused())
		}
	}
}

// allowClipboard lets the page read the clipboard, to check its content after a copy.
func (p *tab) allowClipboard() {
	p.Helper()
	profile := chromedp.FromContext(p.ctx).BrowserContextID
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name, AllowWithoutSanitization: name == "clipboard-write"},
			Setting:    browser.PermissionSettingGranted, Origin: p.base, BrowserContextID: profile,
		})
		if err != nil {
			p.Fatal(err)
		}
	}
}
