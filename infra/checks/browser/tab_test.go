package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience limits the wait for a page's state. It is far longer than necessary, so that tests pass
// on a busy machine.
const patience = 30 * time.Second

// startChromium starts one browser for all tests of a process; each tab uses a separate profile in
// it.
func startChromium() (ctx context.Context, stop func(), err error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, fmt.Errorf("find Debian's chromium: %w", err)
	}
	profile, err := os.MkdirTemp("", "related-ro-browser-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a profile: %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-US"), chromedp.Env("TZ=America/Chicago", "LANG=en_US.UTF-8"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	stop = func() {
		// Waits until the browser has exited; otherwise it would write into the profile again.
		_ = chromedp.Cancel(ctx)
		cancel()
		end()
		_ = os.RemoveAll(profile) // any remains are in the system's temporary directory
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start chromium: %w", err)
	}
	return ctx, stop, nil
}

// tab is one page in a separate profile.
type tab struct {
	testing.TB
	ctx  context.Context
	base string

	mu       sync.Mutex
	requests []string // method and URL of each request
	problems []string // console errors and exceptions of the page
	dialogs  []string // the page's dialog messages
	accept   bool     // whether the user accepts dialogs
}

// open opens a tab of width by height CSS pixels, in the light or dark scheme.
func open(t testing.TB, base string, width, height int64, scheme string) *tab {
	t.Helper()
	p := &tab{TB: t, base: base}
	ctx, cancel := chromedp.NewContext(shared.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens the tab, which lives as long as this context
		t.Fatal(err)
	}
	p.ctx = ctx
	call(p, network.Enable, network.EnableParams{})
	// Each of the concurrently open tabs must consider itself the focused one.
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	p.run(chromedp.EmulateViewport(width, height), chromedp.Navigate(base+"/console/"))
	p.wait("document.querySelector('main h1')")
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.Method+" "+e.Request.URL)
	case *page.EventJavascriptDialogOpening:
		p.dialogs = append(p.dialogs, e.Message)
		answer := page.HandleJavaScriptDialogParams{Accept: p.accept}
		// In a goroutine, because the page waits for the answer meanwhile.
		go func() { _, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, answer) }()
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Text+" "+describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			for _, arg := range e.Args {
				p.problems = append(p.problems, describe(arg))
			}
		}
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return o.Description + string(o.Value)
}

// accepts sets whether the user accepts the page's dialogs from now on.
func (p *tab) accepts(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accept = yes
}

// asked returns the number of requests so far whose method and URL contain part.
func (p *tab) asked(part string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if strings.Contains(r, part) {
			n++
		}
	}
	return n
}

// forget resets the requests that asked counts.
func (p *tab) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// call runs a command of the DevTools protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.Fatal(err)
	}
	return result
}

// helpers are JavaScript functions for the expressions of tests: deep finds an element through
// shadow roots, also nested ("related-ros >> .own"); text returns an element's visible text by
// selector, clean by element.
const helpers = `const within = (sel, root) => [...root.querySelectorAll(sel),
  ...[...root.querySelectorAll('*')].filter((e) => e.shadowRoot).flatMap((e) => within(sel, e.shadowRoot))];
const deepAll = (sel) => sel.split(' >> ').reduce((roots, part) => roots.flatMap((root) => within(part, root.shadowRoot ?? root)),
  [document]);
const deep = (sel) => deepAll(sel)[0];
const words = (e) => !e ? '' : [...(e.shadowRoot ?? e).childNodes].map((n) =>
  n.nodeType === 3 ? n.data : n.nodeType === 1 ? words(n) : '').join(' ');
const clean = (e) => words(e).replace(/\s+/g, ' ').trim();
const text = (sel) => clean(deep(sel));
`

// eval returns the value of a JavaScript expression, after awaiting a promise.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T]("(async () => {"+helpers+"return ("+expression+")})()", chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// do runs an expression for its side effects.
func (p *tab) do(expression string) {
	p.Helper()
	eval[bool](p, "(("+expression+"), true)")
}

// load runs a test's script in the page, bypassing the page's content security policy.
func (p *tab) load(source string) {
	p.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](source))
}

// wait waits until an expression is true; on a timeout it shows the page's text.
func (p *tab) wait(condition string) {
	p.Helper()
	held := eval[bool](p, fmt.Sprintf(`await new Promise((done) => {
  const end = performance.now() + %d;
  const look = () => (%s) ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 20);
  look();
})`, (patience-5*time.Second).Milliseconds(), condition))
	if !held {
		p.Fatalf("the page never came to: %s\nIt says: %s\nProblems: %q", condition, p.text("main"), p.problems)
	}
}

// text returns the text of the first matching element.
func (p *tab) text(selector string) string {
	p.Helper()
	return eval[string](p, "text("+quote(selector)+")")
}

