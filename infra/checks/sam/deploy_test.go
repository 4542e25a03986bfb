package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// stageFile writes a samconfig.toml with one stage that has these parameters.
func stageFile(t *testing.T, overrides ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samconfig.toml")
	text := "[dev.deploy.parameters]\nstack_name = \"related-ro-dev\"\nregion = \"us-east-1\"\nparameter_overrides = [\n  '" +
		strings.Join(overrides, "',\n  '") + "',\n]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// own returns the parameters of a team that has replaced the placeholders.
func own() []string {
	return []string{
		"Release=given by make deploy", "KarmakCredentialsSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:karmak-AbCdEf",
		"ProducerPrincipal=arn:aws:iam::123456789012:role/platform", "JwtIssuer=https://login.dealer.test/", "JwtAudience=related-ro",
	}
}

func TestDeploymentOfPlaceholdersIsRefusedByName(t *testing.T) {
	for _, stage := range []string{"dev", "staging", "prod"} {
		_, err := planRelease("../../../template.yaml", "../../../samconfig.toml", stage, time.Now())
		for _, want := range []string{"KarmakCredentialsSecretArn=", "ProducerPrincipal=", "JwtIssuer=", "in place of example.com"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want a sentence on %s", stage, err, want)
			}
		}
	}
}

func TestDeploymentIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	for _, tt := range []struct {
		name, stage, want string
		overrides         []string
	}{
		{"no such stage", "test", "must be one of dev", own()},
		{"no stage", "", "must be one of dev", own()},
		{"an unknown parameter", "dev", "parameter JwtIsuer", append(own(), "JwtIsuer=https://x")},
		{"a value that is not allowed", "dev", "parameter KarmakBaseUrl", append(own(), "KarmakBaseUrl=https://karmak/")},
		{"a parameter that is missing", "dev", "parameter JwtAudience", own()[:4]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := planRelease("../../../template.yaml", stageFile(t, tt.overrides...), tt.stage, time.Now()); err == nil ||
				!strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestDeploymentGivesEveryParameterAndItsTime(t *testing.T) {
	d, err := planRelease("../../../template.yaml", stageFile(t, append(own(), `JwtAudience=a "b" \c`)...), "dev", time.Unix(1800000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	got := d.deploy()
	for _, want := range []string{`Release="1800000000"`, `KarmakBaseUrl="https://api.karmak.io"`, `JwtAudience="a \"b\" \\c"`,
		"--config-env"} {
		if !slices.Contains(got, want) {
			t.Errorf("sam %q lacks %s", got, want)
		}
	}
}

// readOverrides prints SAM CLI's interpretation of its arguments as JSON.
const readOverrides = `import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(sys.argv[1:]), None, None)))`

// checkOverrides checks that SAM CLI parses the parameters that `make deploy` passes.
func checkOverrides(ctx context.Context, cli samCommand) error {
	r := release{"dev", map[string]string{"A": "", "B": `with "quotes", \ and blanks`, "C": "*", "D": "https://a,https://b", "E": "a=b"}}
	command := exec.CommandContext(ctx, filepath.Join(cli.venv, "bin", "python"),
		append([]string{"-c", readOverrides}, r.overrides()...)...)
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("read the overrides: %w", err)
	}
	var read map[string]string
	if err := json.Unmarshal(output, &read); err != nil {
		return fmt.Errorf("read the overrides: %w", err)
	}
	if !maps.Equal(read, r.parameters) {
		return fmt.Errorf("SAM CLI reads %q, want %q", read, r.parameters)
	}
	return nil
}
