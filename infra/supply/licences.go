package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// accepted are the licences that what the functions link may have: all let us link and deploy without publishing our own.
var accepted = []string{"Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "ISC"}

// module is one that functions link.
type module struct {
	Path, Version, Dir string

	licences  []string // by SPDX
	notice    bool     // it has a NOTICE, which goes with each copy under Apache-2.0
	functions []string
}

// functions returns the names of the functions, from the folders they are built from.
func functions(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// linked returns the modules that the functions link when they are built for Lambda, by path, the standard library first.
func linked(ctx context.Context, root string) ([]*module, error) {
	names, err := functions(root)
	if err != nil {
		return nil, err
	}
	byPath := map[string]*module{}
	for _, name := range names {
		if err := addLinked(ctx, root, name, byPath); err != nil {
			return nil, fmt.Errorf("what %s links: %w", name, err)
		}
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("where Go is: %w", err)
	}
	all := []*module{{Path: "std", Version: "of the Go that builds", Dir: strings.TrimSpace(string(goroot)), functions: names}}
	for _, m := range byPath {
		all = append(all, m)
	}
	slices.SortFunc(all[1:], func(a, b *module) int { return strings.Compare(a.Path, b.Path) })
	var problems []error
	for _, m := range all {
		problems = append(problems, m.read())
	}
	return all, errors.Join(problems...)
}

func addLinked(ctx context.Context, root, function string, byPath map[string]*module) error {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", "lambda.norpc", "-json=Module", "./functions/"+function)
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	out, err := list.Output()
	if err != nil {
		return err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Module == nil || p.Module.Version == "" { // the standard library's, or our own
			continue
		}
		if byPath[p.Module.Path] == nil {
			byPath[p.Module.Path] = p.Module
		}
		if m := byPath[p.Module.Path]; !slices.Contains(m.functions, function) {
			m.functions = append(m.functions, function)
		}
	}
}

// read reads the module's licence. Its error names the module if it has none, or one that is not accepted.
func (m *module) read() error {
	files, err := filepath.Glob(filepath.Join(m.Dir, "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.ToUpper(filepath.Base(file))
		m.notice = m.notice || strings.HasPrefix(name, "NOTICE")
		if !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, match := range licensecheck.Scan(text).Match {
			if !slices.Contains(m.licences, match.ID) {
				m.licences = append(m.licences, match.ID)
			}
		}
	}
	if len(m.licences) == 0 {
		return fmt.Errorf("%s: no licence is found", m.Path)
	}
	for _, licence := range m.licences {
		if !slices.Contains(accepted, licence) {
			return fmt.Errorf("%s: %s is none of %v", m.Path, licence, accepted)
		}
	}
	return nil
}

// page returns infra/docs/licences.md.
func page(modules []*module) []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, `# Licences of what the functions link

Made by `+"`go run ./infra/supply -licences`"+`; a test fails when it is not up to date, and for a licence other than `+strings.Join(accepted, ", ")+`.
The console's pages and elements hold nothing of others. What only tests and tools use is not deployed and not listed.

| module | version | licence | NOTICE | functions |
| --- | --- | --- | --- | --- |
`)
	for _, m := range modules {
		notice := ""
		if m.notice {
			notice = "yes"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", m.Path, m.Version, strings.Join(m.licences, ", "), notice, strings.Join(m.functions, ", "))
	}
	return out.Bytes()
}
