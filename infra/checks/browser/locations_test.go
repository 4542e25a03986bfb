package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// Our support goes by keyboard from the list of locations to a location's problem, and to the place
// to solve it.
func TestKeyboardLeadsFromALocationToItsTrouble(t *testing.T) {
	w := start(t)
	w.refuse(t, w.seeded(t, "case-1003"))
	w.export(t, w.seeded(t, "case-1003"))
	if err := w.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := w.open(t, "")
	p.as("support", "*")
	p.visit("locations/failing")
	p.sees("main tbody", "loc-100 ENABLED")
	p.sees("main tbody", "Failing since")
	p.sees("main tbody", "Karmak has not activated alternate RO numbers")
	p.wait("!text('main tbody').includes('DISABLED')")
	p.tabTo("Dead letters of loc-100")
	p.keys(kb.Enter)
	p.sees("h1", "Operations")
	p.sees("main table:has(code)", "case-1003")
	p.sees("main", "No dead letters of loc-100") // of the other queues
	p.visit("locations/failing")
	p.tabTo("Settings of loc-100")
	p.keys(kb.Enter)
	p.sees("related-ro-settings", "SAVE EXTERNAL INTERFACES")
	p.sees("h1", "loc-100")
	p.quiet()
}

func TestLocationsAreFilteredAndFetchedAgain(t *testing.T) {
	_, p := begin(t, "")
	call(p, page.Enable, page.EnableParams{})
	p.as("support", "*")
	p.visit("locations")
	p.sees("main tbody", "loc-300 DISABLED") // after the enabled ones
	p.wait("[...document.querySelectorAll('main tbody tr')].findIndex((row) => row.textContent.includes('DISABLED')) > 0")
	p.choose("#standing", "disabled")
	p.wait("text('main tbody').includes('loc-300') && !text('main tbody').includes('loc-100')")
	p.choose("#standing", "failing")
	p.sees("main", "None.")
	p.choose("#standing", "enabled")
	p.sees("main tbody", "loc-100 ENABLED")
	p.click("[aria-label='Fetch again all cases of loc-100']") // the question is answered by no
	p.accepts(true)
	p.forget()
	p.click("[aria-label='Fetch again all cases of loc-100']")
	p.sees("main .said", "cases of loc-100 are being fetched again, 0 are left to ask for")
	if n := p.asked("/refetch"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	p.quiet()
}

func TestLocationsComePageByPage(t *testing.T) {
	_, p := begin(t, "")
	p.as("support", "*")
	p.visit("search")
	one := func(id, cursor string) string {
		return fmt.Sprintf(`{"locations":[{"locationId":%q,"status":"ENABLED","dms":"KARMAK_FUSION","karmak":{"account":"","user":"",
		  "branch":""},
"activation":{"state":"unknown","checkedAt":null,"fusionVersion":null,"message":null},"checkedAt":null,"failing":null,"newestCase":null}],
  "cursor":%s}`, id, cursor)
	}
	p.answers("/operations/locations", 200, one("loc-a", `"abc"`))
	p.visit("locations")
	p.sees("main tbody", "loc-a ENABLED Karmak was never asked Not set Not asked yet")
	p.answers("/operations/locations", 503, `{"type":"unavailable","title":"Temporarily unavailable","status":503,`+
		`"detail":"Please try again in a moment."}`)
	p.click("main [data-more]")
	p.sees("main [role=alert]", "Please try again in a moment")
}
