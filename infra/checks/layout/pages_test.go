package layout

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	span     = regexp.MustCompile("`([^`\n]+)`")
	repoPath = regexp.MustCompile(`^(functions|infra|pkg)/\S+$`)
	fileName = regexp.MustCompile(`^[\w.-]+\.(go|js|ts|json|html|yaml)$`)
	goName   = regexp.MustCompile(`^([a-z]\w*)(\.\w+){1,2}$`)
)

// The architecture page names files and functions; a rename must reach it.
func TestArchitectureNamesExist(t *testing.T) {
	page, err := os.ReadFile(root + "/infra/docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	names, packageNames := declared(t)
	checked := 0
	for _, match := range span.FindAllStringSubmatch(string(page), -1) {
		name, exists := match[1], true
		switch {
		case repoPath.MatchString(name):
			found, err := filepath.Glob(filepath.Join(root, name))
			exists = err == nil && len(found) > 0
		case fileName.MatchString(name):
			exists = slices.ContainsFunc(files(t, filepath.Ext(name)), func(path string) bool { return filepath.Base(path) == name })
		case goName.MatchString(name) && packageNames[goName.FindStringSubmatch(name)[1]]:
			exists = names[name]
		default:
			continue
		}
		checked++
		if !exists {
			t.Errorf("architecture.md names %s, which does not exist", name)
		}
	}
	if checked < 100 {
		t.Errorf("only %d names of architecture.md were recognised", checked)
	}
}

// declared returns the top-level names in pkg as package.Name or package.Type.Method, and the names
// of its packages.
func declared(t *testing.T) (names, packageNames map[string]bool) {
	t.Helper()
	names, packageNames = make(map[string]bool), make(map[string]bool)
	set, parsed := sources(t)
	for _, file := range parsed {
		if !strings.HasPrefix(set.Position(file.Pos()).Filename, filepath.Join(root, "pkg")) {
			continue
		}
		packageNames[file.Name.Name] = true
		for _, d := range file.Decls {
			for _, name := range declaredBy(d) {
				names[file.Name.Name+"."+name] = true
			}
		}
	}
	return names, packageNames
}

func declaredBy(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			receiver := d.Recv.List[0].Type
			if pointer, ok := receiver.(*ast.StarExpr); ok {
				receiver = pointer.X
			}
			name = fmt.Sprintf("%v.%s", receiver, name)
		}
		return []string{name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

func TestEveryDecisionIsListed(t *testing.T) {
	const folder = root + "/infra/docs/decisions/"
	index, err := os.ReadFile(folder + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(folder + "[0-9]*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no decisions: %v", err)
	}
	for _, page := range pages {
		if !strings.Contains(string(index), "]("+filepath.Base(page)+")") {
			t.Errorf("decisions/README.md does not list %s", filepath.Base(page))
		}
	}
}
