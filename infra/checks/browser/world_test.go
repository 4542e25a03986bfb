package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"related-ro/infra/checks/seeded"
	"related-ro/infra/checks/tools"
	"related-ro/infra/emulators/issuer"
	localconsole "related-ro/infra/local/console"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
	"related-ro/pkg/relatedro"
)

// root is the project's directory.
const root = "../../.."

// shared is used by all tests of a run.
var shared struct {
	browser  context.Context
	binaries string
	key      *issuer.Key // of all systems: making one takes 0.1 s of processor time
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv("RELATEDRO_BROWSER") != "1" {
		fmt.Println("skipped: the browser tests run by make test-browser")
		return 0
	}
	if _, err := exec.LookPath("chromium"); err != nil && !tools.MustHave() {
		fmt.Println("skipped: chromium is not installed (Debian: apt-get install chromium)")
		return 0
	}
	ctx, stop, err := startChromium()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	binaries, err := os.MkdirTemp("", "related-ro-functions-")
	if err == nil {
		defer os.RemoveAll(binaries)
		err = stack.Build(ctx, root, binaries)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	key, err := issuer.NewKey()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.browser, shared.binaries, shared.key = ctx, binaries, key
	code := m.Run()
	goals.Print(os.Stdout)
	return code
}

// world is a running system with the seed data.
type world struct {
	*stack.Stack
	data     seed.Data
	platform *platform.Platform
	feed     *localconsole.Feed
}

// start starts a system, loads the seed data and mounts the console's local panel. From here on the
// test runs in parallel with others, which have their own systems and tabs.
func start(t testing.TB) *world {
	t.Helper()
	return startWith(t, map[string]string{"CONSOLE_EXTENSION": "/local/panel.js"})
}

// startWith is start with other variables for the console function.
func startWith(t testing.TB, variables map[string]string) *world {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		test.Parallel()
	}
	w := &world{feed: localconsole.NewFeed(time.Now)}
	w.Stack, w.data = seeded.Start(t, stack.Options{
		Root: root, Binaries: shared.binaries, Key: shared.key, Observe: w.feed.Observe(),
		Environment: map[string]map[string]string{"console": variables},
	})
	w.platform = w.Platform()
	panel, err := localconsole.New(localconsole.Config{Data: w.data, Platform: w.platform, Key: w.Key(), Feed: w.feed})
	if err != nil {
		t.Fatal(err)
	}
	w.Handle("/local/", panel)
	return w
}

// begin starts a system and opens a page of its console; see open.
func begin(t *testing.T, page string) (*world, *tab) {
	t.Helper()
	w := start(t)
	return w, w.open(t, page)
}

// open opens a page of the console on a desktop's screen, in the light scheme. The empty page is
// the first one that the console shows.
func (w *world) open(t *testing.T, page string) *tab {
	t.Helper()
	p := open(t, w.APIURL, 1280, 900, "light")
	if page != "" {
		p.visit(page)
	}
	return p
}

// seeded returns a case of the seed data.
func (w *world) seeded(t testing.TB, id string) platform.Case {
	t.Helper()
	c, ok := w.data.Case(id)
	if !ok {
		t.Fatalf("the seed data has no %s", id)
	}
	return c.Case
}

// export exports a case and waits for its related ROs.
func (w *world) export(t testing.TB, c platform.Case) platform.Answer {
	t.Helper()
	id, err := w.platform.Export(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := w.platform.Await(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// refuse makes Karmak refuse every request from now on, and the case's next refusal final.
func (w *world) refuse(t testing.TB, c platform.Case) {
	t.Helper()
	w.karmak(t, "POST", "fault", map[string]any{"kind": "not_activated"})
	if err := w.RefuseForAnHour(t.Context(), relatedro.CaseKey{Location: c.LocationID, Case: c.CaseID}); err != nil {
		t.Fatal(err)
	}
}

// alsoHas exports n more cases with the same RO as a case of the seed data. Their numbers start at
// 9000.
func (w *world) alsoHas(t testing.TB, id string, n int) {
	t.Helper()
	ids := make(map[platform.Case]string)
	for i := range n {
		c := w.seeded(t, id)
		c.CaseID, c.CaseNumber = fmt.Sprint("many-", i), fmt.Sprint(9000+i)
		id, err := w.platform.Export(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ids[c] = id
	}
	for c, id := range ids {
		if _, err := w.platform.Await(t.Context(), c, id); err != nil {
			t.Fatal(err)
		}
	}
}

// spinoffs creates n more ROs from an RO in Karmak and returns the last one's number.
func (w *world) spinoffs(t testing.TB, parent string, n int) (last string) {
	t.Helper()
	for i := range n {
		last = fmt.Sprint(58000 + i)
		w.karmak(t, "POST", "spinoff", map[string]any{"account": account(w, "loc-100"), "from": parent, "branch": "DAL",
			"ro": map[string]any{"number": last, "branch": "DAL", "billingCustomerName": "Freightliner Warranty",
				"billingCustomerWarranty": true}})
	}
	return last
}

// karmak controls the simulated Karmak.
func (w *world) karmak(t testing.TB, method, path string, body any) {
	t.Helper()
	if err := w.platform.Control(t.Context(), method, path, body, nil); err != nil {
		t.Fatal(err)
	}
}
