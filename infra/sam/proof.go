package main

import (
	"bytes"
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
	"time"

	"related-ro/infra/local/stack"
	"related-ro/infra/sam/translator"
)

// lookAgain is the interval between readiness probes.
const lookAgain = 100 * time.Millisecond

// proof is one run of all checks of this command.
type proof struct {
	cache    string
	out      io.Writer
	mustHave bool // a missing tool is an error
}

// errUnavailable is wrapped by errors about tools that are not available on this machine.
var errUnavailable = errors.New("not to be had on this machine")

// run runs all steps in order and stops at the first failure.
func (p proof) run(ctx context.Context) error {
	venv, err := translator.Install(ctx, p.cache)
	if err != nil {
		return p.without("SAM CLI", err)
	}
	cli := samCommand{venv: venv, region: stack.Region}
	for _, s := range []struct {
		title string
		do    func(context.Context, samCommand) error
	}{
		{"sam validate --lint", func(ctx context.Context, cli samCommand) error {
			_, _, err := cli.run(ctx, "validate", "--lint")
			return err
		}},
		{"The CloudFormation of it", p.checkCloudFormation},
		{"What make deploy hands to sam deploy", p.checkOverrides},
		{"sam build for arm64", func(ctx context.Context, cli samCommand) error { return p.build(ctx, cli, "arm64") }},
		{"sam build for x86_64", func(ctx context.Context, cli samCommand) error { return p.build(ctx, cli, "x86_64") }},
		{"sam local", p.local},
	} {
		began := time.Now()
		fmt.Fprintf(p.out, "=== %s\n", s.title)
		if err := s.do(ctx, cli); errors.Is(err, errUnavailable) {
			if err := p.without(s.title, err); err != nil {
				return err
			}
		} else if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Fprintf(p.out, "--- %.1f s\n", time.Since(began).Seconds())
	}
	return nil
}

// without reports a skipped check, or fails.
func (p proof) without(what string, err error) error {
	if p.mustHave {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(p.out, "SKIPPED %s: %v\n", what, err)
	return nil
}

// build builds every function as a deployment does.
func (p proof) build(ctx context.Context, cli samCommand, architecture string) error {
	cli.environment = append(cli.environment, "ARCHITECTURE="+architecture)
	_, _, err := cli.run(ctx, "build", "--build-dir", p.buildDirectory(architecture), "--parameter-overrides", "Architecture="+architecture)
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

// run runs SAM CLI to completion. It returns the standard output and the whole output, which the
// error also contains.
func (c samCommand) run(ctx context.Context, arguments ...string) (answer, printed string, err error) {
	command := c.command(ctx, arguments...)
	var stdout, all bytes.Buffer
	command.Stdout, command.Stderr = io.MultiWriter(&stdout, &all), &all
	if err := command.Run(); err != nil {
		return "", "", fmt.Errorf("sam %s: %w\n%s", arguments[0], err, all.Bytes())
	}
	return stdout.String(), all.String(), nil
}
