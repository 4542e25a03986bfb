// Command fuzz runs schemathesis against the API with requests generated from
// infra/contracts/openapi.yaml: the contract's examples, the boundary values of every schema, and
// random valid and invalid requests. It fails on any 5xx and on any response that violates the contract.
//
//	go run ./infra/checks/fuzz
//
// It runs the whole local stack on free ports, with the seed data. It installs schemathesis into
// the cache, which needs Python 3. Without Python the run is skipped with the reason, or fails if
// CI=true.
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
	"strconv"
	"syscall"
	"time"

	"related-ro/infra/checks/tools"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

const schemathesis = "4.32.5"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := fuzz(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func fuzz(ctx context.Context) (err error) {
	root := flag.String("root", ".", "directory of the project")
	bin := flag.String("bin", "", "directory with the functions' native binaries; built if empty")
	cache := flag.String("cache", ".cache", "directory to install schemathesis in")
	examples := flag.Int("examples", 40, "number of random valid requests per operation, and of invalid ones")
	random := flag.Int("seed", 1, "seed of the random requests")
	flag.Parse()

	installed, err := filepath.Abs(filepath.Join(*cache, "schemathesis-"+schemathesis))
	if err != nil {
		return err
	}
	if err := tools.Once(ctx, installed, tools.Python("schemathesis=="+schemathesis)); err != nil {
		if !tools.MustHave() && ctx.Err() == nil {
			fmt.Println("skipped: schemathesis cannot be installed:", err)
			return nil
		}
		return fmt.Errorf("install schemathesis: %w", err)
	}
	s, err := start(ctx, *root, *bin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	token, err := s.Token("support", "*")
	if err != nil {
		return err
	}
	// schemathesis writes its database into the working directory.
	work, err := os.MkdirTemp("", "related-ro-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	absolute, err := filepath.Abs(*root)
	if err != nil {
		return err
	}
	run := exec.CommandContext(ctx, filepath.Join(installed, "bin", "st"),
		"--config-file", filepath.Join(absolute, "infra", "checks", "fuzz", "schemathesis.toml"), "run",
		filepath.Join(absolute, "infra", "contracts", "openapi.yaml"),
		"--max-examples", strconv.Itoa(*examples), "--seed", strconv.Itoa(*random), "--no-color")
	run.Dir, run.Stdout, run.Stderr = work, os.Stdout, os.Stderr
	run.Env = append(os.Environ(), "API_URL="+s.APIURL, "API_TOKEN="+token)
	// An interrupt makes schemathesis print its findings so far.
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = 10 * time.Second
	if err := run.Run(); err != nil {
		return fmt.Errorf("schemathesis: %w", err)
	}
	return nil
}

// start starts a stack with the seed data and the highest request rate that the template allows:
// with the default rate, schemathesis would mostly see 429.
func start(ctx context.Context, root, bin string) (*stack.Stack, error) {
	s, err := stack.Start(ctx, stack.Options{
		Root: root, Binaries: bin, Parameters: map[string]string{"ApiRateLimit": "10000", "ApiBurstLimit": "10000"},
	})
	if err != nil {
		return nil, err
	}
	data, err := seed.Read()
	if err == nil {
		err = data.Plant(ctx, s.Platform())
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
