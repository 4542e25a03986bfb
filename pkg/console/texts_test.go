package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// texts returns the texts in a source of the elements, by key.
func texts(t *testing.T, name string) map[string]string {
	t.Helper()
	source, err := os.ReadFile("web/related-ro/" + name)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, m := range regexp.MustCompile(`'?([\w.-]+)'?: '((?:[^'\\]|\\.)*)'`).FindAllStringSubmatch(string(source), -1) {
		found[m[1]] = m[2]
	}
	if len(found) < 100 {
		t.Fatalf("%s: only %d texts found", name, len(found))
	}
	return found
}

// instead reports whether a text stands in place of a sentence of the API's, which
// speaks English.
func instead(key string) bool {
	return strings.HasPrefix(key, "reason.") || strings.HasPrefix(key, "problem.") || strings.HasSuffix(key, ".message")
}

func TestSpanishHasTheKeysAndNamesOfEnglish(t *testing.T) {
	en, es := texts(t, "texts.js"), texts(t, "es.js")
	name := regexp.MustCompile(`\{\w+\}`)
	names := func(text string) []string { return slices.Sorted(slices.Values(name.FindAllString(text, -1))) }
	for key, text := range en {
		if _, ok := es[key]; !ok {
			t.Errorf("%s has no Spanish text", key)
		} else if got, want := names(es[key]), names(text); !slices.Equal(got, want) {
			t.Errorf("%s names %q in Spanish, %q in English", key, got, want)
		}
	}
	for key := range es {
		if _, ok := en[key]; !ok && !instead(key) {
			t.Errorf("%s is no key", key)
		}
	}
}

// constants returns the values of the string constants of a type in pkg/relatedro.
func constants(t *testing.T, file, of string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../relatedro/"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == of {
			for _, v := range spec.Values {
				found[strings.Trim(v.(*ast.BasicLit).Value, `"`)] = true
			}
		}
		return true
	})
	if len(found) == 0 {
		t.Fatalf("%s has no constants of type %s", file, of)
	}
	return slices.Sorted(maps.Keys(found))
}

func TestEveryReasonAndRefusalIsSaidInSpanish(t *testing.T) {
	es := texts(t, "es.js")
	for _, reason := range constants(t, "reason.go", "Reason") {
		if es["reason."+reason] == "" {
			t.Errorf("reason %s is said in English", reason)
		}
	}
	for _, code := range constants(t, "access.go", "RefusalCode") {
		if code != "forbidden" && es["problem."+code] == "" { // for that the elements have words of their own
			t.Errorf("refusal %s is said in English", code)
		}
	}
}
