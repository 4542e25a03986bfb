// Command local runs the whole system on this machine, from template.yaml: functions, API, queues,
// table and a simulated Karmak, with the data of a small dealer group.
//
//	go run ./infra/local                                        runs until Ctrl-C
//	go run ./infra/local demo                                   runs the product's story once and exits
//	go run ./infra/local token -role support -location '*'      prints a token that the API accepts
//
// Each command takes -h; the first is also called run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C aborts a slow shutdown.
	context.AfterFunc(ctx, stop)
	ctx, cancel := withGoCommand(ctx)
	defer cancel()
	err := command(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// withGoCommand returns a context that also ends when the parent process exits, if the parent is
// the go command: `go run` exits on SIGTERM without forwarding it. The parent can be identified
// only on Linux.
func withGoCommand(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || string(name) != "go\n" {
		return ctx, cancel
	}
	go func() {
		defer cancel()
		look := time.NewTicker(time.Second)
		defer look.Stop()
		for os.Getppid() == parent {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// command runs the command that the arguments name.
func command(ctx context.Context, arguments []string, out io.Writer) error {
	name := "run"
	if len(arguments) > 0 && slices.Contains([]string{"run", "demo", "token"}, arguments[0]) {
		name, arguments = arguments[0], arguments[1:]
	}
	if name == "token" {
		request, err := tokenFlags(arguments)
		if err != nil {
			return err
		}
		return printToken(request, out)
	}
	config, err := stackFlags(name, arguments, os.Getenv)
	if err != nil {
		return err
	}
	if name == "demo" {
		return runDemo(ctx, config, out)
	}
	return run(ctx, config, out)
}
