package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCellsShowTheAPIsData(t *testing.T) {
	_, p := begin(t, "")
	for id, want := range map[string]string{
		"case-1001": "Not fetched",
		"case-1002": "50123 Invoiced 50125 Completed +1 (1 open)",
		"case-1003": "None",
		"case-1004": "50141 Warranty · Voided",
	} {
		p.sees(fmt.Sprintf("main >> related-ro-cell[case-id=%s]", id), want)
	}
	p.quiet()
}

func TestAHundredCellsCostOneRequest(t *testing.T) {
	for _, c := range []struct{ cells, requests int }{{100, 1}, {101, 2}, {250, 3}, {500, 5}} {
		t.Run(fmt.Sprint(c.cells), func(t *testing.T) {
			w, p := begin(t, "search")
			p.forget()
			p.addCells(c.cells)
			p.wait(fmt.Sprintf("deepAll('#cells >> related-ro-cell').filter((e) => words(e).includes('Not fetched')).length === %d",
				c.cells-1))
			p.sees("#cells >> related-ro-cell", "50123")
			if n := p.asked("POST " + w.APIURL + "/v1/related-ros/batch-get"); n != c.requests {
				t.Errorf("%d cells cost %d requests, want %d", c.cells, n, c.requests)
			}
			p.quiet()
		})
	}
}

// addCells adds a list of cells to the page, one per paragraph: the first of an existing case, the
// others of unknown cases. It then runs the statements in then, before the browser renders.
func (p *tab) addCells(n int, then ...string) {
	p.Helper()
	p.do(fmt.Sprintf(`await (async () => {
  const list = document.createElement('div');
  list.id = 'cells';
  document.querySelector('main').append(list);
  for (let i = 0; i < %d; i++) {
    const line = document.createElement('p');
    const cell = document.createElement('related-ro-cell');
    cell.setAttribute('location-id', 'loc-100');
    cell.setAttribute('case-id', i ? 'none-' + i : 'case-1002');
    line.append(cell);
    list.append(line);
  }
  %s
})()`, n, strings.Join(then, ";")))
}

func TestCellsOnScreenAreAskedForFirst(t *testing.T) {
	_, p := begin(t, "search")
	p.keepBatches()
	p.addCells(250, "list.lastChild.scrollIntoView()")
	p.wait("batches.length === 3")
	if first := eval[[]string](p, "batches[0]"); !slices.Contains(first, "none-249") {
		t.Errorf("the first request asks for %q", first)
	}
}

// keepBatches records the case IDs of each further batch-get request in the array batches.
func (p *tab) keepBatches() {
	p.Helper()
	p.do(`(() => { window.batches = []; const real = window.fetch;
  window.fetch = (url, init) => { if (String(url).includes('batch-get')) batches.push(JSON.parse(init.body).cases.map((c) => c.caseId));
  return real(url, init); }; })()`)
}

func TestCellsThatAreGoneAreNotAskedFor(t *testing.T) {
	_, p := begin(t, "search")
	p.keepBatches()
	p.addCells(250,
		"await 0", // the cells have read their attributes and wait in the queue
		"list.querySelectorAll('p:nth-child(n + 3)').forEach((line) => line.remove())",
		"list.lastChild.firstChild.setAttribute('case-id', 'case-1004')")
	p.sees("#cells >> related-ro-cell[case-id=case-1002]", "50125")
	p.sees("#cells >> related-ro-cell[case-id=case-1004]", "50141")
	if got, want := eval[[][]string](p, "batches"), [][]string{{"case-1002", "case-1004"}}; !cmp.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

func TestSameCaseTwiceIsAskedForOnce(t *testing.T) {
	_, p := begin(t, "search")
	p.keepBatches()
	p.do(`(() => {
  for (let i = 0; i < 3; i++) { const e = document.createElement('related-ro-cell'); e.setAttribute('location-id', 'loc-100');
  e.setAttribute('case-id', 'case-1002'); document.querySelector('main').append(e); } })()`)
	p.wait("deepAll('main > related-ro-cell').filter((e) => words(e).includes('50125')).length === 3")
	if asked := eval[[]string](p, "batches.flat()"); len(asked) != 1 {
		t.Errorf("asked for %v", asked)
	}
}

func TestColumnIsOptional(t *testing.T) {
	_, p := begin(t, "")
	p.sees("main", "50123")
	p.click("#column")
	p.wait("!deep('main >> related-ro-cell')")
	p.forget()
	p.click("#tab-mine")
	p.wait("deepAll('main tbody tr').length === 2")
	p.click("#column")
	p.sees("main >> related-ro-cell[case-id=case-1003]", "None")
	if n := p.asked("batch-get"); n != 1 {
		t.Errorf("showing the column cost %d requests", n)
	}
}

func TestCellsOfOtherLocationsReadAsNotFetched(t *testing.T) {
	_, p := begin(t, "")
	p.as("service_advisor", "loc-200")
	p.visit("search")
	p.addCells(1)
	p.sees("#cells >> related-ro-cell", "Not fetched")
}

func TestOneCellChangesWithItsCase(t *testing.T) {
	w, p := begin(t, "")
	p.sees("main >> related-ro-cell[case-id=case-1001]", "Not fetched")
	p.forget()
	w.export(t, w.seeded(t, "case-1001"))
	p.sees("main >> related-ro-cell[case-id=case-1001]", "50124")
	if n := p.asked("batch-get"); n != 1 {
		t.Errorf("one changed case cost %d requests", n)
	}
}
