package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
)

const form = "related-ro-settings >> "

func TestSettingsAreLaidOutAsThePathSays(t *testing.T) {
	_, p := begin(t, "settings")
	p.sees("main", "Admin Customize Your Database Location Information External Interfaces Other Optional Settings")
	for _, words := range []string{"External Interfaces", "Other Optional Settings", "ENABLED", "DISABLED", "SAVE EXTERNAL INTERFACES",
		"Active", "History"} {
		p.sees("related-ro-settings", words)
	}
	p.sees("related-ro-settings", "Last saved")
	p.sees("related-ro-settings", "Status: DISABLED → ENABLED")
	p.quiet()
}

func TestDisablingAndEnablingIsSaved(t *testing.T) {
	_, p := begin(t, "settings")
	p.click(form + "[data-key=DISABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	p.sees("related-ro-settings", "Status: ENABLED → DISABLED")
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]")
	p.wait("text('related-ro-settings').match(/Status: DISABLED → ENABLED/g)?.length === 2")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "Nothing to save")
	p.quiet()
}

func TestInactiveFeatureNamesTheRequestToKarmak(t *testing.T) {
	w, p := begin(t, "")
	p.choose("#location", "loc-300")
	p.visit("settings")
	p.sees("main", "loc-300")
	w.karmak(t, "POST", "fault", map[string]any{"kind": "not_activated"})
	p.click(form + "[data-key=verify]")
	p.sees("related-ro-settings", "Not activated")
	p.sees("related-ro-settings", "Please ask Karmak to check both")
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]")
	p.sees(form+"[role=alert]", "Not saved. Still DISABLED.")
	p.sees(form+"#wrong-status", "Please ask Karmak to check both")
	p.wait("deep('related-ro-settings >> [data-key=DISABLED]').checked")
	p.wait("deep('related-ro-settings').shadowRoot.activeElement?.dataset.key === 'DISABLED'")
	w.karmak(t, "DELETE", "faults", nil)
	p.click(form + "[data-key=verify]")
	p.sees(form+"[role=alert]", "Karmak was asked about this location a moment ago")
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]") // saving verifies automatically
	p.sees("related-ro-settings", "External interfaces saved")
	p.sees("related-ro-settings", "Active")
	p.quiet()
}

func TestTwoAdministratorsDoNotOverwriteEachOther(t *testing.T) {
	w, p := begin(t, "settings")
	p.click(form + "[data-key=DISABLED]")
	settings := w.data.Locations[0].Settings
	settings.Karmak.Branch = "FTW"
	if err := w.platform.SaveSettings(t.Context(), "loc-100", settings); err != nil {
		t.Fatal(err)
	}
	p.click(form + "[data-key=save]")
	p.sees(form+"[role=alert]", "Somebody else saved these settings while you were editing: support@local")
	p.click(form + "[data-key=theirs]")
	p.wait("deep('related-ro-settings >> #branch')?.value === 'FTW'")
	p.wait("deep('related-ro-settings >> [data-key=ENABLED]').checked")
	p.click(form + "[data-key=DISABLED]")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
}

func TestRolesMayChangeTheirFields(t *testing.T) {
	_, p := begin(t, "settings")
	for _, c := range []struct {
		role           string
		status, karmak bool
	}{
		{"support", true, true}, {"administrator", true, false}, {"service_manager", true, false},
		{"service_advisor", false, false}, {"field_manager", false, false},
	} {
		p.as(c.role, "*")
		p.sees("related-ro-settings", "Karmak connection")
		if got := eval[bool](p, "!deep('related-ro-settings >> [data-key=ENABLED]').disabled && "+
			"Boolean(deep('related-ro-settings >> [data-key=save]'))"); got != c.status {
			t.Errorf("%s may change the status: %t", c.role, got)
		}
		if got := eval[bool](p, "!deep('related-ro-settings >> #account').readOnly"); got != c.karmak {
			t.Errorf("%s may change the account: %t", c.role, got)
		}
	}
}

func TestWrongAccountShowsAtItsField(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.write(form+"#account", "no account/")
	p.click(form + "[data-key=save]")
	p.sees(form+"[role=alert]", "Not saved. Still ENABLED.")
	p.sees(form+"#wrong-account", "must be")
	p.wait("deep('related-ro-settings').shadowRoot.activeElement?.id === 'account'")
	p.write(form+"#account", "another")
	p.wait("!deep('related-ro-settings >> #wrong-account') && !deep('related-ro-settings >> [role=alert]')")
}

// branchOptions is what the list of the branch's field holds.
const branchOptions = "deepAll('related-ro-settings >> #branches >> option').map((o) => o.value + ' ' + o.label).join('; ')"

func TestSupportChoosesTheBranchByItsName(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.sees("related-ro-settings", "Karmak connection")
	if n := p.asked("/branches"); n != 0 {
		t.Errorf("Karmak was asked %d times before the field had the focus", n)
	}
	p.do("deep('related-ro-settings >> #branch').focus()")
	p.wait(branchOptions + " === 'DAL Lone Star Truck Group, Dallas; FTW Lone Star Truck Group, Fort Worth'")
	p.sees(form+"#branch-words", "Lone Star Truck Group, Dallas")
	p.write(form+"#branch", "HOU")
	p.sees(form+"#branch-words", "Karmak’s list has no branch “HOU”.")
	p.write(form+"#branch", "ftw")
	p.wait("text('" + form + "#branch-words') === 'Lone Star Truck Group, Fort Worth'")
	p.write(form+"#branch", "FTW")
	p.click(form + "[data-key=save]")
	p.sees("related-ro-settings", "External interfaces saved")
	p.do("deep('related-ro-settings >> #branch').focus()")
	if n := p.asked("/branches"); n != 1 {
		t.Errorf("Karmak was asked %d times for one account's branches", n)
	}
	p.axe(axeSource(t), "settings with a list of branches")
	p.quiet()
}

