package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// publish writes the elements' npm package into dir: the served files of the elements and npm's own
// files. version replaces the placeholder in package.json.
func publish(dir, version string, files site) error {
	out := site{}
	for name, content := range files {
		if path := filepath.Base(name); strings.HasPrefix(path, "related-ro") || strings.HasSuffix(path, ".d.ts") ||
			path == "custom-elements.json" {
			out[name] = content
		}
	}
	for _, name := range []string{"package.json", "README.md"} {
		content, err := os.ReadFile(filepath.Join("web", "related-ro", "npm", name))
		if err != nil {
			return err
		}
		out[name] = content
	}
	const unset = `"version": "0.0.0"`
	if !bytes.Contains(out["package.json"], []byte(unset)) {
		return fmt.Errorf("package.json lacks %s to replace", unset)
	}
	out["package.json"] = bytes.Replace(out["package.json"], []byte(unset), fmt.Appendf(nil, `"version": %q`, version), 1)
	for name, content := range out {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
