package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestSamLocalOfTakesTheOneBlock(t *testing.T) {
	const other, block = "```sh\nsam build\n```\n", "```sh\nsam build\nsam local invoke F\n```\n"
	for _, tt := range []struct{ name, page, want string }{
		{"one", "# Title\n" + other + "\n" + block + "text", "sam build\nsam local invoke F"},
		{"none", "# Title\n" + other, ""},
		{"two", "# Title\n" + block + "\n" + block, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "page.md")
			write(t, path, tt.page)
			got, err := samLocalOf(path)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestTerminalRunsAPagesLines(t *testing.T) {
	const serving = "sam local start-api " + ownTerminal + "\n"
	for _, tt := range []struct{ name, sam, script, printed, problem string }{
		{"a server stays while the rest is done", "echo Running on http://here; exec sleep 600", serving + "A=1\necho got $A", "got 1\n",
			""},
		{"a line fails", "", "echo one\nfalse\necho two", "one\n", "exit status 1"},
		{"a server does not come up", "echo no Docker; exit 3", serving + "echo one", "", "no Docker"},
		{"an unknown server", "", "sleep 600 " + ownTerminal, "", "its ready text is unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bin := t.TempDir()
			write(t, filepath.Join(bin, "sam"), "#!/bin/sh\n"+tt.sam+"\n")
			terminal := &terminal{environment: []string{"PATH=" + bin + ":" + os.Getenv("PATH")}}
			printed, err := terminal.do(t.Context(), tt.script)
			if printed != tt.printed || (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("printed %q, error %v", printed, err)
			}
			if err := terminal.close(); err != nil {
				t.Error(err)
			}
		})
	}
}
