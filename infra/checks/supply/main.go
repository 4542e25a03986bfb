// Command supply documents the functions' dependencies: a CycloneDX bill of materials for each
// function, the licences of the linked modules, and the known vulnerabilities that the functions
// can reach.
//
//	go run ./infra/checks/supply              # bills into bin/sbom, then govulncheck
//	go run ./infra/checks/supply -licences    # writes infra/docs/licences.md
//
// Bills and vulnerabilities come from third-party tools. govulncheck needs a database on the
// internet. If the database is unreachable, supply says so and continues, because rerunning would
// not help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	cyclonedx   = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0"
	govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := flag.String("root", ".", "directory of the project")
	bin := flag.String("bin", "bin", "directory with the functions' binaries")
	licences := flag.Bool("licences", false, "only write the page of licences")
	flag.Parse()
	var err error
	if *licences {
		err = writeLicences(ctx, *root)
	} else {
		err = check(ctx, *root, *bin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "supply:", err)
		os.Exit(1)
	}
}

func writeLicences(ctx context.Context, root string) error {
	modules, err := linked(ctx, root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "infra", "docs", "licences.md"), page(modules), 0o644)
}

// check writes the bills of materials and scans the binaries for vulnerabilities.
func check(ctx context.Context, root, bin string) error {
	names, err := functions(root)
	if err != nil {
		return err
	}
	bills := filepath.Join(bin, "sbom")
	if err := os.MkdirAll(bills, 0o755); err != nil {
		return err
	}
	var found []error
	reachable := true
	for _, name := range names {
		binary, bill := filepath.Join(bin, name), filepath.Join(bills, name+".cdx.json")
		if out, err := tool(ctx, cyclonedx, "bin", "-json", "-std", "-output", bill, binary); err != nil {
			return fmt.Errorf("bill of %s: %w\n%s", name, err, out)
		}
		fmt.Println("wrote", bill)
		if !reachable {
			continue
		}
		out, err := tool(ctx, govulncheck, "-mode=binary", binary)
		switch {
		case err == nil:
			fmt.Println(name, "has no known vulnerability")
		case strings.Contains(out, "fetching vulnerabilities"):
			reachable = false
			fmt.Println("skipped the vulnerability scan: govulncheck cannot reach its database:", lastLine(out))
		default:
			found = append(found, fmt.Errorf("%s: %w\n%s", name, err, out))
		}
	}
	return errors.Join(found...)
}

// tool runs a Go program at a module version and returns its output.
func tool(ctx context.Context, program string, arguments ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"run", program}, arguments...)...).CombinedOutput()
	return string(out), err
}

// lastLine returns the last non-empty line of a program's output, ignoring the line that go run
// adds.
func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(out), "exit status 1")), "\n")
	return lines[len(lines)-1]
}
