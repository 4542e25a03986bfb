package karmaktest_test

import (
	"cmp"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

// rule is a line of the page: a behavior of the simulator and its source at Karmak, if published.
type rule struct{ id, text, source string }

func rulesOfThePage(t *testing.T) (rules []rule, page string) {
	t.Helper()
	text, err := os.ReadFile("../../../infra/docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(string(text), -1) {
		if cells[1] != "id" && cells[1] != "---" {
			rules = append(rules, rule{cells[1], cells[2], cells[3]})
		}
	}
	return rules, string(text)
}

// TestRules checks that the simulator follows each rule of infra/docs/simulator.md, and that the
// page has a rule for each subtest here.
func TestRules(t *testing.T) {
	rules, page := rulesOfThePage(t)
	held := make(map[string][]func(*testing.T))
	for _, c := range checks() {
		held[c.rule] = append(held[c.rule], c.run)
	}
	for id, hold := range behaviours() {
		held[id] = append(held[id], hold)
	}
	listed := make(map[string]bool)
	for _, r := range rules {
		if listed[r.id] {
			t.Errorf("%s is on the page twice", r.id)
		}
		listed[r.id] = true
		if page, ok := strings.CutPrefix(r.source, "published: "); r.source != "our choice" && (!ok || page == "") {
			t.Errorf("%s: the source %q is neither \"published: <page>\" nor \"our choice\"", r.id, r.source)
		}
		if len(held[r.id]) == 0 {
			t.Errorf("%s: no test covers it", r.id)
		}
		t.Run(r.id, func(t *testing.T) {
			for _, hold := range held[r.id] {
				hold(t)
			}
		})
	}
	for id := range held {
		if !listed[id] {
			t.Errorf("%s has a test, but is not on the page", id)
		}
	}
	for name, settings := range map[string]any{"rules": karmaktest.Rules{}, "rendering": karmaktest.Rendering{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(settings)) {
			setting, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !strings.Contains(page, "`"+name+"."+setting+"`") {
				t.Errorf("the page does not mention %s.%s", name, setting)
			}
		}
	}
}

// check is a request whose answer or refusal a rule defines.
type check struct {
	rule    string
	prepare func(*unity) // prepares the simulator; may be nil
	path    string       // empty: RepairOrderHeader
	// query is its parameters as name=value, joined by &. Without select it selects RONumber.
	query  string
	status int    // 0: 200, with the ROs
	ros    string // the RONumbers in the answer
	body   string // a regular expression for the body
}

func (c check) run(t *testing.T) {
	t.Helper()
	u := withROs(t)
	if c.prepare != nil {
		c.prepare(u)
	}
	var parameters []string
	for part := range strings.SplitSeq(c.query, "&") {
		if name, value, ok := strings.Cut(part, "="); ok {
			parameters = append(parameters, name, value)
		}
	}
	path := cmp.Or(c.path, headers)
	if c.status == 0 && c.body == "" {
		if got := u.numbers(parameters...); got != c.ros {
			t.Errorf("%s: got %q, want %q", c.query, got, c.ros)
		}
		return
	}
	got := u.get(path, parameters...)
	if got.status != cmp.Or(c.status, 200) || !regexp.MustCompile(c.body).MatchString(got.body) {
		t.Errorf("%s %s: %d %s, want %d %s", path, c.query, got.status, got.body, cmp.Or(c.status, 200), c.body)
	}
}

// withRule and writing return functions that change the rules or the rendering of account a.
func withRule(change func(*karmaktest.Rules)) func(*unity) {
	return func(u *unity) { u.set(func(a *karmaktest.Account) { change(&a.Rules) }) }
}

func writing(rendering karmaktest.Rendering) func(*unity) {
	return func(u *unity) { u.set(func(a *karmaktest.Account) { a.Rendering = rendering }) }
}

func withRO(ro karmaktest.RO) func(*unity) {
	return func(u *unity) { u.must(u.AddRO("a", ro)) }
}

func struck(f karmaktest.Fault) func(*unity) {
	return func(u *unity) { u.must(u.SetFault(f)) }
}

func checks() []check {
	return slices.Concat(checksOfAnswers(), checksOfFilters(), checksOfRefusedFilters(), checksOfQueries(), checksOfForms(),
		checksOfOtherForms(),
		checksOfTheSystem(), checksOfCodes())
}

func withBranches(u *unity) {
	u.set(func(a *karmaktest.Account) {
		a.Branches = []karmaktest.Branch{{ID: "1", Code: "EAST", Name: "Eastside"}, {ID: "2", Code: "OLD", Inactive: true}}
	})
}

// behaviours returns the tests of rules that take more than one request.
func behaviours() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"token-call":           tokenCall,
		"token-refused":        tokenRefused,
		"token-malformed":      tokenMalformed,
		"token-several":        tokenSeveral,
		"bearer":               bearer,
		"bearer-code":          bearerCode,
		"retry-after":          retryAfter,
		"get":                  onlyGet,
		"select-required":      selectRequired,
		"ties":                 ties,
		"page-maximum":         pageMaximum,
		"url-length":           urlLength,
		"header-columns":       headerColumns,
		"task-columns":         taskColumns,
		"last-update":          lastUpdate,
		"last-update-original": lastUpdateOfTheOriginal,
		"spinoff":              spinoff,
		"split-tasks":          splitTasks,
		"vanish":               vanish,
		"vanish-orphans":       orphans,
		"in-flight":            inFlight,
		"rda-path":             newerPath,
		"rda-key":              newerKey,
		"rda-account":          newerAccount,
		"rda-nothing-else":     newerHasViewsAlone,
		"rda-move":             movedWhileItRuns,
		"rda-offline":          newerOffline,
	}
}
