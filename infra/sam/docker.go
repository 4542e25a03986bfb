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
	// daemonStart is how long a Docker daemon may take to answer, daemonStop how long to end before it is killed.
	daemonStart, daemonStop = time.Minute, 20 * time.Second
	// standIn stands in for the image of AWS's runtime: the functions are static binaries and need nothing of it.
	standIn = "related-ro/runtime:al2023"
)

// docker is a Docker daemon.
type docker struct {
	// host is DOCKER_HOST; empty is the CLI's own choice.
	host string
	// daemon is the one that was started here, nil if one was there.
	daemon *exec.Cmd
	log    *os.File
}

// openDocker returns the daemon that answers, or starts one whose data are in the directory.
func openDocker(ctx context.Context, directory string) (*docker, error) {
	there := &docker{host: os.Getenv("DOCKER_HOST")}
	if _, err := there.run(ctx, "version"); err == nil {
		return there, nil
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
	d.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must reach it last, by Close
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

// Close ends the daemon if it was started here, and returns when it is gone.
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

// run runs the docker command and returns what it printed.
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

// environment tells other programs which daemon to use.
func (d *docker) environment() []string {
	if d.host == "" {
		return nil
	}
	return []string{"DOCKER_HOST=" + d.host}
}

// bridge says where the local stack has to listen and by what address containers reach it: this machine's address on
// Docker's bridge or, where Docker runs in a virtual machine of its own, loopback, which it shows as host.docker.internal.
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

// buildStandIn builds the image: a static busybox, because SAM CLI installs its emulator by shell commands, and nothing else.
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

// containers returns the ids of SAM CLI's containers that still run.
func (d *docker) containers(ctx context.Context) ([]string, error) {
	ids, err := d.run(ctx, "ps", "--quiet", "--filter", "label=sam.cli.container.type=lambda")
	return strings.Fields(ids), err
}
