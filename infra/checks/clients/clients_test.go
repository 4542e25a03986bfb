package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"related-ro/infra/checks/seeded"
	"related-ro/infra/checks/tools"
	"related-ro/infra/local/stack"
)

const (
	root     = "../../.."
	contract = root + "/infra/contracts/openapi.yaml"

	oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
)

// packages are npm packages: linters, and the tools that generate and run a TypeScript client.
var packages = []string{
	"@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3", "openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3",
	"@types/node@24.0.0",
}

func TestMain(m *testing.M) {
	if os.Getenv("RELATEDRO_CLIENTS") != "1" {
		fmt.Println("skipped: run the client tests with make test-clients")
		return
	}
	os.Exit(m.Run())
}

// modules returns the directory of npm packages. Without npm the test is skipped, or fails if
// CI=true.
func modules(t *testing.T) string {
	t.Helper()
	directory, err := filepath.Abs(filepath.Join(root, ".cache", "clients-1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tools.Once(t.Context(), directory, tools.NPM(packages...)); err != nil {
		if tools.MustHave() {
			t.Fatal(err)
		}
		fmt.Printf("skipped: %s: the tools cannot be installed: %v\n", t.Name(), err)
		t.SkipNow()
	}
	return filepath.Join(directory, "node_modules")
}

// run runs a command in a directory and returns its output.
func run(t *testing.T, directory string, environment []string, name string, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, arguments...)
	c.Dir, c.Env = directory, append(os.Environ(), environment...)
	output, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLintersFindNothing(t *testing.T) {
	bin := filepath.Join(modules(t), ".bin")
	silent := []string{"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true"}
	said := run(t, ".", silent, filepath.Join(bin, "redocly"), "lint", "--config", "redocly.yaml", contract)
	if strings.Contains(said, "You have ") || !strings.Contains(said, "is valid") {
		t.Errorf("Redocly says:\n%s", said)
	}
	if said := run(t, ".", nil, filepath.Join(bin, "spectral"), "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint",
		contract); !strings.Contains(said, "No results") {
		t.Errorf("Spectral says:\n%s", said)
	}
}

// system starts the whole system with the seed data and returns its address and a token as
// environment variables for a client.
func system(t *testing.T) []string {
	t.Helper()
	s, _ := seeded.Start(t, stack.Options{Root: root})
	token, err := s.Token("support", "*")
	if err != nil {
		t.Fatal(err)
	}
	return []string{"API=" + s.APIURL, "TOKEN=" + token}
}

func TestClientOfOpenAPITypeScript(t *testing.T) {
	installed := modules(t)
	directory := t.TempDir()
	if err := os.CopyFS(directory, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(installed, filepath.Join(directory, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, directory, nil, filepath.Join(installed, ".bin", "openapi-typescript"), absolute(t, contract), "--output", "contract.d.ts")
	run(t, directory, nil, filepath.Join(installed, ".bin", "tsc"), "--project", ".")
	if said := run(t, directory, system(t), "node", filepath.Join("out", "client.js")); strings.TrimSpace(said) != "ok" {
		t.Errorf("the client says %s", said)
	}
}

func TestClientOfOapiCodegen(t *testing.T) {
	directory := t.TempDir()
	source, err := os.ReadFile("testdata/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"main.go": source,
		"go.mod": []byte("module client\n\ngo 1.26\n\nrequire github.com/oapi-codegen/runtime v1.8.0\n")} {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, directory, nil, "go", "run", oapiCodegen, "-generate", "types,client", "-package", "main", "-o", "client.gen.go",
		absolute(t, contract))
	run(t, directory, nil, "go", "mod", "tidy")
	if said := run(t, directory, system(t), "go", "run", "."); strings.TrimSpace(said) != "ok" {
		t.Errorf("the client says %s", said)
	}
}
