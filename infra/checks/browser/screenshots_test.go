package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestScreenshots takes a screenshot of each placement, in light and dark and on wide and narrow
// screens, for visual review.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("RELATEDRO_SCREENSHOTS")
	if folder == "" {
		t.Log("no folder is named: make screenshots does")
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	w := prepared(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 320} {
			p := open(t, w.APIURL, width, 800, scheme)
			p.as("support", "*")
			take := func(name string) {
				t.Helper()
				p.settled()
				file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
				if err := os.WriteFile(file, p.screenshot(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, shot := range []struct{ name, page, shows string }{
				{"p1-case", "cases/loc-100/case-1001", "50126"},
				{"p1-case-failed", "cases/loc-100/case-1003", "not activated"},
				{"p1-case-off", "cases/loc-300/case-3001", "switched off"},
				{"p2-asset", "assets/loc-100/asset-77", "Case 1001"},
				{"p5-field-manager", "view/loc-200/case-2002", "70022"},
				{"p6-settings", "settings", "History"},
				{"open-warranty", "warranty", "50124"},
				{"operations", "operations", "not_activated"},
			} {
				p.visit(shot.page)
				p.sees("main", shot.shows)
				take(shot.name)
			}
			p.visit("cases")
			p.sees("main >> related-ro-cell[case-id=case-1001]", "+1")
			take("p3-cases")
			p.click("related-ro-cell[case-id=case-1001] >> .more")
			p.wait("text('.card').includes('1002')")
			take("p3-list")
			p.visit("search")
			p.write("related-ro-search >> #ro", "5012")
			p.sees("related-ro-search >> tbody", "5012")
			take("p4-search")
		}
	}
}
