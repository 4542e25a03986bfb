package memory

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// cgroups is where Linux shows its cgroups.
const cgroups = "/sys/fs/cgroup"

// cgroup is a directory of the kernel's in which processes share a limit of memory.
type cgroup struct{ directory string }

// newCgroup returns a cgroup of so many MB. Its error says why this machine makes none: that takes root, and a memory
// controller that this process may use (version 1, or 2 where it is handed on to children).
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
	// Without swap. Version 1 counts it with the memory, version 2 beside it; a kernel without has no such file.
	most := bytes
	if swap == "memory.swap.max" {
		most = "0"
	}
	if err := os.WriteFile(filepath.Join(directory, swap), []byte(most), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// wrap writes a program that joins the cgroup and becomes the binary.
func (c *cgroup) wrap(program, binary string) error {
	script := fmt.Sprintf("#!/bin/sh\necho $$ >'%s/cgroup.procs' && exec '%s'\n", c.directory, binary)
	return os.WriteFile(program, []byte(script), 0o700)
}

// peakMB returns the most memory that was in use, pages of files included; 0 where the kernel does not tell.
func (c *cgroup) peakMB() int {
	for _, name := range []string{"memory.max_usage_in_bytes", "memory.peak"} {
		if text, err := os.ReadFile(filepath.Join(c.directory, name)); err == nil {
			n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
			return n >> 20
		}
	}
	return 0
}

// remove removes the cgroup, which must have no process left.
func (c *cgroup) remove() error { return os.Remove(c.directory) }

// TestCgroupLimits shows that what the other tests rely on holds: a program that takes more is killed.
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
		t.Errorf("1 of 16 MB: %v", err)
	}
	if err := run(64); err == nil {
		t.Error("a program took 64 MB of 16")
	}
}
