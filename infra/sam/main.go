// Command sam tests the project with AWS's own tools: SAM CLI checks, builds and runs every
// function, and the CloudFormation from the SAM translator must meet our requirements.
//
//	go run ./infra/sam                      runs every check, like `make test-sam`
//	go run ./infra/sam environment          prints the file that `sam local --env-vars` needs to
//	                                        reach a running local stack
//	go run ./infra/sam deploy dev           builds and deploys a stage of samconfig.toml, like
//	                                        `make deploy CONFIG=dev`
//
// Run it in the project's directory. It needs python3 and make; running functions also needs Docker
// and busybox. Checks whose tools are missing are skipped with the reason, or fail if CI=true.
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
	"path/filepath"
	"strconv"
	"syscall"

	"related-ro/infra/local/issuer"
	"related-ro/infra/local/stack"
	"related-ro/infra/tools"
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
	flags := flag.NewFlagSet("sam", flag.ContinueOnError)
	cache := flags.String("cache", ".cache/sam", "directory for what is installed and built")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	directory, err := filepath.Abs(*cache)
	if err != nil {
		return fmt.Errorf("find the cache: %w", err)
	}
	return proof{cache: directory, out: out, mustHave: tools.MustHave()}.run(ctx)
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
	at := func(port int) string { return "http://" + net.JoinHostPort(*host, strconv.Itoa(port)) }
	ports := stack.FixedPorts()
	variables, err := environment("template.yaml", endpoints{at(ports.SQS), at(ports.DynamoDB), at(ports.Events), at(ports.Karmak)}, jwks)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(variables)
}
