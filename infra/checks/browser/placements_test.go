package browser

import (
	"fmt"
	"strings"
	"testing"

	"related-ro/infra/local/platform"
)

// rows returns the text of each row of the first related-ros table.
func (p *tab) rows() []string {
	p.Helper()
	return eval[[]string](p, "[...deep('related-ros').shadowRoot.querySelectorAll('tbody tr')].map(clean)")
}

// showsCase fails the test unless the first related-ros element shows exactly the API's data of a
// case.
func (p *tab) showsCase(w *world, c platform.Case) {
	p.Helper()
	answer, err := w.platform.RelatedROs(p.Context(), c.LocationID, c.CaseID)
	if err != nil {
		p.Fatal(err)
	}
	p.wait(fmt.Sprintf("deep('related-ros')?.shadowRoot.querySelectorAll('tbody tr').length === %d", len(answer.RelatedROs)))
	rows := p.rows()
	for i, ro := range answer.RelatedROs {
		want := []string{ro.RONumber, ro.BillTo}
		if ro.Warranty {
			want = append(want, "Warranty "+ro.BillTo)
		} else if strings.Contains(rows[i], "Warranty") || strings.Contains(rows[i], "Customer pay") {
			p.Errorf("row %d says more than Karmak does: %s", i, rows[i])
		}
		if status := ro.Status; ro.Voided {
			want = append(want, "Voided")
		} else {
			want = append(want, strings.ToUpper(status[:1])+status[1:])
		}
		want = append(want, strings.ToUpper(ro.Relation[:1])+ro.Relation[1:])
		for _, words := range want {
			if !strings.Contains(rows[i], words) {
				p.Errorf("row %d lacks %q: %s", i, words, rows[i])
			}
		}
	}
	p.sees("related-ros >> .own", c.RONumber)
}

func TestCaseDetailsShowTheAPIsData(t *testing.T) {
	w, p := begin(t, "")
	for _, id := range []string{"case-1002", "case-1004", "case-1005"} {
		p.visit("cases/loc-100/" + id)
		p.sees("related-ros", "Fetched")
		p.showsCase(w, w.seeded(t, id))
	}
	p.sees("related-ros", "when the case was closed automatically")
	p.quiet()
}

func TestFieldManagersViewShowsTheSameToReadOnly(t *testing.T) {
	w, p := begin(t, "")
	p.as("field_manager", "*")
	for _, c := range []platform.Case{w.seeded(t, "case-1002"), w.seeded(t, "case-2002")} {
		p.visit("view/" + c.LocationID + "/" + c.CaseID)
		p.showsCase(w, c)
		if got := p.text("main"); strings.Contains(got, "Refresh") {
			t.Errorf("a field manager is offered a refresh: %s", got)
		}
		p.sees("main", "Case Information")
	}
	p.quiet()
}

func TestAssetShowsARowUnderEachCase(t *testing.T) {
	_, p := begin(t, "assets/loc-100/asset-77")
	p.sees("asset-related-ros", "Case 1003")
	items := eval[[]string](p, "[...deep('asset-related-ros').shadowRoot.querySelectorAll('.cases > li')].map(clean)")
	if len(items) != 2 || !strings.Contains(items[0]+items[1], "Case 1002 RO 50124") {
		t.Fatalf("cases: %q", items)
	}
	for _, item := range items {
		if strings.Contains(item, "Case 1002") {
			for _, number := range []string{"50123", "50125", "50126"} {
				if !strings.Contains(item, number) {
					t.Errorf("case 1002 lacks RO %s: %s", number, item)
				}
			}
		}
	}
	p.quiet()
}

func TestAssetOfACaseNeverRetrieved(t *testing.T) {
	w := start(t)
	w.refuse(t, w.seeded(t, "case-1001"))
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "assets/loc-100/asset-77")
	p.sees("asset-related-ros", "Related RO Number(s) Not known yet")
}

func TestLinkedCaseIsOneClickAway(t *testing.T) {
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	p := w.open(t, "cases/loc-100/case-1001")
	p.click("[aria-label='Open case 1002']")
	p.sees("h1", "Case 1002")
	p.sees("related-ros >> .own", "50124")
}

func TestPageFollowsExportAndClose(t *testing.T) {
	w, p := begin(t, "")
	p.click(".story a")
	p.sees("related-ros", "Not fetched yet")
	p.wait("text('#local-case') && deep('#local-case').selectedOptions[0].text.includes('1001')")
	p.click("aside .buttons button:nth-of-type(1)")
	p.sees("related-ros", "when the case was exported")
	p.showsCase(w, w.seeded(t, "case-1001"))

	p.choose("#local-bill", "warranty")
	p.click("aside form button[type=submit]")
	p.sees("aside .said", "made from RO 50123")
	before := len(p.rows())
	p.click("aside .buttons button:nth-of-type(3)")
	p.sees("related-ros", "when the case was closed automatically")
	p.showsCase(w, w.seeded(t, "case-1001"))
	if after := len(p.rows()); after != before+1 {
		t.Errorf("%d related ROs before the new alternate RO, %d after", before, after)
	}
	p.quiet()
}

func TestRefreshFetchesAgain(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "Fetched")
	w.karmak(t, "PATCH", "ro", map[string]any{"account": account(w, "loc-100"), "number": "50126", "branch": "DAL",
		"set": map[string]any{"billingCustomerName": "Detroit Diesel Warranty"}})
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros", "when a person asked")
	p.sees("related-ros", "Detroit Diesel Warranty")
	p.quiet()
}

func TestCaseThatWasNeverExportedIsRefreshed(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1001")
	p.sees("related-ros", "Not fetched yet")
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros", "when a person asked")
	p.showsCase(w, w.seeded(t, "case-1001"))
}

