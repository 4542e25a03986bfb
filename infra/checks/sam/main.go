// Command sam runs AWS's SAM CLI for the Makefile. Its tests, which `make test-sam` runs, check the
// project by AWS's own tools: SAM CLI validates, builds and runs every function, and the SAM
// translator's CloudFormation must keep the promises of promises_test.go.
//
//	go run ./infra/checks/sam environment   prints the file for `sam local --env-vars`
//	go run ./infra/checks/sam deploy dev    builds and deploys a stage of samconfig.toml
//
// It must run in the project's directory. The tests need python3 and make, and to run functions also
// Docker and busybox.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sam:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, arguments []string, in io.Reader, out io.Writer) error {
	if len(arguments) > 0 && arguments[0] == "environment" {
		return printEnvironment(arguments[1:], out)
	}
	if len(arguments) == 2 && arguments[0] == "deploy" {
		return deploy(ctx, arguments[1], in, out)
	}
	return errors.New("the commands are environment and deploy STAGE")
}

// printEnvironment prints the --env-vars file for a stack that `make run` started.
func printEnvironment(arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("sam environment", flag.ContinueOnError)
	host := flags.String("host", "host.docker.internal", "the local stack's `address`, as a container reaches it")
	invoke := flags.Bool("invoke", false, "for sam local invoke, whose events bring the claims of a token that was checked")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	jwks := ""
	if !*invoke {
		path, err := issuer.DefaultPath()
		if err != nil {
			return err
		}
		key, err := issuer.LoadKey(path)
		if err != nil {
			return err
		}
		jwks = key.JWKS()
	}
	address := func(port int) string { return "http://" + net.JoinHostPort(*host, strconv.Itoa(port)) }
	ports := stack.FixedPorts()
	variables, err := environment("template.yaml", endpoints{address(ports.SQS), address(ports.DynamoDB), address(ports.Events),
		address(ports.Karmak)}, jwks)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(variables)
}
