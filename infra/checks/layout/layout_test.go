// Package layout tests the repository's structure: allowed imports and the contents of the
// top-level directory.
package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "related-ro/"

// adapters translate between the domain and one technology. They may import the domain but not each
// other. Code for a standard that several of them need is in its own package.
var (
	adapters  = []string{"pkg/karmak", "pkg/dynamo", "pkg/sqsbatch", "pkg/httpapi", "pkg/eventbus"}
	standards = []string{"pkg/negotiate"}
)

type goPackage struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports", "./...")
	cmd.Dir = "../../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// own returns the packages of this module that p imports, without the module's name.
func (p goPackage) own() (imports []string) {
	for _, i := range p.Imports {
		if rest, ok := strings.CutPrefix(i, module); ok {
			imports = append(imports, rest)
		}
	}
	return imports
}

func (p goPackage) path() string { return strings.TrimPrefix(p.ImportPath, module) }

// find returns the package with the path.
func find(t *testing.T, all []goPackage, path string) goPackage {
	t.Helper()
	for _, p := range all {
		if p.path() == path {
			return p
		}
	}
	t.Fatalf("package %s, whose imports are restricted, does not exist", path)
	return goPackage{}
}

func TestDomainImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, i := range find(t, packages(t), "pkg/relatedro").Imports {
		if strings.Contains(strings.Split(i, "/")[0], ".") || strings.HasPrefix(i, module) {
			t.Errorf("pkg/relatedro imports %s", i)
		}
	}
}

// TestDomainNamesNoDMS reads the domain's files and tests. Two codes are older than the rule, and
// other systems read them.
func TestDomainNamesNoDMS(t *testing.T) {
	files, err := filepath.Glob("../../../pkg/relatedro/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	names := regexp.MustCompile(`(?i)karmak|fusion|unity|\bCDK\b`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		known := strings.NewReplacer(`"karmak_error"`, "", `"fusion_offline"`, "").Replace(string(text))
		if found := names.FindString(known); found != "" {
			t.Errorf("%s says %s", file, found)
		}
	}
}

func TestAdaptersKnowTheDomainAndNotEachOther(t *testing.T) {
	all := packages(t)
	for _, adapter := range adapters {
		for _, i := range find(t, all, adapter).own() {
			if i != "pkg/relatedro" && !slices.Contains(standards, i) && !strings.HasPrefix(i, adapter+"/") {
				t.Errorf("%s imports %s", adapter, i)
			}
		}
	}
}

func TestProductDoesNotImportItsSurroundings(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.own() {
			switch {
			case strings.HasPrefix(p.path(), "infra/"):
			case strings.HasPrefix(i, "infra/"), strings.HasPrefix(i, "functions/"):
				t.Errorf("%s imports %s", p.path(), i)
			}
		}
	}
}

func TestPackagesHaveAComment(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && p.Name != "layout" {
			t.Errorf("%s has no package comment", p.path())
		}
	}
}

func TestNoPackageIsNamedForNothing(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains([]string{"utils", "util", "common", "helpers", "types", "models", "interfaces"}, p.Name) {
			t.Errorf("%s: the name does not describe the package's purpose", p.path())
		}
	}
}

func TestTopHoldsOnlyExpectedEntries(t *testing.T) {
	entries, err := os.ReadDir("../../..")
	if err != nil {
		t.Fatal(err)
	}
	expected := []string{"functions", "pkg", "infra", "template.yaml", "samconfig.toml", "go.mod", "go.sum", "Makefile", "README.md"}
	made := []string{"bin", "screenshots"} // ignored by git
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(expected, e.Name()) && !slices.Contains(made, e.Name()) {
			t.Errorf("%s does not belong at the top", e.Name())
		}
	}
}