// The API lists the branches of the account that is saved: they must not stand beside another one.
func TestBranchesOfAnotherAccountAreNotOffered(t *testing.T) {
	w, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.sees(form+"#branch-words", "May stay empty")
	p.do("deep('related-ro-settings >> #branch').focus()")
	p.wait(branchOptions + ".startsWith('DAL')")
	p.write(form+"#account", "another")
	p.wait(branchOptions + " === ''")
	p.sees(form+"#branch-words", "Karmak lists the branches of the saved account and user")
	p.do("deep('related-ro-settings >> #branch').focus()")
	p.write(form+"#account", account(w, "loc-100"))
	p.wait(branchOptions + ".startsWith('DAL')")
	if n := p.asked("/branches"); n != 1 {
		t.Errorf("Karmak was asked %d times", n)
	}
}

func TestAnAccountWhoseBranchesKarmakDoesNotListSaysSo(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.choose("#location", "loc-200") // its Fusion is older
	p.visit("settings")
	p.sees(form+"#branch-words", "May stay empty")
	p.do("deep('related-ro-settings >> #branch').focus()")
	p.sees(form+"#branch-words", "Fusion before 3.62 has none. Type the branch code.")
	p.write(form+"#branch", "TUL")
	p.sees(form+"#branch-words", "Type the branch code")
}

func TestEditedFieldsAreNotOverwritten(t *testing.T) {
	w, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.write(form+"#branch", "AUSTIN")
	w.export(t, w.seeded(t, "case-1003"))
	p.sees(".steps", "case.exported case-1003 done")
	p.do("(await import('/console/related-ro.js')).changed('loc-100')")
	p.do("await new Promise((done) => setTimeout(done))")
	if got := eval[string](p, "deep('related-ro-settings >> #branch').value"); got != "AUSTIN" {
		t.Errorf("the field has %q", got)
	}
}

// Karmak's response about an account is shown only next to that account.
func TestRefusedEnablingShowsKarmaksAnswer(t *testing.T) {
	w, p := begin(t, "")
	p.choose("#location", "loc-300")
	p.visit("settings")
	p.sees("related-ro-settings", "Never asked")
	w.karmak(t, "POST", "fault", map[string]any{"kind": "not_activated"})
	p.click(form + "[data-key=ENABLED]")
	p.click(form + "[data-key=save]")
	p.sees(form+".activation", "Not activated")
	if got := p.text(form + ".activation"); strings.Contains(got, "Never asked") {
		t.Errorf("the activation reads %q", got)
	}
}

func TestVerifyUsesTheFormsValues(t *testing.T) {
	w, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.sees(form+".activation", "Active")
	p.write(form+"#account", "no-such-account")
	p.sees(form+".activation", "Not asked about these values")
	p.click(form + "[data-key=verify]")
	p.wait("!/Active|Not asked/.test(text('" + form + ".activation'))")
	if n := p.asked("PUT "); n != 0 {
		t.Error("verifying saved something")
	}
	p.write(form+"#account", account(w, "loc-100"))
	p.sees(form+".activation", "Active")
}

func TestALocationNeverSetUpNamesTheFirstStep(t *testing.T) {
	_, p := begin(t, "")
	p.as("administrator", "*")
	p.do("(() => { const e = document.createElement('related-ro-settings'); e.id = 'new'; e.locationId = 'loc-900'; " +
		"document.querySelector('main').append(e); })()")
	p.sees("#new", "Our support staff set up the Karmak connection of this location first")
	if !eval[bool](p, "deep('#new >> [data-key=ENABLED]').disabled") {
		t.Error("ENABLED is offered where it cannot be")
	}
}

func TestSavedGoesWhenTheFormChanges(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.visit("settings")
	p.click(form + "[data-key=DISABLED]")
	p.click(form + "[data-key=save]")
	p.sees(form+".told", "External interfaces saved")
	p.write(form+"#branch", "AUS")
	p.wait("!deep('related-ro-settings >> .told')")
	if got := eval[string](p, "deep('related-ro-settings >> #branch').value"); got != "AUS" {
		t.Errorf("the field has %q", got)
	}
}

func TestUnsavedSettingsAreNotLostUnasked(t *testing.T) {
	w, p := begin(t, "")
	call(p, page.Enable, page.EnableParams{})
	p.as("support", "*")
	p.visit("settings")
	p.write(form+"#branch", "AUS")
	p.do("location.hash = '#/search'")
	p.wait("location.hash === '#/settings'")
	p.choose("#location", "loc-200")
	p.wait("document.getElementById('location').value === 'loc-100'")
	// A renewed token of the same user is not a change of user.
	token, err := w.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	p.do("(async () => { const { connect } = await import('/console/related-ro.js'); await connect({ token: " + quote(token) +
		" }); await connect({ token: " + quote(token) + " }); })()")
	if got := eval[string](p, "deep('related-ro-settings >> #branch')?.value"); got != "AUS" {
		t.Errorf("the field has %q", got)
	}
	p.accepts(true)
	p.do("location.hash = '#/search'")
	p.sees("h1", "Search")
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.dialogs) != 3 {
		t.Errorf("asked %q", p.dialogs)
	}
}

func TestAskingKarmakShowsThatItGoesOn(t *testing.T) {
	_, p := begin(t, "settings")
	p.sees("related-ro-settings", "Active")
	p.answers("/verify", 0, "")
	p.click(form + "[data-key=verify]")
	p.sees("related-ro-settings", "This takes up to 10 seconds")
	p.wait("deep('related-ro-settings >> progress')")
}
