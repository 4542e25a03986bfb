package browser

import (
	"fmt"
	"path/filepath"
	"testing"
)

// The contract's page, rendered as by make docs: in dark mode and on a narrow screen.
func TestTheContractReadsInTheDarkAndOnAPhone(t *testing.T) {
	source := axeSource(t)
	file := filepath.Join(t.TempDir(), "api.html")
	command(t, root, "go", "run", "./infra/contracts/render", "-o", file)
	w := startWith(t, nil)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			p := open(t, w.APIURL, width, 900, scheme)
			p.navigate("file://" + file)
			p.wait("document.querySelector('h1')")
			p.do("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
			p.axe(source, fmt.Sprintf("api.html, %s, %d", scheme, width))
			p.fits(fmt.Sprintf("api.html, %d", width))
		}
	}
}
