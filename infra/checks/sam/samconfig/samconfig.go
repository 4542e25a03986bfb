// Package samconfig reads the deployment settings of each stage from samconfig.toml.
package samconfig

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Stage holds the deployment settings of one stage.
type Stage struct {
	StackName, Region string
	// Parameters are the parameters that the stage sets; the others have the template's defaults.
	Parameters map[string]string
	// Tags are the stack's tags.
	Tags map[string]string
}

// Read returns the stages of the file at path, by name. The error names the stage and the problem.
func Read(path string) (map[string]Stage, error) {
	var file map[string]toml.Primitive
	metadata, err := toml.DecodeFile(path, &file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	delete(file, "version")
	stages := make(map[string]Stage)
	for name, section := range file {
		var commands struct {
			Deploy *struct {
				Parameters struct {
					StackName string   `toml:"stack_name"`
					Region    string   `toml:"region"`
					Tags      string   `toml:"tags"`
					Overrides []string `toml:"parameter_overrides"`
				} `toml:"parameters"`
			} `toml:"deploy"`
		}
		if err := metadata.PrimitiveDecode(section, &commands); err != nil {
			return nil, fmt.Errorf("read %s: %s: %w", path, name, err)
		}
		if commands.Deploy == nil {
			continue
		}
		p := commands.Deploy.Parameters
		stage := Stage{StackName: p.StackName, Region: p.Region}
		if stage.Parameters, err = pairs(p.Overrides); err == nil {
			stage.Tags, err = pairs(strings.Fields(p.Tags))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %s: %w", path, name, err)
		}
		stages[name] = stage
	}
	return stages, nil
}

// ReleaseParameter is the template's parameter that gets a new value in every deployment.
const ReleaseParameter = "Release"

// Deployed returns the stage's parameters for a deployment at the given time.
func (s Stage) Deployed(now time.Time) map[string]string {
	parameters := maps.Clone(s.Parameters)
	parameters[ReleaseParameter] = strconv.FormatInt(now.Unix(), 10)
	return parameters
}

func pairs(texts []string) (map[string]string, error) {
	values := make(map[string]string, len(texts))
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("%q is not name=value", text)
		}
		values[name] = value
	}
	return values, nil
}

// placeholders returns the parts of samconfig.toml's initial values that a team has to replace.
func placeholders() []string {
	return []string{"111111111111", "222222222222", "333333333333", "example.com"}
}

// Placeholders returns a sentence for each parameter that still has an example value.
func (s Stage) Placeholders() (sentences []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		for _, placeholder := range placeholders() {
			if strings.Contains(s.Parameters[name], placeholder) {
				sentences = append(sentences, fmt.Sprintf("%s=%s: put your own in place of %s", name, s.Parameters[name], placeholder))
			}
		}
	}
	return sentences
}
