// Command generated generates clients from the HTTP contract with a third-party generator, compiles
// the Java client, and runs the Python client against the local stack. It shows that real clients
// can use the contract.
//
//	go run ./infra/checks/clients/generated
//
// It needs Python 3, Java and Maven. Without them it is skipped with the reason, or fails if
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
	"syscall"

	"related-ro/infra/checks/tools"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

// generator is openapi-generator's version; requirements are the imports of its Python clients.
const generator = "7.20.0"

var requirements = []string{"pydantic==2.14.4", "python-dateutil==4.0.0", "typing-extensions==4.16.0", "urllib3==2.8.0"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := flag.String("root", ".", "directory of the project")
	bin := flag.String("bin", "", "directory with the functions' native binaries; built if empty")
	cache := flag.String("cache", ".cache", "directory to install tools in")
	flag.Parse()
	if err := run(ctx, *root, *bin, *cache); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, bin, cache string) error {
	kit, err := install(ctx, cache)
	if err != nil {
		if !tools.MustHave() && ctx.Err() == nil {
			fmt.Println("skipped:", err)
			return nil
		}
		return err
	}
	work, err := os.MkdirTemp("", "related-ro-clients-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	contract := filepath.Join(root, "infra", "contracts", "openapi.json")
	python, java := filepath.Join(work, "python"), filepath.Join(work, "java")
	if err := kit.generate(ctx, contract, "python", python); err != nil {
		return err
	}
	if err := kit.generate(ctx, contract, "java", java); err != nil {
		return err
	}
	if err := execute(ctx, java, nil, "mvn", "--quiet", "--batch-mode", "-DskipTests", "compile"); err != nil {
		return fmt.Errorf("compile the Java client: %w", err)
	}
	fmt.Println("the Java client compiles")
	return kit.runClient(ctx, root, bin, python)
}

// kit holds the paths of the tools.
type kit struct{ generator, python string }

func install(ctx context.Context, cache string) (k kit, err error) {
	if k.generator, err = filepath.Abs(filepath.Join(cache, "openapi-generator-"+generator)); err != nil {
		return k, err
	}
	k.python = filepath.Join(filepath.Dir(k.generator), "openapi-python-"+generator)
	if err := tools.Once(ctx, k.generator, tools.Maven("org.openapitools", "openapi-generator-cli", generator)); err != nil {
		return k, fmt.Errorf("openapi-generator cannot be installed: %w", err)
	}
	if err := tools.Once(ctx, k.python, tools.Python(requirements...)); err != nil {
		return k, fmt.Errorf("the Python client's imports cannot be installed: %w", err)
	}
	return k, nil
}

// generate generates a client with the generator's defaults, with one exception: for members that a
// schema does not list, the generator's default deviates from OpenAPI, according to its own
// documentation (config-help).
func (k kit) generate(ctx context.Context, contract, language, directory string) error {
	err := execute(ctx, "", nil, "java", "-cp", filepath.Join(k.generator, "*"), "org.openapitools.codegen.OpenAPIGenerator", "generate",
		"-g", language, "-i", contract, "-o", directory, "--additional-properties", "disallowAdditionalPropertiesIfNotPresent=false")
	if err != nil {
		return fmt.Errorf("generate the %s client: %w", language, err)
	}
	return nil
}

// runClient runs client.py, which uses the generated package, against a local stack with the seed
// data.
func (k kit) runClient(ctx context.Context, root, bin, generated string) (err error) {
	s, err := stack.Start(ctx, stack.Options{Root: root, Binaries: bin})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	data, err := seed.Read()
	if err != nil {
		return err
	}
	if err := data.Plant(ctx, s.Platform()); err != nil {
		return err
	}
	environment := []string{"PYTHONPATH=" + generated, "PYTHONDONTWRITEBYTECODE=1", "API_URL=" + s.APIURL}
	for name, locations := range map[string]string{"MANAGER": "loc-100", "SUPPORT": "*"} {
		role := map[string]string{"MANAGER": "service_manager", "SUPPORT": "support"}[name]
		token, err := s.Token(role, locations)
		if err != nil {
			return err
		}
		environment = append(environment, name+"_TOKEN="+token)
	}
	if err := execute(ctx, "", environment, filepath.Join(k.python, "bin", "python"),
		filepath.Join(root, "infra", "checks", "clients", "generated", "client.py")); err != nil {
		return fmt.Errorf("run the Python client: %w", err)
	}
	fmt.Println("the Python client accepts every response of the local stack")
	return nil
}

// execute runs a command; the error contains its output.
func execute(ctx context.Context, directory string, environment []string, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.Env = directory, append(os.Environ(), environment...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}
