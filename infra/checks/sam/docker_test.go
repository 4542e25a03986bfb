package main

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// daemonStart is the start-up limit of a Docker daemon; daemonStop is how long it may take to
	// exit before it is killed.
	daemonStart, daemonStop = time.Minute, 20 * time.Second
	// standIn replaces AWS's runtime image: the functions are static binaries and need nothing from
	// it.
	standIn = "related-ro/runtime:al2023"
)

// docker is a Docker daemon.
type docker struct {
	// host is DOCKER_HOST; empty means the CLI's default.
	host string
	// daemon is the daemon started here; nil if one was already running.
	daemon *exec.Cmd
	log    *os.File
}

// openDocker returns the running daemon, or starts one with its data in the directory.
func openDocker(ctx context.Context, directory string) (*docker, error) {
	running := &docker{host: os.Getenv("DOCKER_HOST")}
	if _, err := running.run(ctx, "version"); err == nil {
		return running, nil
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("no Docker daemon answers, and only root can start one")
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(directory, "dockerd.log"))
	if err != nil {
		return nil, err
	}
	socket := "unix://" + filepath.Join(directory, "docker.sock")
	d := &docker{host: socket, log: log, daemon: exec.CommandContext(context.WithoutCancel(ctx), "dockerd", "--host", socket,
		"--data-root", filepath.Join(directory, "data"), "--exec-root", filepath.Join(directory, "exec"),
		"--pidfile", filepath.Join(directory, "docker.pid"))}
	d.daemon.Stdout, d.daemon.Stderr = log, log
	// Ctrl-C must not reach it before Close
	d.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.daemon.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start Docker: %w", err), log.Close())
	}
	if err := d.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start Docker: %w, see %s", err, log.Name()), d.Close())
	}
	return d, nil
}

func (d *docker) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, daemonStart)
	defer cancel()
	for {
		_, err := d.run(ctx, "version")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookAgain):
		}
	}
}

// Close ends the daemon if it was started here, and waits for its exit.
func (d *docker) Close() error {
	if d.daemon == nil {
		return nil
	}
	kill := time.AfterFunc(daemonStop, func() { _ = d.daemon.Process.Kill() })
	defer kill.Stop()
	err := d.daemon.Process.Signal(syscall.SIGTERM)
	if waitErr := d.daemon.Wait(); waitErr != nil {
		err = errors.Join(err, fmt.Errorf("stop Docker: %w", waitErr))
	}
	return errors.Join(err, d.log.Close())
}

// run runs the docker command and returns its output.
func (d *docker) run(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "docker", arguments...)
	command.Env = append(os.Environ(), d.environment()...)
	output, err := command.CombinedOutput()
	text := strings.TrimSpace(string(output))
	if err != nil {
		return "", fmt.Errorf("docker %s: %w %s", arguments[0], err, text)
	}
	return text, nil
}

// environment returns the variables that select this daemon in other programs.
func (d *docker) environment() []string {
	if d.host == "" {
		return nil
	}
	return []string{"DOCKER_HOST=" + d.host}
}

// bridge returns the address on which the local stack must listen, and the address at which
// containers reach it. That is this machine's address on Docker's bridge. If Docker runs in a
// virtual machine, it is loopback, which containers reach as host.docker.internal.
func (d *docker) bridge(ctx context.Context) (listen, dial string, err error) {
	hosts, err := d.run(ctx, "run", "--rm", "--add-host", "outside:host-gateway", standIn, "cat", "/etc/hosts")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(hosts) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[1] != "outside" {
			continue
		}
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(fields[0], "0"))
		if err != nil {
			return "127.0.0.1", "host.docker.internal", nil
		}
		return fields[0], fields[0], listener.Close()
	}
	return "", "", fmt.Errorf("no address of this machine in %q", hosts)
}

// buildStandIn builds the image from a static busybox only; SAM CLI installs its emulator with
// shell commands.
func (d *docker) buildStandIn(ctx context.Context, directory string) error {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := mustBeStatic(binary); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	const file = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nWORKDIR /var/task\n"
	for name, content := range map[string][]byte{"Dockerfile": []byte(file), "busybox": binary} {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o755); err != nil {
			return err
		}
	}
	_, err = d.run(ctx, "build", "--quiet", "--tag", standIn, directory)
	return err
}

func mustBeStatic(binary []byte) error {
	file, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return err
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return errors.New("it is linked to libraries; install busybox-static")
		}
	}
	return nil
}

// containers returns the IDs of SAM CLI's running containers.
func (d *docker) containers(ctx context.Context) ([]string, error) {
	ids, err := d.run(ctx, "ps", "--quiet", "--filter", "label=sam.cli.container.type=lambda")
	return strings.Fields(ids), err
}
