package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"related-ro/infra/checks/sam/samconfig"
	"related-ro/infra/emulators/template"
)

// deploy builds and deploys a stage of samconfig.toml with the installed SAM CLI.
func deploy(ctx context.Context, stage string, in io.Reader, out io.Writer) error {
	p, err := planRelease("template.yaml", "samconfig.toml", stage, time.Now())
	if err != nil {
		return err
	}
	for _, arguments := range [][]string{p.build(), p.deploy()} {
		command := exec.CommandContext(ctx, "sam", arguments...)
		command.Stdin, command.Stdout, command.Stderr = in, out, out
		command.Env = append(os.Environ(), "ARCHITECTURE="+p.parameters["Architecture"])
		if err := command.Run(); err != nil {
			return fmt.Errorf("sam %s: %w", arguments[0], err)
		}
	}
	return nil
}

// release describes the deployment of a stage.
type release struct {
	stage string
	// parameters are all parameters of the template. SAM CLI keeps the stack's current value of an
	// omitted parameter, so a new default in the template would never take effect.
	parameters map[string]string
}

// planRelease reads the settings of a stage's deployment. The error names everything in
// samconfig.toml that must be changed first.
func planRelease(templateFile, configFile, name string, now time.Time) (release, error) {
	stages, err := samconfig.Read(configFile)
	if err != nil {
		return release{}, err
	}
	stage, ok := stages[name]
	if !ok {
		return release{}, fmt.Errorf("%q is no stage of %s: CONFIG must be one of %s", name, configFile,
			strings.Join(slices.Sorted(maps.Keys(stages)), ", "))
	}
	if sentences := stage.Placeholders(); len(sentences) > 0 {
		return release{}, fmt.Errorf("%s, stage %s has values that are not yours:\n%s", configFile, name, strings.Join(sentences, "\n"))
	}
	loaded, err := template.Load(templateFile, template.Config{
		Parameters: stage.Deployed(now), StackName: stage.StackName, Region: stage.Region,
	})
	if err != nil {
		return release{}, errors.Join(fmt.Errorf("%s, stage %s", configFile, name), err)
	}
	return release{name, loaded.Parameters}, nil
}

func (r release) build() []string {
	return []string{"build", "--parameter-overrides", override("Architecture", r.parameters["Architecture"])}
}

func (r release) deploy() []string {
	return append([]string{"deploy", "--config-env", r.stage, "--parameter-overrides"}, r.overrides()...)
}

// overrides returns the parameters in SAM CLI's syntax.
func (r release) overrides() (overrides []string) {
	for _, name := range slices.Sorted(maps.Keys(r.parameters)) {
		overrides = append(overrides, override(name, r.parameters[name]))
	}
	return overrides
}

// override returns a parameter in SAM CLI's syntax, quoted because it may be empty.
func override(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
