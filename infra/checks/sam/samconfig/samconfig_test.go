package samconfig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/infra/checks/sam/samconfig"
)

func read(t *testing.T, text string) (map[string]samconfig.Stage, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samconfig.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return samconfig.Read(path)
}

func TestStagesAreThoseThatAreDeployed(t *testing.T) {
	got, err := read(t, `version = 0.1
[default.build.parameters]
parallel = true
[dev.deploy.parameters]
stack_name = "related-ro-dev"
region = "us-east-1"
tags = "application=related-ro stage=dev"
parameter_overrides = ["Stage=dev", "AllowedOrigins=https://a,https://b?x=y"]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]samconfig.Stage{"dev": {
		StackName: "related-ro-dev", Region: "us-east-1", Tags: map[string]string{"application": "related-ro", "stage": "dev"},
		Parameters: map[string]string{"Stage": "dev", "AllowedOrigins": "https://a,https://b?x=y"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
}

func TestErrorsNameTheFault(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no TOML":             {"dev", "samconfig.toml"},
		"no value":            {"[dev.deploy.parameters]\nparameter_overrides = [\"Stage\"]", `dev: "Stage" is not name=value`},
		"overrides as a text": {"[dev.deploy.parameters]\nparameter_overrides = \"Stage=dev\"", "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(t, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestPlaceholdersOfTheProjectAreFound(t *testing.T) {
	stages, err := samconfig.Read("../../../../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 3 {
		t.Errorf("%d stages", len(stages))
	}
	for name, stage := range stages {
		said := strings.Join(stage.Placeholders(), "\n")
		for _, parameter := range []string{"KarmakCredentialsSecretArn=", "ProducerPrincipal=", "JwtIssuer="} {
			if !strings.Contains(said, parameter) {
				t.Errorf("%s: %s is no placeholder in:\n%s", name, parameter, said)
			}
		}
		if strings.Contains(said, "KarmakBaseUrl") {
			t.Errorf("%s: Karmak's own address is a placeholder in:\n%s", name, said)
		}
	}
}
