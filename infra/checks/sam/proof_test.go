package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"related-ro/infra/checks/sam/translator"
	"related-ro/infra/checks/tools"
	"related-ro/infra/local/stack"
)

// lookAgain is the interval between readiness probes.
const lookAgain = 100 * time.Millisecond

// proof is one run of all steps.
type proof struct {
	cache string // directory for installed tools and builds
	out   io.Writer
}

// errUnavailable is wrapped by the error of a tool that this machine lacks.
var errUnavailable = errors.New("not available on this machine")

// TestSAM runs the steps in order, since each uses the builds of those before it, and stops at the
// first failure. A step whose tools are missing is skipped, but fails in CI.
func TestSAM(t *testing.T) {
	if os.Getenv("RELATEDRO_SAM") != "1" {
		t.Skip("make test-sam runs it")
	}
	t.Chdir("../../..")
	cache, err := filepath.Abs(".cache/sam")
	if err != nil {
		t.Fatal(err)
	}
	venv, err := translator.Install(t.Context(), cache)
	if err != nil {
		unavailable(t, "SAM CLI", err)
	}
	p, cli := proof{cache, os.Stdout}, samCommand{venv: venv, region: stack.Region}
	p.step(t, "sam validate --lint", func(t *testing.T) error { return cli.run(t.Context(), "validate", "--lint") })
	p.step(t, "The translated CloudFormation", func(t *testing.T) error { return p.checkCloudFormation(t, cli) })
	p.step(t, "The parameters that make deploy passes to sam deploy", func(t *testing.T) error { return checkOverrides(t.Context(), cli) })
	for _, architecture := range []string{"arm64", "x86_64"} {
		p.step(t, "sam build for "+architecture, func(t *testing.T) error { return p.build(t.Context(), cli, architecture) })
	}
	p.step(t, "sam local", func(t *testing.T) error { return p.local(t.Context(), cli) })
}

// step runs one step as a subtest, with a headline and its time.
func (p proof) step(t *testing.T, title string, do func(*testing.T) error) {
	began := time.Now()
	fmt.Fprintf(p.out, "=== %s\n", title)
	passed := t.Run(title, func(t *testing.T) {
		if err := do(t); errors.Is(err, errUnavailable) {
			unavailable(t, title, err)
		} else if err != nil {
			t.Fatal(err)
		}
	})
	if !passed {
		t.FailNow()
	}
	fmt.Fprintf(p.out, "--- %.1f s\n", time.Since(began).Seconds())
}

// unavailable skips the test, saying so also where go test is not verbose, or fails it in CI.
func unavailable(t *testing.T, title string, err error) {
	t.Helper()
	if tools.MustHave() {
		t.Fatalf("%s: %v", title, err)
	}
	fmt.Printf("SKIPPED %s: %v\n", title, err)
	t.SkipNow()
}

// build builds every function as a deployment does.
func (p proof) build(ctx context.Context, cli samCommand, architecture string) error {
	cli.environment = append(cli.environment, "ARCHITECTURE="+architecture)
	err := cli.run(ctx, "build", "--build-dir", p.buildDirectory(architecture), "--parameter-overrides", "Architecture="+architecture)
	if err != nil {
		return err
	}
	binaries, err := filepath.Glob(filepath.Join(p.buildDirectory(architecture), "*Function", "bootstrap"))
	if err != nil {
		return err
	}
	var built []string
	for _, binary := range binaries {
		size, err := builtFor(binary, architecture)
		if err != nil {
			return err
		}
		id := filepath.Base(filepath.Dir(binary))
		built = append(built, filepath.Join("functions", folder(id)))
		fmt.Fprintf(p.out, "%-16s %.1f MB\n", id, float64(size)/1e6)
	}
	slices.Sort(built)
	if folders, err := filepath.Glob("functions/*"); err != nil || !slices.Equal(built, folders) {
		return fmt.Errorf("sam build built %v of %v: %w", built, folders, err)
	}
	return nil
}

// builtFor checks that a binary has the architecture, by the template's names, and returns its size
// in bytes.
func builtFor(path, architecture string) (size int64, err error) {
	machines := map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64}
	binary, err := elf.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, binary.Close()) }()
	if binary.Machine != machines[architecture] {
		return 0, fmt.Errorf("%s is for %s, want %s", path, binary.Machine, architecture)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (p proof) buildDirectory(architecture string) string {
	return filepath.Join(p.cache, "build-"+architecture)
}

// hostArchitecture returns this machine's architecture, by the template's names.
func hostArchitecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// local runs the functions in containers against a local stack's table, queues and Karmak.
func (p proof) local(ctx context.Context, cli samCommand) (err error) {
	daemon, err := openDocker(ctx, filepath.Join(p.cache, "docker"))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	defer func() { err = errors.Join(err, daemon.Close()) }()
	if err := daemon.buildStandIn(ctx, filepath.Join(p.cache, "image")); err != nil {
		return fmt.Errorf("%w: image of the runtime: %w", errUnavailable, err)
	}
	containers, err := newContainers(ctx, p, cli, daemon)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, containers.Close()) }()
	if err := containers.invokeAll(ctx); err != nil {
		return err
	}
	if err := containers.tryAPI(ctx); err != nil {
		return err
	}
	if err := p.readme(ctx, cli, daemon); err != nil {
		return err
	}
	left, err := daemon.containers(ctx)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("sam local left %d containers behind", len(left))
	}
	return err
}

// samCommand runs SAM CLI.
type samCommand struct {
	venv, region string
	environment  []string
}

// command returns `sam` with the arguments, ready to start, with telemetry switched off.
func (c samCommand) command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(c.venv, "bin", "sam"), arguments...)
	command.Env = append(os.Environ(), c.environment...)
	command.Env = append(command.Env, "SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION="+c.region,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true")
	return command
}

// run runs SAM CLI to completion. Its error contains the output.
func (c samCommand) run(ctx context.Context, arguments ...string) error {
	if output, err := c.command(ctx, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("sam %s: %w\n%s", arguments[0], err, output)
	}
	return nil
}
