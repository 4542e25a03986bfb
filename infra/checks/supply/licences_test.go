package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicencesAreListed(t *testing.T) {
	modules, err := linked(t.Context(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := os.ReadFile("../../docs/licences.md")
	if err != nil || !bytes.Equal(listed, page(modules)) {
		t.Errorf("infra/docs/licences.md is out of date, %v: run go run ./infra/checks/supply -licences", err)
	}
}

const (
	gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License
as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.`
	isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL
DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER
TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`
)

func TestLicenceThatIsNotAccepted(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"none":       {"README", "Use it as you like.", "no licence found"},
		"no licence": {"LICENSE", "All rights reserved.", "no licence found"},
		"another":    {"COPYING", gpl, "is not one of"},
		"accepted":   {"LICENSE.txt", isc, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := &module{Path: "example.org/m", Dir: t.TempDir()}
			if err := os.WriteFile(filepath.Join(m.Dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := m.read()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