// sees waits for a text in the first matching element.
func (p *tab) sees(selector, words string) {
	p.Helper()
	p.wait(fmt.Sprintf("text(%s).includes(%s)", quote(selector), quote(words)))
}

// visit opens a page of the console by its path after #/, and returns when the page is shown.
func (p *tab) visit(path string) {
	p.Helper()
	// The page renders in its own listener, which was registered before this one.
	p.do(fmt.Sprintf(`await new Promise((drawn) => {
  if (location.hash === %[1]s) return drawn();
  addEventListener('hashchange', drawn, { once: true });
  location.hash = %[1]s;
})`, quote("#/"+path)))
	p.wait("document.querySelector('main h1')")
}

// as switches the panel's user to a role that may see one location; "*" means all locations.
func (p *tab) as(role, location string) {
	p.Helper()
	// Both at once, because each change signs in again.
	p.do("deep('#local-role').value = " + quote(role))
	p.choose("#local-place", location)
	p.wait(fmt.Sprintf("text('.who') === %s && document.getElementById('location')", quote(strings.ReplaceAll(role, "_", " "))))
}

// navigate opens an address, as if it was typed.
func (p *tab) navigate(address string) {
	p.Helper()
	p.run(chromedp.Navigate(address))
}

// answers makes the test respond to the page's requests whose method and address contain part: with
// a status and a body, never for status 0, and with a network error for status -1. Rules of earlier
// calls stay in effect for other requests.
func (p *tab) answers(part string, status int, body string) {
	p.Helper()
	p.do(fmt.Sprintf(`(() => {
  window.stubs ??= [];
  window.sent ??= window.fetch;
  stubs.unshift({ part: %s, status: %d, body: %s });
  window.fetch = (url, init) => {
    const stub = stubs.find((s) => ((init?.method ?? 'GET') + ' ' + url).includes(s.part));
    if (!stub) return sent(url, init);
    if (stub.status === 0) return new Promise(() => {});
    if (stub.status < 0) return Promise.reject(new TypeError('Failed to fetch'));
    return Promise.resolve(new Response(stub.body, { status: stub.status, headers: {
  'content-type': 'application/problem+json', 'retry-after': '30' } }));
  };
})()`, quote(part), status, quote(body)))
}

// answersAgain removes the rules of answers.
func (p *tab) answersAgain() {
	p.Helper()
	p.do("window.stubs = []")
}

// click clicks the first matching element.
func (p *tab) click(selector string) {
	p.Helper()
	p.wait("deep(" + quote(selector) + ")")
	p.do("deep(" + quote(selector) + ").click()")
}

// choose selects an option of a select element by its value.
func (p *tab) choose(selector, value string) {
	p.Helper()
	p.wait("deep(" + quote(selector) + ")")
	p.do(fmt.Sprintf("(() => { const e = deep(%s); e.value = %s; e.dispatchEvent(new Event('change', { bubbles: true })); })()",
		quote(selector), quote(value)))
}

// write replaces a field's value, as typing does.
func (p *tab) write(selector, words string) {
	p.Helper()
	p.wait("deep(" + quote(selector) + ")")
	p.do(fmt.Sprintf("(() => { const e = deep(%s); e.focus(); e.value = %s; "+
		"e.dispatchEvent(new Event('input', { bubbles: true, composed: true })); })()", quote(selector), quote(words)))
}

// press presses and releases the mouse button in the middle of the first matching element.
func (p *tab) press(selector string) {
	p.Helper()
	middle := eval[[]float64](p, "(() => { const r = deep("+quote(selector)+").getBoundingClientRect(); "+
		"return [r.x + r.width / 2, r.y + r.height / 2]; })()")
	p.run(chromedp.MouseClickXY(middle[0], middle[1]))
}

// keys presses keys one after another.
func (p *tab) keys(keys ...string) {
	p.Helper()
	for _, k := range keys {
		p.run(chromedp.KeyEvent(k))
	}
}

// focused returns the name of the focused element: its label, its text, or its ID.
func (p *tab) focused() string {
	p.Helper()
	return eval[string](p, `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  return e?.getAttribute('aria-label') || clean(e?.labels?.[0]) || clean(e) || e?.id || e?.tagName || ''; })()`)
}

// tabTo presses Tab until the focused element's name begins with name.
func (p *tab) tabTo(name string) {
	p.Helper()
	const most = 150
	var passed []string
	for range most {
		p.keys(kb.Tab)
		now := p.focused()
		if strings.HasPrefix(now, name) {
			return
		}
		passed = append(passed, now)
	}
	p.Fatalf("Tab never reached %q; it passed %q", name, passed)
}

// screenshot returns the whole page as PNG.
func (p *tab) screenshot() []byte {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Fatal(err)
	}
	return image
}

// quiet fails the test if the page logged a console error or threw an exception.
func (p *tab) quiet() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.Errorf("the page says: %s", problem)
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(b)
}
