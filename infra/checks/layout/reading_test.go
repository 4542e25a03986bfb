package layout

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const root = "../../.."

// Size limits that keep code readable. Tests are exempt from the first two because of their tables.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
	maxColumns       = 140 // a tab counts as four
)

// files returns the paths, relative to the root, of the repository's own files with the extension.
func files(t *testing.T, extension string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && !ours(d.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == extension {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ours reports whether a directory holds files of the repository, rather than installed or generated
// ones.
func ours(directory string) bool {
	return (!strings.HasPrefix(directory, ".") || directory == ".github") &&
		!slices.Contains([]string{"bin", "node_modules", "screenshots", "dist"}, directory)
}

// sources parses all Go files except tests.
func sources(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	return set, parsed
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	set, parsed := sources(t)
	line := func(p token.Pos) int { return set.Position(p).Line }
	for _, file := range parsed {
		if n := line(file.FileEnd); n > maxFileLines+1 {
			t.Errorf("%s has %d lines, more than %d", set.Position(file.Pos()).Filename, n-1, maxFileLines)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && line(f.End())-line(f.Pos())+1 > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, more than %d", set.Position(f.Pos()), f.Name.Name, line(f.End())-line(f.Pos())+1,
					maxFunctionLines)
			}
		}
	}
}

func TestLinesOfCodeStayShort(t *testing.T) {
	for _, path := range files(t, ".go") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    ")
			// A comment of one word cannot be wrapped, such as the output of an example.
			comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "// ")
			if isComment && !strings.Contains(comment, " ") {
				continue
			}
			if n := utf8.RuneCountInString(line); n > maxColumns {
				t.Errorf("%s:%d has %d columns, more than %d", path, number, n, maxColumns)
			}
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	set, parsed := sources(t)
	for _, file := range parsed {
		if file.Name.Name == "main" {
			continue
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || receiverIsExported(d.Recv)) {
					t.Errorf("%s: %s has no comment", set.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if name, doc := documented(spec); name != "" && doc == nil && d.Doc == nil {
						t.Errorf("%s: %s has no comment", set.Position(spec.Pos()), name)
					}
				}
			}
		}
	}
}

// documented returns the first exported name of a declaration and its comment.
func documented(spec ast.Spec) (string, *ast.CommentGroup) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			return spec.Name.Name, spec.Doc
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() {
				return name.Name, spec.Doc
			}
		}
	}
	return "", nil
}

func receiverIsExported(receiver *ast.FieldList) bool {
	exported := false
	ast.Inspect(receiver.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && name.IsExported() {
			exported = true
		}
		return true
	})
	return exported
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	code         = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range markdownLink.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			destination := path
			if target != "" {
				destination = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(destination); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, link[1])
			} else if anchor != "" && filepath.Ext(destination) == ".md" && !slices.Contains(anchors(t, destination), anchor) {
				t.Errorf("%s links to %s, but no heading has that anchor", path, link[1])
			}
		}
	}
}

// anchors returns the anchors of a document's headings, as GitHub generates them.
func anchors(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		all = append(all, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return all
}
