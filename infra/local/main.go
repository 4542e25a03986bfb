// Command local runs the whole system on this machine, from template.yaml: functions, API, queues, table and a simulated
// Karmak, with a small dealer group to try it with.
//
//	go run ./infra/local                                          runs until Ctrl-C
//	go run ./infra/local demo                                     tells the product's story once and ends
//	go run ./infra/local token -role support -location '*'        prints a token that the API accepts
//
// Each takes -h.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C ends a shutdown that takes too long.
	context.AfterFunc(ctx, stop)
	err := command(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// command does what the arguments say.
func command(ctx context.Context, arguments []string, out io.Writer) error {
	name := "run"
	if len(arguments) > 0 && (arguments[0] == "demo" || arguments[0] == "token") {
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
		return tell(ctx, config, out)
	}
	return run(ctx, config, out)
}
