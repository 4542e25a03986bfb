package main

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const contract = "../openapi.yaml"

func TestPageShowsTheWholeContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(contract)
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := render(doc)
	if err != nil {
		t.Fatal(err)
	}
	page := string(rendered)
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			for _, want := range []string{`id="` + o.OperationID + `"`, method + "</span> " + path} {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not contain %s", want)
				}
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(page, `id="schema-`+name+`"`) {
			t.Errorf("the page does not contain schema %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("broken link: %s", link[1])
		}
	}
	if outside := regexp.MustCompile(`(?:src|href)="[a-z]+:`).FindString(page); outside != "" {
		t.Errorf("the page loads an external resource: %s", outside)
	}
}

func TestTypeOfNamesTheDefault(t *testing.T) {
	s := openapi3.NewStringSchema().WithEnum("exact", "prefix").WithDefault("exact")
	if got, want := string(typeOf(s.NewRef())), html.EscapeString(`"exact" | "prefix", default "exact"`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTypeOfAnUnnamedObjectMarksRequiredMembers(t *testing.T) {
	s := openapi3.NewObjectSchema().WithProperty("as", openapi3.NewStringSchema()).WithProperty("at",
		openapi3.NewStringSchema()).WithRequired([]string{"as"})
	if got, want := string(typeOf(s.NewRef())), "object<ul><li><code>as</code> * string </li><li><code>at</code> string "+
		"</li></ul>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPageIsTheSameEveryTime(t *testing.T) {
	dir := t.TempDir()
	var pages [2]string
	for i := range pages {
		out := filepath.Join(dir, "docs", "api.html")
		if err := write(contract, out); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		pages[i] = string(text)
	}
	if pages[0] != pages[1] {
		t.Error("two runs differ")
	}
}

func TestProse(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"One.\n\nTwo.":                  "<p>One.</p><p>Two.</p>",
		"**Who** may `ask` an *asset*":  "<p><strong>Who</strong> may <code>ask</code> an <em>asset</em></p>",
		"`<script>` & 2 * 3 * 4":        "<p><code>&lt;script&gt;</code> &amp; 2 * 3 * 4</p>",
		"`[!-+]*` is no emphasis, ok?":  "<p><code>[!-+]*</code> is no emphasis, ok?</p>",
		"over\ntwo lines of one source": "<p>over\ntwo lines of one source</p>",
	} {
		if got := string(prose(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
