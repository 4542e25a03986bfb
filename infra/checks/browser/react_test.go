package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"related-ro/infra/checks/tools"
)

// reactPage installs the package of the elements next to React 19, as npm would, checks the types
// of a page that uses them, and returns the page's script. Without npm the test is skipped, or
// fails if CI=true.
func reactPage(t *testing.T) string {
	t.Helper()
	packages := []string{"react@19.3.1", "react-dom@19.3.1", "@types/react@19.3.0", "@types/react-dom@19.3.0", "typescript@5.9.3"}
	cache, err := filepath.Abs(filepath.Join(root, ".cache", "react-19.3.1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tools.Once(t.Context(), cache, tools.NPM(packages...)); err != nil {
		if tools.MustHave() {
			t.Fatal(err)
		}
		t.Skipf("React cannot be installed: %v", err)
	}
	dir := t.TempDir()
	modules := filepath.Join(dir, "node_modules")
	if err := os.CopyFS(dir, os.DirFS("testdata/react")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(modules, 0o755); err != nil {
		t.Fatal(err)
	}
	installed, err := os.ReadDir(filepath.Join(cache, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range installed {
		if err := os.Symlink(filepath.Join(cache, "node_modules", entry.Name()), filepath.Join(modules, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	command(t, filepath.Join(root, "pkg", "console"), "go", "run", "./pack", "-npm", filepath.Join(modules, "related-ro"), "-version",
		"1.2.3")
	command(t, dir, "npm", "pack", "--dry-run", filepath.Join(modules, "related-ro"))
	command(t, dir, "node", filepath.Join(modules, "typescript", "bin", "tsc"), "--project", dir)
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(dir, "page.tsx")}, Bundle: true, Format: api.FormatESModule, JSX: api.JSXAutomatic,
		Target: api.ES2022, Define: map[string]string{"process.env.NODE_ENV": `"development"`},
	})
	if len(result.Errors) > 0 {
		t.Fatalf("%+v", result.Errors)
	}
	return string(result.OutputFiles[0].Contents)
}

func command(t *testing.T, dir, name string, arguments ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, arguments...)
	c.Dir = dir
	if output, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
}

func TestElementsWorkInReact(t *testing.T) {
	script := reactPage(t)
	w := start(t)
	token, err := w.Token("service_manager", "loc-100")
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page.js" {
			out.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			fmt.Fprint(out, script)
			return
		}
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(out, `<!doctype html><html lang="en"><title>Platform</title><div id="root"></div>
<script>window.API = %q; window.TOKEN = %q</script><script type="module" src="/page.js"></script>`, w.APIURL, token)
	}))
	t.Cleanup(host.Close)
	p := w.open(t, "")
	p.navigate(host.URL)
	p.sees("related-ros", "50126")
	p.sees("#given >> related-ro-cell", "777")
	p.sees("ul >> related-ro-cell[case-id=case-1002]", "50123")
	p.sees("asset-related-ros", "Case 1003")
	p.sees("related-ro-search", "RO number")
	p.sees("related-ro-settings", "SAVE EXTERNAL INTERFACES")
	if !eval[bool](p, "deep('related-ros').getAttribute('location-id') === 'loc-100' && "+
		"Boolean(deep('related-ros >> [data-key=refresh]'))") {
		t.Error("the attributes do not reflect, or the refresh is missing")
	}
	p.click("#readonly")
	p.wait("deep('related-ros').hasAttribute('readonly') && text('related-ros').includes('50126') && " +
		"!deep('related-ros >> [data-key=refresh]')")
	p.forget()
	p.click("#sort")
	p.wait("deepAll('ul >> related-ro-cell')[0].caseId === 'case-1004'")
	p.do("await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")
	if n := p.asked("batch-get"); n != 0 {
		t.Errorf("sorting rows cost %d requests", n)
	}
	w.export(t, w.seeded(t, "case-1001"))
	p.click("#other")
	p.sees("related-ros >> .own", "50123")
	p.click("related-ros >> [aria-label='Open case 1002']")
	p.wait("window.opened === 'case-1002'")
	p.quiet()
}
