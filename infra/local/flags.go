package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/stack"
)

// config holds the flags of run and demo.
type config struct {
	options stack.Options
	seed    bool
	quiet   bool
	colour  bool
}

// stackFlags parses the flags of run or demo; ports may also come from the environment.
func stackFlags(name string, arguments []string, getenv func(string) string) (config, error) {
	c := config{options: stack.Options{Ports: stack.FixedPorts(), Parameters: map[string]string{}}}
	flags := flag.NewFlagSet("local "+name, flag.ContinueOnError)
	flags.StringVar(&c.options.Root, "root", "", "project `directory`; if empty, the nearest parent directory with a template.yaml")
	flags.StringVar(&c.options.Binaries, "bin", "", "directory with the functions' native binaries; built if empty")
	flags.StringVar(&c.options.Host, "host", "127.0.0.1", "address to listen on")
	ephemeral := flags.Bool("ephemeral", name == "demo", "use free ports")
	every := 20 * time.Second
	if name == "demo" {
		every = 0 // the demo polls at the right moments itself
	}
	flags.DurationVar(&c.options.Every, "follow", every, "interval of polling Karmak for changes; 0 means never")
	flags.BoolVar(&c.seed, "seed", true, "load the seed data of the dealer group")
	flags.BoolVar(&c.quiet, "quiet", name == "demo", "do not log steps")
	flags.Func("parameter", "`Name=Value` of a template parameter; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("must be Name=Value")
		}
		c.options.Parameters[name] = value
		return nil
	})
	if err := portFlags(flags, &c.options.Ports, getenv); err != nil {
		return c, err
	}
	dynamoDB := flags.String("dynamodb-endpoint", getenv("LOCAL_DYNAMODB_ENDPOINT"),
		"`URL` of a DynamoDB to use instead of the embedded one; also LOCAL_DYNAMODB_ENDPOINT")
	sqs := flags.String("sqs-endpoint", getenv("LOCAL_SQS_ENDPOINT"),
		"`URL` of an SQS to use instead of the embedded one; also LOCAL_SQS_ENDPOINT")
	if err := flags.Parse(arguments); err != nil {
		return c, err
	}
	c.options.Elsewhere = map[stack.Engine]string{stack.DynamoDB: *dynamoDB, stack.SQS: *sqs}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected arguments %q; the commands are run, demo and token", flags.Args())
	}
	if *ephemeral {
		c.options.Ports = stack.Ports{}
	}
	c.colour = isTerminal(os.Stdout) && getenv("NO_COLOR") == ""
	if c.options.Root == "" {
		root, err := findRoot()
		if err != nil {
			return c, err
		}
		c.options.Root = root
	}
	return c, nil
}

// portFlags adds a flag for each port, whose default may come from the environment.
func portFlags(flags *flag.FlagSet, ports *stack.Ports, getenv func(string) string) error {
	for _, p := range []struct {
		flag, variable string
		port           *int
	}{
		{"api-port", "LOCAL_API_PORT", &ports.API},
		{"sqs-port", "LOCAL_SQS_PORT", &ports.SQS},
		{"dynamodb-port", "LOCAL_DYNAMODB_PORT", &ports.DynamoDB},
		{"events-port", "LOCAL_EVENTS_PORT", &ports.Events},
		{"karmak-port", "LOCAL_KARMAK_PORT", &ports.Karmak},
	} {
		if text := getenv(p.variable); text != "" {
			port, err := strconv.ParseUint(text, 10, 16)
			if err != nil {
				return fmt.Errorf("%s: %q is not a port", p.variable, text)
			}
			*p.port = int(port)
		}
		flags.IntVar(p.port, p.flag, *p.port, "port; also "+p.variable)
	}
	return nil
}

// tokenFlags parses the flags of token.
func tokenFlags(arguments []string) (issuer.Grant, error) {
	grant := issuer.Grant{Issued: time.Now()}
	flags := flag.NewFlagSet("local token", flag.ContinueOnError)
	flags.Func("role", "one of "+strings.Join(issuer.Roles(), ", ")+"; may be repeated", func(role string) error {
		if !slices.Contains(issuer.Roles(), role) {
			return fmt.Errorf("must be one of %s", strings.Join(issuer.Roles(), ", "))
		}
		grant.Roles = append(grant.Roles, role)
		return nil
	})
	flags.Func("location", "location `id`, or '*' for all; may be repeated", func(id string) error {
		grant.Locations = append(grant.Locations, id)
		return nil
	})
	flags.StringVar(&grant.Subject, "subject", "developer@local", "subject of the token")
	flags.DurationVar(&grant.Lifetime, "lifetime", 12*time.Hour, "lifetime of the token")
	if err := flags.Parse(arguments); err != nil {
		return grant, err
	}
	if len(grant.Roles) == 0 || len(grant.Locations) == 0 || flags.NArg() > 0 {
		return grant, errors.New("token: give -role and -location, as in: token -role administrator -location loc-100")
	}
	return grant, nil
}

// findRoot searches for template.yaml in the working directory and its parents.
func findRoot() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(directory, "template.yaml")); err == nil {
			return directory, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("find the project: no template.yaml here or above; give -root")
		}
		directory = parent
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}
