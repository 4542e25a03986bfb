package deploy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"related-ro/infra/checks/sam/translator"
	"related-ro/infra/checks/tools"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/seed"
	"related-ro/pkg/karmak/karmaktest"
)

// root is the project's directory.
const root = "../../.."

// audience is the aud of the tokens.
const audience = "related-ro"

// The credentials that Karmak accepts, stored in the secret.
const clientID, clientSecret = "deployed-client", "deployed-secret"

// errUnavailable is wrapped by errors about tools that are not available on this machine.
var errUnavailable = errors.New("not available on this machine")

// world is the environment shared by all stacks of a run: an AWS, a token issuer, the case
// platform's role and Karmak's secret.
type world struct {
	engine *engine
	cloud  cloud
	venv   string // contains the translator and cfn-lint
	issuer *httptest.Server
	key    *issuer.Key
	// producer are the case platform's credentials.
	producer aws.Credentials
	// role and secret are the ARNs of the case platform's role and of Karmak's secret.
	role, secret string
	// releases is the number of the last deployment, with ten digits as the template requires.
	releases atomic.Int64
	data     seed.Data
}

// shared is the world of all tests of a run: creating it takes seconds.
var shared *world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("RELATEDRO_DEPLOY") != "1" {
		fmt.Println("skipped: run these tests with make test-deploy")
		return 0
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	scratch, err := os.MkdirTemp("", "related-ro-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	w, err := newWorld(ctx, scratch)
	if errors.Is(err, errUnavailable) && !tools.MustHave() {
		fmt.Println("skipped:", err)
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer w.close()
	shared = w
	return m.Run()
}

func newWorld(ctx context.Context, scratch string) (*world, error) {
	cache, err := filepath.Abs(root + "/.cache")
	if err != nil {
		return nil, err
	}
	w := &world{}
	w.releases.Store(1_000_000_000)
	if w.venv, err = translator.Install(ctx, filepath.Join(cache, "sam")); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if w.engine, err = startEngine(ctx, filepath.Join(cache, "deploy"), scratch); err != nil {
		return nil, err
	}
	w.cloud = cloud{cloudformation.NewFromConfig(w.engine.config(owner())), w.engine}
	if err := w.furnish(ctx, scratch); err != nil {
		return nil, errors.Join(err, w.engine.server.Stop())
	}
	return w, nil
}

// furnish creates everything that a stack requires.
func (w *world) furnish(ctx context.Context, scratch string) (err error) {
	if w.data, err = seed.Read(); err != nil {
		return err
	}
	if err := w.engine.upload(ctx, scratch); err != nil {
		return err
	}
	if w.key, err = issuer.NewKey(); err != nil {
		return err
	}
	w.issuer = httptest.NewUnstartedServer(http.HandlerFunc(w.discover))
	w.issuer.TLS = &tls.Config{Certificates: []tls.Certificate{w.engine.cert}}
	w.issuer.StartTLS()
	outputs, err := w.cloud.apply(ctx, "surroundings", surroundings(), nil)
	if err != nil {
		return err
	}
	w.role, w.secret = outputs["Role"], outputs["Secret"]
	session := "case-platform"
	assumed, err := sts.NewFromConfig(w.engine.config(owner())).AssumeRole(ctx,
		&sts.AssumeRoleInput{RoleArn: &w.role, RoleSessionName: &session})
	if err != nil {
		return fmt.Errorf("assume the case platform's role: %w", err)
	}
	w.producer = aws.Credentials{
		AccessKeyID: *assumed.Credentials.AccessKeyId, SecretAccessKey: *assumed.Credentials.SecretAccessKey,
		SessionToken: *assumed.Credentials.SessionToken,
	}
	return nil
}

// surroundings returns a template of the resources that a team needs before it deploys: the
// producer's role and Karmak's secret.
func surroundings() object {
	trust := object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"AWS": object{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}, "Action": "sts:AssumeRole",
	}}}
	return object{
		"Resources": object{
			"Role": object{"Type": "AWS::IAM::Role", "Properties": object{"AssumeRolePolicyDocument": trust}},
			"Secret": object{"Type": "AWS::SecretsManager::Secret",
				"Properties": object{"SecretString": `{"clientId":"` + clientID + `","clientSecret":"` + clientSecret + `"}`}},
		},
		"Outputs": object{
			"Role":   object{"Value": object{"Fn::GetAtt": []any{"Role", "Arn"}}},
			"Secret": object{"Value": object{"Fn::GetAtt": []any{"Secret", "Id"}}},
		},
	}
}

// discover serves the documents of OpenID Connect Discovery.
func (w *world) discover(response http.ResponseWriter, r *http.Request) {
	response.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(response).Encode(map[string]string{"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + "/keys"})
	case "/keys":
		fmt.Fprint(response, w.key.JWKS())
	default:
		http.NotFound(response, r)
	}
}

// token returns a token from the issuer.
func (w *world) token(role string, locations ...string) (string, error) {
	now := time.Now()
	return w.key.Sign(map[string]any{
		"iss": w.issuer.URL, "aud": audience, "sub": role + "@deployed", "roles": []string{role}, "locations": locations,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
}

// parameters returns the required deployment parameters for a stack that uses the given Karmak.
func (w *world) parameters(karmak *karmaktest.Server) map[string]string {
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	return map[string]string{
		"Release": strconv.FormatInt(w.releases.Add(1), 10), "Architecture": architecture, "KarmakBaseUrl": karmak.URL,
		"KarmakCredentialsSecretArn": w.secret, "ProducerPrincipal": w.role, "JwtIssuer": w.issuer.URL, "JwtAudience": audience,
	}
}

func (w *world) close() {
	w.issuer.Close()
	if err := w.engine.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// pollInterval is the interval between two polls.
const pollInterval = 100 * time.Millisecond

// pause waits for pollInterval; it returns the context's error if ctx ends first.
func pause(ctx context.Context) error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
