// Package tools installs programs that are not part of the Go toolchain, such as AWS's tools and
// AWS emulators, into directories of the project's cache. It uses python3, npm, or java and mvn.
package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// Installer installs something into an existing, empty directory. Its error contains the command's
// output.
type Installer func(ctx context.Context, directory string) error

// Once installs into the directory unless a previous call completed. It leaves a marker file on
// success, so that an interrupted installation is repeated. The directory's name must include the
// version.
func Once(ctx context.Context, directory string, install Installer) error {
	mark := filepath.Join(directory, ".installed")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if err := os.RemoveAll(directory); err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	if err := install(ctx, directory); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// Python installs PyPI packages, such as "cfn-lint==1.58.0", into a virtual environment; their
// commands are in bin.
func Python(requirements ...string) Installer {
	return func(ctx context.Context, directory string) error {
		if err := execute(ctx, "", "python3", "-m", "venv", directory); err != nil {
			return err
		}
		pip := filepath.Join(directory, "bin", "pip")
		return execute(ctx, "", pip, append([]string{"install", "--quiet", "--disable-pip-version-check"}, requirements...)...)
	}
}

// NPM installs npm packages, such as "axe-core@4.14.1", below node_modules.
func NPM(packages ...string) Installer {
	return func(ctx context.Context, directory string) error {
		return execute(ctx, "", "npm", append([]string{"install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
			"--prefix", directory}, packages...)...)
	}
}

// Maven copies an artifact and its runtime dependencies into the directory.
func Maven(group, artifact, version string) Installer {
	return func(ctx context.Context, directory string) error {
		project := fmt.Sprintf(`<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>related-ro</groupId><artifactId>tools</artifactId><version>0</version>
<dependencies><dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency></dependencies>
</project>
`, group, artifact, version)
		if err := os.WriteFile(filepath.Join(directory, "pom.xml"), []byte(project), 0o644); err != nil {
			return err
		}
		if err := execute(ctx, directory, "java", "-version"); err != nil {
			return err
		}
		return execute(ctx, directory, "mvn", "--quiet", "--batch-mode",
			"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+directory)
	}
}

// MustHave reports whether missing tools are an error, as in CI. Otherwise the check is skipped
// with the reason.
func MustHave() bool { return os.Getenv("CI") == "true" }

// FreePort returns an unused TCP port of the loopback interface, for a program that cannot choose
// one itself.
func FreePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		err = fmt.Errorf("find a free port: %v is not a TCP address", listener.Addr())
		return 0, errors.Join(err, listener.Close())
	}
	return address.Port, listener.Close()
}

// execute runs a command; the error contains its output.
func execute(ctx context.Context, directory, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = directory
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w %s", name, err, bytes.TrimSpace(output))
	}
	return nil
}
