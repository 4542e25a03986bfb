package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"related-ro/infra/checks/tools"
)

// prepared returns a system in which every page has something to show: families, failures and dead
// letters.
func prepared(t *testing.T) *world {
	t.Helper()
	w := start(t)
	w.export(t, w.seeded(t, "case-1001"))
	w.alsoHas(t, "case-1002", 2) // so that an RO has several cases
	w.refuse(t, w.seeded(t, "case-1003"))
	w.export(t, w.seeded(t, "case-1003"))
	w.karmak(t, "DELETE", "faults", nil)
	return w
}

// settled waits until a page has finished loading.
func (p *tab) settled() {
	p.Helper()
	p.wait("!text('main').includes('Loading') && !deep('main >> .bone')")
}

// violation is a violated rule of axe-core.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		Target json.RawMessage `json:"target"`
		HTML   string          `json:"html"`
		Why    string          `json:"failureSummary"`
	} `json:"nodes"`
}

// axe fails the test for each rule of axe-core that the page violates.
func (p *tab) axe(source, page string) {
	p.Helper()
	if !eval[bool](p, "Boolean(window.axe)") {
		p.load(source)
	}
	found := eval[[]violation](p, "(await axe.run(document, { resultTypes: ['violations'] })).violations.map(({ id, help, nodes }) => "+
		"({ id, help, nodes: nodes.map(({ target, html, failureSummary }) => ({ target, html, failureSummary })) }))")
	for _, v := range found {
		for _, n := range v.Nodes {
			p.Errorf("%s: %s: %s\n%s\n%s\n%s", page, v.ID, v.Help, n.Target, n.HTML, n.Why)
		}
	}
}

// axeSource returns axe-core, which npm installs into the cache. Without npm the test is skipped,
// or fails if CI=true.
func axeSource(t *testing.T) string {
	t.Helper()
	source, err := installedAxe()
	if err != nil && !tools.MustHave() {
		fmt.Printf("skipped: %s: axe-core cannot be installed: %v\n", t.Name(), err)
		t.SkipNow()
	}
	if err != nil {
		t.Fatal(err)
	}
	return source
}

var installedAxe = sync.OnceValues(func() (string, error) {
	const version = "4.14.1"
	directory, err := filepath.Abs(filepath.Join(root, ".cache", "axe-core-"+version))
	if err != nil {
		return "", err
	}
	if err := tools.Once(context.Background(), directory, tools.NPM("axe-core@"+version)); err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(directory, "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
})

func TestAxeFindsNothing(t *testing.T) {
	source := axeSource(t)
	w := prepared(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			t.Run(fmt.Sprintf("%s %d", scheme, width), func(t *testing.T) {
				t.Parallel()
				p := open(t, w.APIURL, width, 900, scheme)
				p.as("support", "*")
				for _, page := range pages {
					p.visit(page)
					p.settled()
					p.axe(source, page)
				}
				p.visit("search")
				p.write("related-ro-search >> #ro", "5012")
				p.sees("related-ro-search >> tbody", "5012")
				p.axe(source, "search results")
				p.visit("cases")
				p.sees("main >> related-ro-cell[case-id=case-1002]", "+1")
				p.click("related-ro-cell[case-id=case-1002] >> .more")
				p.wait("deep('.card:popover-open') && text('.card').includes('1001')")
				p.axe(source, "rest of a cell")
				p.answers("/v1/", 500, "{}")
				p.visit("cases/loc-100/case-1002")
				p.sees("related-ros", "has a problem")
				p.axe(source, "error")
			})
		}
	}
}

// The pages that do not require sign-in: the sign-in page and the elements' documentation.
func TestAxeFindsNothingBeforeSigningIn(t *testing.T) {
	source := axeSource(t)
	w := startWith(t, nil)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			p := open(t, w.APIURL, width, 900, scheme)
			p.axe(source, "sign in")
			p.fits("sign in")
			p.navigate(w.APIURL + "/console/components.html")
			p.axe(source, "components.html")
			p.fits("components.html")
		}
	}
}

// fits fails the test if any element is wider than the page.
func (p *tab) fits(page string) {
	p.Helper()
	wide := eval[[]string](p, `deepAll('body *').filter((e) => {
  for (let up = e; up; up = up.parentElement ?? up.getRootNode().host) {
    // These may be wider.
    if (up.matches('.vh, .wide, .steps, pre') || ['absolute', 'fixed'].includes(getComputedStyle(up).position)) return false;
  }
  const { right, width } = e.getBoundingClientRect();
  return width > 0 && right > innerWidth + 1;
}).map((e) => e.tagName + ' ' + e.getAttribute('class') + ' ' + Math.round(e.getBoundingClientRect().right))`)
	if excess := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); excess > 0 || len(wide) > 0 {
		p.Errorf("%s: %d pixels too wide: %s", page, excess, strings.Join(wide, "; "))
	}
}

// No element is wider than the page if the page is narrow, zoomed to 200 %, or has a doubled font
// size.
func TestNothingBreaksWhenThereIsLittleRoom(t *testing.T) {
	w := prepared(t)
	for _, c := range []struct {
		name  string
		width int64
		text  string // font size of the root
	}{{"320 pixels", 320, ""}, {"200 % of 1280 pixels", 640, ""}, {"text of 200 %", 1280, "200%"},
		{"text of 200 % at 640 pixels", 640, "200%"}} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, w.APIURL, c.width, 900, "light")
			p.as("support", "*")
			p.do("document.documentElement.style.fontSize = " + quote(c.text))
			for _, page := range pages {
				p.visit(page)
				p.settled()
				p.fits(page)
			}
			p.visit("search")
			p.write("related-ro-search >> #ro", "5012")
			p.sees("related-ro-search >> tbody", "5012")
			p.fits("search results")
		})
	}
}
