package memory

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cgroups is the mount point of Linux's cgroups.
const cgroups = "/sys/fs/cgroup"

// cgroup is a kernel control group whose processes share a memory limit.
type cgroup struct{ directory string }

// newCgroup returns a cgroup limited to the given number of MB. It returns an error if this machine
// cannot create one. This requires root and a memory controller that this process may use: version
// 1, or version 2 with the controller enabled for children.
func newCgroup(mb int) (*cgroup, error) {
	parent, limit, swap := filepath.Join(cgroups, "memory"), "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
	if _, err := os.Stat(filepath.Join(parent, limit)); err != nil {
		parent, limit, swap = cgroups, "memory.max", "memory.swap.max"
		handedOn, err := os.ReadFile(filepath.Join(parent, "cgroup.subtree_control"))
		if err != nil || !strings.Contains(string(handedOn), "memory") {
			return nil, errors.Join(errors.New("no cgroup of this machine limits memory"), err)
		}
	}
	directory, err := os.MkdirTemp(parent, "related-ro-")
	if err != nil {
		return nil, err
	}
	c := &cgroup{directory}
	bytes := strconv.Itoa(mb << 20)
	if err := os.WriteFile(filepath.Join(directory, limit), []byte(bytes), 0o600); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	// Disallow swap. The limit of version 1 includes memory, that of version 2 does not. A kernel
	// without swap accounting lacks the file.
	most := bytes
	if swap == "memory.swap.max" {
		most = "0"
	}
	if err := os.WriteFile(filepath.Join(directory, swap), []byte(most), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// wrap writes a script that joins the cgroup and then executes the binary.
func (c *cgroup) wrap(program, binary string) error {
	script := fmt.Sprintf("#!/bin/sh\necho $$ >'%s/cgroup.procs' && exec '%s'\n", c.directory, binary)
	return os.WriteFile(program, []byte(script), 0o700)
}

// peakMB returns the peak memory usage including the page cache, or 0 if the kernel does not report
// it.
func (c *cgroup) peakMB() int {
	for _, name := range []string{"memory.max_usage_in_bytes", "memory.peak"} {
		if text, err := os.ReadFile(filepath.Join(c.directory, name)); err == nil {
			n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
			return n >> 20
		}
	}
	return 0
}

// remove removes the cgroup. It waits for the children of a killed shell, which end after it.
func (c *cgroup) remove() error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := os.Remove(c.directory)
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// TestCgroupLimits checks the precondition of the other tests: a program that exceeds its limit is
// killed.
func TestCgroupLimits(t *testing.T) {
	c := mustHaveCgroup(t, 16)
	run := func(mb int) error {
		program := filepath.Join(t.TempDir(), "take")
		if err := c.wrap(program, "/bin/sh"); err != nil {
			t.Fatal(err)
		}
		return take(t, program, mb)
	}
	if err := run(1); err != nil {
		t.Errorf("allocate 1 MB of 16: %v", err)
	}
	if err := run(64); err == nil {
		t.Error("a program allocated 64 MB despite a limit of 16")
	}
}