func TestRefreshThatIsTriedAgainIsFollowed(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "Fetched")
	p.do("(() => { window.waits = []; const real = setTimeout; window.setTimeout = (f, ms) => { waits.push(ms); return real(f, ms); }; " +
		"})()")
	p.answers("/case-1002/related-ros", 200, `{"locationId":"loc-100","caseId":"case-1002","roNumber":"50124","relatedRos":[],`+
		`"retrieval":{"outcome":"retrying","eventId":"e9","trigger":"refresh"}}`)
	p.answers("/refresh", 202, `{"eventId":"e9"}`)
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros", "tried again by itself")
	p.wait("waits.includes(15000)") // it polls automatically
}

func TestRefreshThatTakesLongSaysSo(t *testing.T) {
	w, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "Fetched")
	// Makes half a minute pass quickly.
	p.do("(() => { const real = setTimeout; window.setTimeout = (f, ms) => real(f, Math.min(ms, 20)); })()")
	p.answers("/refresh", 202, `{"eventId":"e9"}`)
	p.click("related-ros >> [data-key=refresh]")
	p.sees("related-ros >> .box", "Karmak has not answered yet; the list changes as soon as it does")
	p.wait("text('related-ros >> [data-key=refresh]') === 'Refresh'")
	w.export(t, w.seeded(t, "case-1002")) // supersedes it
	p.wait("!text('related-ros >> .box').includes('Karmak has not answered yet')")
	p.quiet()
}

func TestNumberThatCannotBeCopiedIsSelected(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.do("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
	p.click("[aria-label='Copy RO number 50126']")
	p.wait("deep('[title^=\"50126 could not be copied\"] >> .i-warning')")
	if got := eval[string](p, "deep('related-ros').shadowRoot.getSelection().toString()"); got != "50126" {
		t.Errorf("%q is selected", got)
	}
}

func TestOnlyStaffAreOfferedARefresh(t *testing.T) {
	_, p := begin(t, "search")
	for role, offered := range map[string]bool{
		"administrator": true, "service_manager": true, "support": true, "service_advisor": false, "field_manager": false,
	} {
		p.as(role, "*")
		p.visit("cases/loc-100/case-1002") // anew, since the page of the last role may still be there
		p.sees("related-ros", "Fetched")
		if got := eval[bool](p, "Boolean(deep('related-ros >> [data-key=refresh]'))"); got != offered {
			t.Errorf("%s is offered a refresh: %t", role, got)
		}
		p.visit("search")
	}
}

func TestFamilyIsDrawnAndListed(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros", "RO family")
	if label := eval[string](p, "deep('related-ros >> svg.broad').getAttribute('aria-label')"); !strings.Contains(label,
		"RO family of 50124: 3 related ROs") {
		t.Errorf("label: %s", label)
	}
	tree := eval[string](p, `(() => { const line = (li) =>
	  li.firstChild.data + '{' + [...li.querySelectorAll(':scope > ul > li')].map(line).join(';') + '}';
  return line(deep('related-ros').shadowRoot.querySelector('.family > ul > li')); })()`)
	const want = "50123, Invoiced{50125, Completed{};50124, this case{50126, Warranty · Open{}}}"
	if tree != want {
		t.Errorf("tree %s\nwant %s", tree, want)
	}
	p.visit("cases/loc-100/case-1004")
	p.sees("related-ros", "50141")
	if eval[bool](p, "Boolean(deep('related-ros >> .family'))") {
		t.Error("a family of two is drawn")
	}
}

// A drawing is never wider than its space, so it need not shrink.
func TestDeepFamilyIsDrawnDownwards(t *testing.T) {
	w := start(t)
	parent := "50126"
	for _, number := range []string{"50171", "50172", "50173", "50174"} {
		w.karmak(t, "POST", "spinoff", map[string]any{"account": account(w, "loc-100"), "from": parent, "branch": "DAL",
			"ro": map[string]any{"number": number, "branch": "DAL"}})
		parent = number
	}
	w.export(t, w.seeded(t, "case-1001"))
	for _, width := range []int64{1280, 1600} {
		p := open(t, w.APIURL, width, 900, "light")
		p.visit("cases/loc-100/case-1001")
		p.sees("related-ros", "RO family")
		for _, shrunk := range eval[[]string](p, `deepAll('related-ros >> .family > svg').filter((e) => e.clientWidth &&
  e.clientWidth < e.getAttribute('width')).map((e) => e.clientWidth + ' of ' + e.getAttribute('width'))`) {
			t.Errorf("at %d pixels: %s", width, shrunk)
		}
	}
}

// account returns the Karmak account of a location.
func account(w *world, location string) string {
	for _, l := range w.data.Locations {
		if l.LocationID == location {
			return l.Settings.Karmak.Account
		}
	}
	return ""
}

func TestElementFollowsItsAttributes(t *testing.T) {
	_, p := begin(t, "cases/loc-100/case-1002")
	p.sees("related-ros >> .own", "50124")
	// The response about the first case is in transit when the element switches to another case.
	p.do(`(() => { const real = window.fetch; window.fetch = async (url, init) => {
  const answer = await real(url, { ...init, signal: undefined });
  if (String(url).includes('case-1004')) { window.waits = true; await new Promise((done) => { window.letGo = done; }); } return answer; };
  })()`)
	p.do("deep('related-ros').setAttribute('case-id', 'case-1004')")
	p.wait("window.waits")
	p.do("deep('related-ros').setAttribute('case-id', 'case-1005')")
	p.sees("related-ros >> .own", "50150")
	p.do("letGo()")
	p.do("await new Promise((done) => setTimeout(done))")
	p.sees("related-ros >> .own", "50150")
}
