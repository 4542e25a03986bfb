// Package translator runs AWS's own SAM translator, so that checks see the CloudFormation that AWS
// receives.
package translator

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"related-ro/infra/checks/tools"
)

// The versions of AWS's tools. SAM CLI includes the translator version that it was tested with.
const (
	SAMCLI  = "1.170.0"
	CFNLint = "1.58.0"
)

//go:embed translate.py
var script string

// Install installs SAM CLI and cfn-lint below the cache directory if necessary, and returns the
// directory of the virtual environment.
func Install(ctx context.Context, cache string) (venv string, err error) {
	venv = filepath.Join(cache, "cli-"+SAMCLI)
	return venv, tools.Once(ctx, venv, tools.Python("aws-sam-cli=="+SAMCLI, "cfn-lint=="+CFNLint))
}

// Request is the input of a translation.
type Request struct {
	// Template is the SAM template's path.
	Template string `json:"template"`
	// Parameters override the template's defaults.
	Parameters map[string]string `json:"parameters"`
	// Code is the S3 URI of the functions' code; {} stands for a function's logical ID.
	Code string `json:"code"`
}

// Answer is the result of a translation.
type Answer struct {
	// Parameters are the effective values, including defaults.
	Parameters map[string]string
	// Template is the CloudFormation template. In Resolved, Ref and If of parameters are replaced
	// by their values.
	Template, Resolved json.RawMessage
	Warnings           []string
}

// Run translates with the translator of a virtual environment.
func Run(ctx context.Context, venv string, request Request) (Answer, error) {
	input, err := json.Marshal(request)
	if err != nil {
		return Answer{}, err
	}
	command := exec.CommandContext(ctx, filepath.Join(venv, "bin", "python"), "-c", script)
	command.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(input), &stderr
	output, err := command.Output()
	if err != nil {
		return Answer{}, fmt.Errorf("translate %s: %w %s", request.Template, err, stderr.Bytes())
	}
	var answer Answer
	if err := json.Unmarshal(output, &answer); err != nil {
		return Answer{}, fmt.Errorf("translate %s: %w", request.Template, err)
	}
	return answer, nil
}
