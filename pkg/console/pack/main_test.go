package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed dist must match the sources. The test compares the decompressed content, since the
// compressed bytes may differ between releases of Go.
func TestDistIsMadeOfTheSources(t *testing.T) {
	want, err := pack("../web")
	if err != nil {
		t.Fatal(err)
	}
	got := site{}
	dist := os.DirFS("../dist")
	err = fs.WalkDir(dist, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got[strings.TrimSuffix(p, ".gz")], err = content(dist, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s is not up to date: run go generate ./pkg/console", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s no longer has a source: run go generate ./pkg/console", name)
		}
	}
}

func TestPackingTwiceGivesTheSame(t *testing.T) {
	first, err := pack("../web")
	if err != nil {
		t.Fatal(err)
	}
	second, err := pack("../web")
	if err != nil {
		t.Fatal(err)
	}
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

func TestWriteReplacesWhatWasThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	if err := write(dir, site{"assets/old.js": []byte("old")}); err != nil {
		t.Fatal(err)
	}
	if err := write(dir, site{"index.html": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "assets")); !os.IsNotExist(err) {
		t.Errorf("the old file is still there: %v", err)
	}
	got, err := content(os.DirFS(dir), "index.html.gz")
	if err != nil || string(got) != "new" {
		t.Errorf("index.html = %q, %v", got, err)
	}
}

func TestSourceErrorsAreNamed(t *testing.T) {
	web := t.TempDir()
	if err := os.MkdirAll(filepath.Join(web, "related-ro"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(web, "related-ro", "index.js"), []byte("export const = {"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := pack(web); err == nil || !strings.Contains(err.Error(), "index.js") {
		t.Errorf("err = %v", err)
	}
}

func content(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
