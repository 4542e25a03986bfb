package readme

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/checks/seeded"
	"related-ro/infra/checks/tools"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/stack"
)

const root = "../../.."

// patience limits the run of all commands, which takes a few seconds.
const patience = 2 * time.Minute

// standIns replace commands: make only prints the commands of its targets, aws sends its message
// through this test, and sleep waits until no message is left. curl fails on a status of 400 or
// more, which it would otherwise ignore.
const standIns = `
make() { command make --dry-run "$@" >/dev/null; }
curl() { command curl --fail-with-body "$@"; }
aws() {
  [ "$1 $3 $4 $5 $7" = "--endpoint-url sqs send-message --queue-url --message-body" ]
  curl -sS -H "Queue-Url: $6" --data-binary "$8" "$STAND_IN/send"
}
sleep() { curl -sS "$STAND_IN/empty"; }
`

// All blocks run in one shell, except the one with sam local, which make test-sam runs.
func TestCommandsRunAsWritten(t *testing.T) {
	for _, program := range []string{"bash", "curl", "make"} {
		if _, err := exec.LookPath(program); err != nil {
			if tools.MustHave() {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	page, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	script := standIns
	for _, block := range Blocks(string(page)) {
		if !strings.Contains(block, "sam local ") {
			script += block + "\n"
		}
	}
	s := start(t)
	helper := httptest.NewServer(standIn(s))
	t.Cleanup(helper.Close)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addresses := strings.NewReplacer("http://127.0.0.1:3000", s.APIURL, "http://127.0.0.1:9324", s.SQSURL,
		"http://127.0.0.1:8085", s.KarmakURL)
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", addresses.Replace(script))
	command.Dir, command.Env = root, append(os.Environ(), "STAND_IN="+helper.URL)
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v after printing:\n%s", err, printed)
	}
	for _, number := range []string{"50124", "50125", "50126"} {
		if !strings.Contains(string(printed), `"roNumber":"`+number+`"`) {
			t.Errorf("no answer lists RO %s:\n%s", number, printed)
		}
	}
}

// start starts the local stack with the seed data, and with the key that `local token` finds.
func start(t *testing.T) *stack.Stack {
	t.Helper()
	builds, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(builds)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	path, err := issuer.DefaultPath()
	if err != nil {
		t.Fatal(err)
	}
	key, err := issuer.LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := seeded.Start(t, stack.Options{Root: root, Key: key})
	return s
}

// standIn serves the commands that the shell replaces.
func standIn(s *stack.Stack) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := do(r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	handle("GET /empty", func(r *http.Request) error { return s.Platform().AwaitEmpty(r.Context()) })
	handle("POST /send", func(r *http.Request) error {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		queue, body := r.Header.Get("Queue-Url"), string(text)
		_, err = s.SQSClient().SendMessage(r.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body})
		return err
	})
	return mux
}
