package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"related-ro/infra/checks/readme"
)

const (
	// ownTerminal ends the README's lines that start a program that runs until Ctrl-C.
	ownTerminal = "# in a terminal of its own"
	// upLimit is the start-up limit of such a program: the first start builds the functions.
	upLimit = 3 * time.Minute
)

// upSays returns the text that such a program prints when it is ready, by a part of its command
// line.
func upSays() map[string]string {
	return map[string]string{"./infra/local ": "The system runs.", "sam local start-api ": "Running on http"}
}

// readmeAnswers matches the API's response to the README's request, followed by the function's
// response to its event.
var readmeAnswers = regexp.MustCompile(`(?s)"relatedRos":\[{.*"batchItemFailures": ?\[\]`)

// readme runs the README's `sam local` commands line by line and checks that they work. The
// commands are for Linux on x86_64; `sam` is the one installed here, and `sam local` uses the
// replacement for AWS's image.
func (p proof) readme(ctx context.Context, cli samCommand, daemon *docker) (err error) {
	script, err := samLocalOf("README.md")
	if err != nil {
		return err
	}
	listen, _, err := daemon.bridge(ctx)
	if err != nil {
		return err
	}
	if !strings.Contains(script, "-host "+listen+" ") || !strings.Contains(script, "ARCHITECTURE="+hostArchitecture()+" ") {
		return fmt.Errorf("the README's lines: %w: this is %s, with Docker's bridge at %s", errUnavailable, hostArchitecture(), listen)
	}
	terminal, err := p.newTerminal(ctx, cli, daemon)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, terminal.close()) }()
	printed, err := terminal.do(ctx, script)
	if err != nil {
		return err
	}
	if !readmeAnswers.MatchString(printed) {
		return fmt.Errorf("the README's lines print no answers like %s:\n%s", readmeAnswers, printed)
	}
	fmt.Fprintln(p.out, "README.md        all lines of it")
	return nil
}

// samLocalOf returns the only block of shell commands in a Markdown page that contains `sam local`.
func samLocalOf(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var found []string
	for _, block := range readme.Blocks(string(text)) {
		if strings.Contains(block, "sam local ") {
			found = append(found, block)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s has %d blocks of commands with sam local, want one", path, len(found))
	}
	return found[0], nil
}

// terminal runs a page's commands.
type terminal struct {
	environment []string
	running     []leftRunning // each in a separate terminal
}

// leftRunning is a command that runs until it is interrupted.
type leftRunning struct {
	command *exec.Cmd
	ended   chan error // receives the result of Wait once
}

// newTerminal returns a terminal that uses the proof's `sam`.
func (p proof) newTerminal(ctx context.Context, cli samCommand, daemon *docker) (*terminal, error) {
	bin := filepath.Join(p.cache, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	sam := filepath.Join(cli.venv, "bin", "sam")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = local ] && exec %s \"$@\" --skip-pull-image --invoke-image %s\nexec %s \"$@\"\n", sam,
		standIn, sam)
	if err := os.WriteFile(filepath.Join(bin, "sam"), []byte(script), 0o755); err != nil {
		return nil, err
	}
	environment := append(cli.command(ctx).Env, daemon.environment()...)
	return &terminal{environment: append(environment, "PATH="+bin+":"+os.Getenv("PATH"))}, nil
}

// do runs the lines in order and returns their output. A line that ends in ownTerminal is left
// running once it is ready; the lines between two such lines share a shell.
func (t *terminal) do(ctx context.Context, script string) (printed string, err error) {
	var shared []string
	run := func() error {
		text := strings.Join(shared, "\n")
		shared = nil
		output, err := t.command(ctx, text).CombinedOutput()
		printed += string(output)
		if err != nil {
			return fmt.Errorf("%s\n%w\n%s", text, err, output)
		}
		return nil
	}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if !strings.HasSuffix(line, ownTerminal) {
			shared = append(shared, line)
			continue
		}
		if err := errors.Join(run(), t.leaveRunning(ctx, line)); err != nil {
			return printed, err
		}
	}
	return printed, run()
}

func (t *terminal) command(ctx context.Context, text string) *exec.Cmd {
	command := exec.CommandContext(ctx, "sh", "-euc", text)
	command.Env = t.environment
	return command
}

// leaveRunning starts a line and returns when its program is ready.
func (t *terminal) leaveRunning(ctx context.Context, line string) error {
	command := t.command(context.WithoutCancel(ctx), line)
	// A separate process group, so that Ctrl-C reaches either the program or us.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output := &watchedOutput{up: make(chan struct{})}
	for part, says := range upSays() {
		if strings.Contains(line, part) {
			output.says = says
		}
	}
	if output.says == "" {
		return fmt.Errorf("%s: its ready text is unknown", line)
	}
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return err
	}
	left := leftRunning{command, make(chan error, 1)}
	go func() { left.ended <- command.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, upLimit)
	defer cancel()
	select {
	case <-output.up:
		t.running = append(t.running, left)
		return nil
	case err := <-left.ended:
		return fmt.Errorf("%s\nended before it was up: %w\n%s", line, err, output.text())
	case <-ctx.Done():
		t.running = append(t.running, left)
		return fmt.Errorf("%s\nis not up: %w\n%s", line, ctx.Err(), output.text())
	}
}

// close interrupts the running programs, last started first, as Ctrl-C does.
func (t *terminal) close() (err error) {
	for len(t.running) > 0 {
		last := t.running[len(t.running)-1]
		t.running = t.running[:len(t.running)-1]
		err = errors.Join(err, syscall.Kill(-last.command.Process.Pid, syscall.SIGINT))
		<-last.ended // the exit code after Ctrl-C has no meaning
	}
	return err
}

// watchedOutput collects a command's output, and closes up once the output contains a text.
type watchedOutput struct {
	says string
	up   chan struct{}

	mu      sync.Mutex
	printed bytes.Buffer
	seen    bool
}

// Write implements io.Writer.
func (o *watchedOutput) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.printed.Write(b)
	if !o.seen && strings.Contains(o.printed.String(), o.says) {
		o.seen = true
		close(o.up)
	}
	return len(b), nil
}

func (o *watchedOutput) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.printed.String()
}
