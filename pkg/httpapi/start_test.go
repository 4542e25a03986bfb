package httpapi_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBinariesRefuseLocalTokensOnAWS starts the functions as AWS does, with LOCAL_JWKS set by
// mistake.
func TestBinariesRefuseLocalTokensOnAWS(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts separate processes")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", dir, "../../functions/read",
		"../../functions/admin")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	environment := []string{
		"LOCAL_JWKS=" + platform.JWKS(), "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "TABLE_NAME=table",
		"KARMAK_BASE_URL=http://127.0.0.1:1", "KARMAK_CLIENT_ID=client", "KARMAK_CLIENT_SECRET=secret",
		"EXPORT_QUEUE_URL=http://127.0.0.1:1/export", "CLOSE_QUEUE_URL=http://127.0.0.1:1/close",
		"EXPORT_DLQ_URL=http://127.0.0.1:1/export-dlq", "CLOSE_DLQ_URL=http://127.0.0.1:1/close-dlq",
	}
	for _, name := range []string{"read", "admin"} {
		for _, samLocal := range []string{"", "AWS_SAM_LOCAL=false", "AWS_SAM_LOCAL=1"} {
			t.Run(name+" "+samLocal, func(t *testing.T) {
				command := exec.CommandContext(t.Context(), filepath.Join(dir, name))
				command.Env = append(os.Environ(), append(environment, samLocal)...)
				out, err := command.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || !strings.Contains(string(out), "LOCAL_JWKS is set without AWS_SAM_LOCAL=true") {
					t.Errorf("unexpected exit %v: %s", err, out)
				}
			})
		}
	}
}
