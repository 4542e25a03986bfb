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

// english lists the files that together hold the English texts.
var english = []string{"texts.js", "past-texts.js", "search-texts.js", "settings-texts.js", "warranty-texts.js"}

// texts returns the texts in the given source files of the elements, by key.
func texts(t *testing.T, names ...string) map[string]string {
	t.Helper()
	var source []byte
	for _, name := range names {
		part, err := os.ReadFile("web/related-ro/" + name)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, part...)
	}
	found := make(map[string]string)
	for _, m := range regexp.MustCompile(`'?([\w.-]+)'?: '((?:[^'\\]|\\.)*)'`).FindAllStringSubmatch(string(source), -1) {
		found[m[1]] = m[2]
	}
	if len(found) < 100 {
		t.Fatalf("%s: only %d texts found", names, len(found))
	}
	return found
}

// instead reports whether a text replaces a sentence from the API, whose sentences are in English.
func instead(key string) bool {
	return strings.HasPrefix(key, "reason.") || strings.HasPrefix(key, "problem.") || strings.HasPrefix(key, "field.") ||
		strings.HasSuffix(key, ".message")
}

// languages lists the languages that ship in addition to English.
var languages = []string{"es", "fr"}

func TestEveryLanguageHasTheKeysAndNamesOfEnglish(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) { sameKeysAndNames(t, texts(t, english...), texts(t, language+".js")) })
	}
}

func sameKeysAndNames(t *testing.T, en, other map[string]string) {
	t.Helper()
	name := regexp.MustCompile(`\{\w+\}`)
	names := func(text string) []string { return slices.Sorted(slices.Values(name.FindAllString(text, -1))) }
	for key, text := range en {
		if _, ok := other[key]; !ok {
			t.Errorf("%s has no translation", key)
		} else if got, want := names(other[key]), names(text); !slices.Equal(got, want) {
			t.Errorf("%s has the placeholders %q, the English text has %q", key, got, want)
		}
	}
	for key := range other {
		if _, ok := en[key]; !ok && !instead(key) {
			t.Errorf("%s is not a key of the English texts", key)
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

func TestEveryReasonAndRefusalIsSaidInEveryLanguage(t *testing.T) {
	for _, language := range languages {
		said := texts(t, language+".js")
		for _, reason := range constants(t, "reason.go", "Reason") {
			if said["reason."+reason] == "" {
				t.Errorf("reason %s has no text in %s", reason, language)
			}
		}
		for _, code := range constants(t, "access.go", "RefusalCode") {
			if code != "forbidden" && said["problem."+code] == "" { // the elements have their own text for it
				t.Errorf("refusal %s has no text in %s", code, language)
			}
		}
		for _, field := range []string{"karmak.account", "karmak.user", "karmak.accountNumber", "karmak.kind", "karmak.branch", "dms",
			"sameDealer", "ro"} {
			if said["field."+field] == "" {
				t.Errorf("the error of field %s has no text in %s", field, language)
			}
		}
	}
}
